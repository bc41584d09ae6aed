// The way to the servers: any unary RPC as bytes, by name, without its stub.
//
// Every call has a deadline and never blocks a thread; the answer comes on one of gRPC's threads. Over several servers it is balanced, and
// repeated, as the same bytes and so with the same request id, where a server is gone, ending or cannot write: once on each at most and
// within the deadline (clients/cpp/failure.h says when). A refusal that asks for time is the caller's to wait for and goes back at once.
// Thread-safe.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_BACKEND_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_BACKEND_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/pick.h"
#include "mini_program_bridge/refusal.h"

namespace fenfen::bridge {

// What came back.
struct BackendReply {
  MaybeRefusal refusal;
  // For the log, where the refusal is gRPC's and not the server's own: what gRPC says.
  std::string trouble;
  // The serialised reply where there is no refusal.
  std::string bytes;
  // The server answered from memory: the request id was used before, for the same.
  bool replayed = false;
  // Servers that the call went to.
  int attempts = 1;
};

// What to call, and with what.
struct BackendCall {
  // "/fenfen.v1.DropService/RecordDrop".
  std::string rpc;
  // The serialised request.
  std::string request;
  // The whole header; empty for none.
  std::string authorization;
  std::string request_id;
  // Calls for one household prefer one server.
  client::AffinityKey affinity = std::nullopt;
  // It changes something: where no server says how it ended, the outcome is unknown.
  bool changes = false;
};

class Backend {
 public:
  struct Options {
    // HOST:PORT of each server; they share one store.
    std::vector<std::string> targets;
    // What the configuration calls them, for its errors.
    std::string targets_field = "targets";
    // PEM file of the authority that signed the server's certificate; empty: plaintext.
    std::string server_ca;
    // For a call, from start to answer.
    absl::Duration deadline = absl::Seconds(10);
  };

  // Errors: InvalidArgument if `targets` are none or `server_ca` cannot be read.
  static absl::StatusOr<std::unique_ptr<Backend>> Create(const Options& options);
  ~Backend();

  void Call(BackendCall call, std::function<void(BackendReply)> done);

  // Whether a server serves: with several, as their health is known; with one, its health service (grpc.health.v1) is asked, within two
  // seconds.
  void CheckHealth(std::function<void(bool serving)> done);

 private:
  class Impl;
  explicit Backend(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_BACKEND_H_
