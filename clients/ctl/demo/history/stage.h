// What the history is played on: the real server in this process, over the workspace's stores, with a clock that is moved; and whoever
// calls it, each with a token of their own.
//
//   auto stage = Stage::Open(config_file, keys_folder, begin, seed);
//   (*stage)->MoveTo(noon);
//   auto reply = (*stage)->Change(Staff("S01"), &v1::CorrectionService::Stub::ReverseEntry, request);   // its request id is set
//   (*stage)->Close();
//
// Not thread-safe, but for what Clock() gives.
#ifndef FENFEN_CLIENTS_CTL_DEMO_HISTORY_STAGE_H_
#define FENFEN_CLIENTS_CTL_DEMO_HISTORY_STAGE_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "clients/cpp/key_file.h"
#include "clients/cpp/token.h"
#include "clients/ctl/demo/random.h"
#include "ledger/core/clock.h"

namespace fenfen::server {
class Log;
class Server;
}  // namespace fenfen::server

namespace fenfen::ctl {

// Somebody who calls: who vouches for them, their name, their role.
struct Person {
  std::string issuer, subject, role;
};
Person OperatorPerson();
Person BridgePerson();
Person StaffPerson(const std::string& id);
Person AttendantPerson(const std::string& id);
Person AuditorPerson();
// `member` is `households/{household}/members/{member}`.
Person ResidentPerson(const std::string& member);
// `id` is `merchants/{merchant}/operators/{operator}`.
Person MerchantPerson(const std::string& id);
// A device at the till, which signs for itself with the key given to Stage::AddTill.
Person TillPerson(const std::string& id);

class Stage {
 public:
  // Starts the server of a configuration, on a free port, without timers of its own. `keys` has operator.key.pem and bridge.key.pem.
  static absl::StatusOr<std::unique_ptr<Stage>> Open(const std::string& config, const std::string& log_file, const std::string& keys,
                                                     absl::Time begin, uint64_t seed);
  ~Stage();
  // Stops the server in order.
  absl::Status Close();

  // Moves the clock; never back.
  void MoveTo(absl::Time time);
  void Advance(absl::Duration by) { clock_.Advance(by); }
  absl::Time now() const { return clock_.Now(); }
  // The clock for others, good as long as the stage. Thread-safe.
  client::Clock Clock() const;
  client::RequestIds Ids();
  // A client that always calls as one person, for the tools that take one.
  absl::StatusOr<std::unique_ptr<client::Client>> Connect(const Person& person);
  // The client of the devices, whose calls carry their own tokens.
  client::Client* bare_client() { return client_.get(); }
  // A device at the till by its key.
  void AddTill(const std::string& id, const client::Ed25519Key& key);

  // Calls as a person. An error is FAILED_PRECONDITION with the reason's name and words.
  template <typename Stub, typename Request, typename Reply>
  absl::StatusOr<Reply> Ask(const Person& person, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                            const Request& request) {
    client::Result<Reply> reply =
        client_->Call(method, request, {.deadline = {}, .token = TokenOf(person), .metadata = {}, .attempts_max = 0});
    if (!reply.ok()) return Refused(Request::descriptor()->name(), reply.error());
    return *std::move(reply);
  }
  // The same with a fresh request id.
  template <typename Stub, typename Request, typename Reply>
  absl::StatusOr<Reply> Change(const Person& person, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                               Request request) {
    request.set_request_id(Ids().Next());
    return Ask(person, method, request);
  }
  // Runs the server's jobs once, all of them but those that only count for Redis and those of `left_out`.
  absl::Status RunTimers(const std::vector<std::string>& left_out = {});

 private:
  Stage(absl::Time begin, uint64_t seed);
  std::string TokenOf(const Person& person);
  static absl::Status Refused(absl::string_view request, const client::Error& error);

  ManualClock clock_;
  SeededRandom random_;  // of the request ids alone
  std::unique_ptr<server::Log> log_;
  std::unique_ptr<server::Server> server_;
  std::string address_;
  std::map<std::string, client::TokenSigner> signers_;  // by issuer
  std::unique_ptr<client::Client> client_;
  std::vector<std::string> timers_;
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_HISTORY_STAGE_H_
