#include "clients/ctl/demo/history/stage.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "fenfen/v1/timer.grpc.pb.h"
#include "server/config/config.h"
#include "server/log/log.h"
#include "server/server.h"

namespace fenfen::ctl {

namespace {

constexpr absl::Duration kTokenLife = absl::Minutes(10);
// Keeps what programs read of the boards in Redis; the servers that follow catch up by themselves.
constexpr char kCountTimer[] = "timers/count";

}  // namespace

Person OperatorPerson() { return {"operator", "operators/demo", "OPERATOR"}; }
Person BridgePerson() { return {"bridge", "bridges/demo", "BRIDGE"}; }
Person StaffPerson(const std::string& id) { return {"bridge", absl::StrCat("staff/", id), "STAFF"}; }
Person AttendantPerson(const std::string& id) { return {"bridge", absl::StrCat("staff/", id), "ATTENDANT"}; }
Person AuditorPerson() { return {"bridge", "staff/U01", "AUDITOR"}; }
Person ResidentPerson(const std::string& member) { return {"bridge", member, "RESIDENT"}; }
Person MerchantPerson(const std::string& id) { return {"bridge", id, "MERCHANT"}; }
Person TillPerson(const std::string& id) { return {id, id, "MERCHANT"}; }

absl::StatusOr<std::unique_ptr<Stage>> Stage::Open(const std::string& config_file, const std::string& log_file, const std::string& keys,
                                                   absl::Time begin, uint64_t seed) {
  std::unique_ptr<Stage> stage(new Stage(begin, seed));
  absl::StatusOr<server::Config> config = server::LoadConfig(config_file);
  if (!config.ok()) return config.status();
  config->listen = "127.0.0.1:0";
  config->metrics_listen.clear();
  config->ready_file.clear();
  config->timers.enabled = false;
  config->log = {.level = "warn", .file = log_file};
  absl::StatusOr<std::unique_ptr<server::Log>> log = server::Log::Open(config->log);
  if (!log.ok()) return log.status();
  stage->log_ = *std::move(log);
  absl::StatusOr<std::unique_ptr<server::Server>> server = server::Server::Start(*config, *stage->log_, stage->clock_);
  if (!server.ok()) return server.status();
  stage->server_ = *std::move(server);
  stage->address_ = stage->server_->grpc_address();
  for (const char* issuer : {"operator", "bridge"}) {
    absl::StatusOr<client::TokenSigner> signer = client::TokenSigner::FromPemFile(absl::StrCat(keys, "/", issuer, ".key.pem"), issuer);
    if (!signer.ok()) return signer.status();
    stage->signers_.emplace(issuer, *std::move(signer));
  }
  client::ClientOptions options;
  options.targets = {stage->address_};
  absl::StatusOr<std::unique_ptr<client::Client>> client = client::Client::Connect(std::move(options));
  if (!client.ok()) return client.status();
  stage->client_ = *std::move(client);
  const auto timers = stage->Ask(OperatorPerson(), &v1::TimerService::Stub::ListTimers, v1::ListTimersRequest());
  if (!timers.ok()) return timers.status();
  for (const v1::Timer& timer : timers->timers()) {
    if (timer.name() != kCountTimer) stage->timers_.push_back(timer.name());
  }
  return stage;
}

// Here, where the server's type is known.
Stage::Stage(absl::Time begin, uint64_t seed) : clock_(begin), random_(seed) {}

Stage::~Stage() { Close().IgnoreError(); }

absl::Status Stage::Close() {
  if (server_ == nullptr) return absl::OkStatus();
  client_.reset();
  absl::Status stopped = server_->Stop();
  server_.reset();
  return stopped;
}

void Stage::MoveTo(absl::Time time) {
  if (time > clock_.Now()) clock_.Set(time);
}

client::Clock Stage::Clock() const {
  return [this] { return clock_.Now(); };
}

client::RequestIds Stage::Ids() {
  return client::RequestIds(Clock(), [this] { return static_cast<uint64_t>(random_.Below(int64_t{1} << 53)) * 0x9e3779b97f4a7c15; });
}

absl::StatusOr<std::unique_ptr<client::Client>> Stage::Connect(const Person& person) {
  client::ClientOptions options;
  options.targets = {address_};
  options.token = client::MintedTokens(signers_.at(person.issuer), person.subject, person.role, kTokenLife, Clock());
  // An import of all households is one call.
  options.deadline = options.call_deadline = absl::Minutes(5);
  return client::Client::Connect(std::move(options));
}

void Stage::AddTill(const std::string& id, const client::Ed25519Key& key) {
  absl::StatusOr<client::TokenSigner> signer = client::TokenSigner::FromKey(key, id);
  if (signer.ok()) signers_.emplace(id, *std::move(signer));
}

std::string Stage::TokenOf(const Person& person) {
  const auto signer = signers_.find(person.issuer);
  return signer == signers_.end() ? "" : signer->second.Mint(person.subject, person.role, now(), kTokenLife);
}

absl::Status Stage::Refused(absl::string_view request, const client::Error& error) {
  return absl::FailedPreconditionError(absl::StrCat(request, ": ", error.ToString()));
}

absl::Status Stage::RunTimers(const std::vector<std::string>& left_out) {
  for (const std::string& name : timers_) {
    if (std::find(left_out.begin(), left_out.end(), name) != left_out.end()) continue;
    v1::RunTimerRequest request;
    request.set_name(name);
    const auto run = Ask(OperatorPerson(), &v1::TimerService::Stub::RunTimer, request);
    if (!run.ok()) return run.status();
  }
  return absl::OkStatus();
}

}  // namespace fenfen::ctl
