#include "mini_program_bridge/backend.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <condition_variable>
#include <mutex>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/failure.h"
#include "clients/cpp/health_watch.h"
#include "clients/cpp/servers.h"
#include "mini_program_bridge/envelope.h"

namespace fenfen::bridge {
namespace {

constexpr absl::Duration kHealthDeadline = absl::Seconds(2);

// Everything that must live as long as one attempt.
struct Attempt {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer reply;
};

std::shared_ptr<Attempt> NewAttempt(const std::string& request, absl::Time end) {
  auto attempt = std::make_shared<Attempt>();
  attempt->context.set_deadline(absl::ToChronoTime(end));
  const grpc::Slice slice(request);
  attempt->request = grpc::ByteBuffer(&slice, 1);
  return attempt;
}

// A call on its way from server to server.
struct Journey {
  BackendCall call;
  std::function<void(BackendReply)> done;
  absl::Time end;
  client::ServerSet tried = 0;
  int attempts = 0;
  bool perhaps_done = false;
};

BackendReply ReplyOf(const Attempt& attempt) {
  BackendReply reply;
  reply.bytes = client::BytesOf(attempt.reply);
  const auto& leading = attempt.context.GetServerInitialMetadata();
  const auto& trailing = attempt.context.GetServerTrailingMetadata();
  reply.replayed = leading.count("fenfen-replayed") + trailing.count("fenfen-replayed") > 0;
  return reply;
}

BackendReply RefusalFrom(const grpc::Status& status) {
  BackendReply reply;
  const bool from_server = !status.error_details().empty();
  reply.refusal = RefusalOf(client::ParseError(status), from_server);
  if (!from_server) reply.trouble = absl::StrCat(status.error_code(), " ", status.error_message());
  return reply;
}

}  // namespace

class Backend::Impl {
 public:
  Impl(std::unique_ptr<client::Servers> servers, absl::Duration deadline) : deadline(deadline), servers_(std::move(servers)) {
    for (size_t i = 0; i < servers_->size(); ++i) stubs_.push_back(std::make_unique<grpc::GenericStub>(servers_->channel(i)));
  }

  // Calls still under way are cancelled, and their answers waited for: they reach into what the caller is about to destroy.
  ~Impl() {
    std::unique_lock<std::mutex> lock(mutex_);
    closing_ = true;
    for (Attempt* attempt : under_way_) attempt->context.TryCancel();
    none_left_.wait(lock, [this] { return under_way_.empty(); });
  }

  // One attempt at one server; false, and `done` never called, where the bridge is ending.
  bool Start(size_t server, const std::string& rpc, std::shared_ptr<Attempt> attempt,
             std::function<void(const Attempt&, const grpc::Status&)> done) {
    Attempt* const started = attempt.get();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (closing_) return false;
      under_way_.insert(started);
    }
    stubs_[server]->UnaryCall(&started->context, rpc, grpc::StubOptions(), &started->request, &started->reply,
                              [this, attempt = std::move(attempt), done = std::move(done)](const grpc::Status& status) {
                                done(*attempt, status);
                                // The lock is held while telling, since the one who waits destroys both.
                                std::lock_guard<std::mutex> lock(mutex_);
                                under_way_.erase(attempt.get());
                                none_left_.notify_all();
                              });
    return true;
  }

  // Goes on to the next server. `last` is how the attempt before ended.
  void Go(const std::shared_ptr<Journey>& journey, const grpc::Status& last) {
    const size_t server = servers_->Choose(journey->call.affinity, journey->tried);
    journey->tried |= client::Only(server);
    ++journey->attempts;
    std::shared_ptr<Attempt> attempt = NewAttempt(journey->call.request, journey->end);
    if (!journey->call.authorization.empty()) attempt->context.AddMetadata("authorization", journey->call.authorization);
    attempt->context.AddMetadata("x-request-id", journey->call.request_id);
    const bool started =
        Start(server, journey->call.rpc, std::move(attempt), [this, journey, server](const Attempt& attempt, const grpc::Status& status) {
          status.ok() ? Finish(*journey, ReplyOf(attempt)) : TakeFailure(journey, server, attempt, status);
        });
    if (!started) Finish(*journey, RefusalFrom(last));
  }

  client::Servers& servers() { return *servers_; }

  const absl::Duration deadline;

 private:
  void TakeFailure(const std::shared_ptr<Journey>& journey, size_t server, const Attempt& attempt, const grpc::Status& status) {
    const client::Failure failure = client::JudgeFailure(status, attempt.context.peer());
    journey->perhaps_done = journey->perhaps_done || (journey->call.changes && failure.perhaps_done);
    if (failure.of_server) servers_->Avoid(server);
    const grpc::Status end = client::EndOfCall(status, failure, journey->perhaps_done);
    if (failure.of_server && !servers_->AllIn(journey->tried) && absl::Now() < journey->end) return Go(journey, end);
    Finish(*journey, RefusalFrom(end));
  }

  static void Finish(const Journey& journey, BackendReply reply) {
    reply.attempts = journey.attempts;
    journey.done(std::move(reply));
  }

  const std::unique_ptr<client::Servers> servers_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::mutex mutex_;
  std::condition_variable none_left_;
  bool closing_ = false;                    // guarded by mutex_
  std::unordered_set<Attempt*> under_way_;  // guarded by mutex_
};

Backend::Backend(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Backend::~Backend() = default;

absl::StatusOr<std::unique_ptr<Backend>> Backend::Create(const Options& options) {
  client::ServersOptions to;
  to.targets = options.targets;
  to.ca_file = options.server_ca;
  absl::StatusOr<std::unique_ptr<client::Servers>> servers = client::Servers::Open(to, options.targets_field);
  if (!servers.ok()) {
    const bool authority = !options.server_ca.empty() && servers.status().code() != absl::StatusCode::kInvalidArgument;
    return absl::InvalidArgumentError(absl::StrCat(authority ? "server_ca: " : "", servers.status().message()));
  }
  return std::unique_ptr<Backend>(new Backend(std::make_unique<Impl>(*std::move(servers), options.deadline)));
}

void Backend::Call(BackendCall call, std::function<void(BackendReply)> done) {
  auto journey = std::make_shared<Journey>();
  journey->call = std::move(call);
  journey->done = std::move(done);
  journey->end = absl::Now() + impl_->deadline;
  impl_->Go(journey, grpc::Status(grpc::StatusCode::UNAVAILABLE, "the bridge is ending"));
}

void Backend::CheckHealth(std::function<void(bool)> done) {
  if (impl_->servers().size() > 1) return done(impl_->servers().IsReachable());
  const bool started = impl_->Start(0, "/grpc.health.v1.Health/Check", NewAttempt("", absl::Now() + kHealthDeadline),
                                    [done](const Attempt& attempt, const grpc::Status& status) {
                                      done(status.ok() && client::SaysServing(client::BytesOf(attempt.reply)));
                                    });
  if (!started) done(false);
}

}  // namespace fenfen::bridge
