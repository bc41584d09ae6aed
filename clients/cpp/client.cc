#include "clients/cpp/client.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/failure.h"
#include "clients/cpp/targets.h"
#include "google/protobuf/message.h"

namespace fenfen::client {

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(ClientOptions options) {
  if (!options.target.empty() && !options.targets.empty()) {
    return absl::InvalidArgumentError("targets：与 target 只能给一个 / give either target or targets, not both");
  }
  const bool one = options.targets.empty();
  if (one) {
    if (absl::Status status = CheckTarget("target", options.target); !status.ok()) return status;
    options.targets = {options.target};
  }
  if (!options.sleep) options.sleep = absl::SleepFor;
  if (!options.random) options.random = SystemRandom;
  absl::StatusOr<std::unique_ptr<Servers>> servers = Servers::Open({.targets = options.targets,
                                                                    .ca_file = options.ca_file,
                                                                    .certificate_file = options.certificate_file,
                                                                    .key_file = options.key_file,
                                                                    .message_bytes_max = options.message_bytes_max,
                                                                    .watch = options.watch});
  if (!servers.ok()) return servers.status();
  return std::unique_ptr<Client>(new Client(std::move(options), *std::move(servers)));
}

void Client::Prepare(grpc::ClientContext* context, const CallOptions& call, bool renew) {
  std::string token = call.token;
  if (token.empty() && options_.token) token = options_.token(renew);
  if (!token.empty()) context->AddMetadata("authorization", absl::StrCat("Bearer ", token));
  for (const auto& [name, value] : call.metadata) context->AddMetadata(name, value);
}

grpc::Status Client::Attempt(absl::FunctionRef<grpc::Status(grpc::ClientContext*)> once, const CallOptions& call, bool* replayed) {
  return Run([&](const std::shared_ptr<grpc::Channel>&, grpc::ClientContext* context) { return once(context); }, {.only_server = 0}, call,
             replayed);
}

Client::Shape Client::ShapeOf(const google::protobuf::Message& request) const {
  Shape shape;
  shape.changes = request.GetDescriptor()->FindFieldByName("request_id") != nullptr;
  if (options_.affinity && servers_->size() > 1) shape.affinity = AffinityOfRequest(request);
  return shape;
}

grpc::Status Client::Run(Once once, const Shape& shape, const CallOptions& call, bool* replayed) {
  const int attempts_max = call.attempts_max > 0 ? call.attempts_max : options_.retry.attempts_max;
  const absl::Duration deadline = call.deadline > absl::ZeroDuration() ? call.deadline : options_.deadline;
  const absl::Time end = absl::Now() + std::max(deadline, options_.call_deadline);
  ServerSet tried = 0;
  bool renew = false, renewed = false, perhaps_done = false;
  for (int attempt = 1;; ++attempt) {
    const size_t server = shape.only_server.has_value() ? *shape.only_server : servers_->Choose(shape.affinity, tried);
    tried |= Only(server);
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(std::min(end, absl::Now() + deadline)));
    Prepare(&context, call, renew);
    const grpc::Status status = once(servers_->channel(server), &context);
    if (status.ok()) {
      if (replayed != nullptr)
        *replayed = context.GetServerInitialMetadata().count("fenfen-replayed") > 0 ||
                    context.GetServerTrailingMetadata().count("fenfen-replayed") > 0;
      return status;
    }
    const Failure failure = JudgeFailure(status, context.peer());
    perhaps_done = perhaps_done || (shape.changes && failure.perhaps_done);
    if (failure.of_server) servers_->Avoid(server);
    if (attempt >= attempts_max) return EndOfCall(status, failure, perhaps_done);
    // A token that ran out on the way is renewed once; a second refusal is about something else.
    renew = failure.error.reason == v1::REASON_TOKEN_EXPIRED && call.token.empty() && options_.token && !renewed;
    renewed = renewed || renew;
    if (renew) continue;
    if (!failure.error.retryable) return status;
    const bool at_once = failure.of_server && !shape.only_server.has_value() && !servers_->AllIn(tried);
    const absl::Duration pause =
        at_once ? absl::ZeroDuration() : RetryDelay(options_.retry, attempt, failure.error.retry_delay, options_.random());
    if (absl::Now() + pause >= end) return EndOfCall(status, failure, perhaps_done);
    if (at_once) continue;
    options_.sleep(pause);
    if (failure.of_server) servers_->Settle(server);
    tried = Only(server);
  }
}

}  // namespace fenfen::client
