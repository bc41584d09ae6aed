// Server: fenfend put together. Start here to see what there is and in which order it begins and ends.
//
//   begin   keys → journal → engine (fold the journal from the newest snapshot on) → methods (access options) → gRPC → metrics → jobs →
//           ready file
//   end     jobs → health NOT_SERVING → streams drained, calls finished, connections let go → engine → a last snapshot → journal →
//           audit log
//
// One thread makes it, waits and stops it.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/core/clock.h"
#include "server/config/config.h"
#include "server/log/log.h"

namespace fenfen::server {

class Server {
 public:
  // How long calls that are under way may take to finish before they are cancelled.
  static constexpr absl::Duration kDrainMax = absl::Seconds(10);
  // And how long they wait for a journal that does not come: a little less, so that they are told. The journal's own wait for an answer
  // ([postgres] timeout), once for each of its hosts, comes on top.
  static constexpr absl::Duration kGiveUpMax = absl::Seconds(8);

  // Begins to serve. An error says what keeps it from that, and nothing is left running. `log` and `clock` outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Config& config, Log& log, const Clock& clock);
  // Stops, if Stop did not.
  ~Server();

  // Ends in order: no acknowledged change is lost and no accepted call is left without an answer. JOURNAL_FAILED where the journal did.
  absl::Status Stop();

  const std::string& grpc_address() const;     // "127.0.0.1:40123"
  const std::string& metrics_address() const;  // empty where there are none

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace fenfen::server
