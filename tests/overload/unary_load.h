// UnaryLoad: RecordDrop over several connections, first in a closed loop, to learn what the server can do, then in an open one, which
// offers a rate whatever the server says. Each call has a request id of its own, and what became of it is remembered.
//
// A call is offered to the connection whose turn it is. Where the server lets none of the connections begin another call
// (SETTINGS_MAX_CONCURRENT_STREAMS, or its sockets are full), the call is held back: it is over at once, as at a bridge that has no place
// for another request; nothing of it ever left.
//
// Not thread-safe; one thread drives all connections.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/core/request_key.h"
#include "tests/overload/fenfend.h"
#include "tests/overload/grpc_connection.h"

namespace fenfen::overload {

// What the client knows of a call.
enum class Fate : uint8_t {
  kUnanswered,  // sent, and nobody said what became of it
  kAccepted,
  kRefused,
};
struct Sent {
  RequestKey key;
  uint32_t household = 0;
  uint32_t entry = 0;  // the sequence number that the reply named
  int32_t reward = 0;  // hundredths, likewise
  double begin = 0;    // seconds, monotonic
  Fate fate = Fate::kUnanswered;
};

// What a run gave.
struct LoadResult {
  double seconds = 0;
  uint64_t offered = 0;
  uint64_t held_back = 0;                   // never sent
  uint64_t accepted = 0;                    // within the run's time
  uint64_t refused = 0;                     // all of it
  uint64_t refused_untold = 0;              // without a time to retry
  uint64_t unanswered = 0;                  // past their deadline, or the connection broke
  std::vector<double> latencies;            // of the accepted, in seconds
  std::map<std::string, uint64_t> reasons;  // of the refused
  double accepted_per_second() const { return static_cast<double>(accepted) / seconds; }
};

class UnaryLoad {
 public:
  // As a client of the project has them: clients/cpp/client.h and the bridge.
  static constexpr absl::Duration kDeadline = absl::Seconds(10);

  static absl::StatusOr<std::unique_ptr<UnaryLoad>> Connect(const Fenfend& server, size_t connections, uint32_t households);

  // Keeps so many calls in flight. UNAVAILABLE where a connection is lost.
  absl::StatusOr<LoadResult> Closed(size_t in_flight, absl::Duration time);
  // Offers calls at even distances. `meanwhile` is called some times a second.
  absl::StatusOr<LoadResult> Open(double per_second, absl::Duration time, const std::function<void()>& meanwhile);

  // Sends what was refused or not answered again, under the same request ids, as clients do: so many of them. UNAVAILABLE where one of
  // them is not accepted.
  absl::Status AskAgain(size_t most);

  // Everything ever sent.
  const std::vector<Sent>& sent() const { return sent_; }

 private:
  explicit UnaryLoad(uint32_t households) : households_(households), random_(std::random_device()()) {}
  bool SendOne();
  bool Send(uint64_t call);
  void Take(const Answer& answer);
  void TakeRefusal(const Answer& answer);
  void GiveUpLate();
  absl::Status MoveAll(int wait_ms);
  absl::Status Drain();
  void BeginRun(absl::Duration time);

  const uint32_t households_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<GrpcConnection>> connections_;
  std::vector<Sent> sent_;
  std::deque<uint64_t> waiting_;  // calls in the order of their deadlines; answered ones too
  size_t in_flight_ = 0;
  size_t turn_ = 0;
  double begin_ = 0;
  double end_ = 0;
  LoadResult result_;
};

}  // namespace fenfen::overload
