#include "clients/cpp/client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace fenfen::client {

namespace {

// Finds a half-open connection within a minute, and comes back soon after a server's restart.
grpc::ChannelArguments ChannelArgs(const ClientOptions& options) {
  grpc::ChannelArguments args;
  args.SetMaxReceiveMessageSize(options.message_bytes_max);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  // gRPC's own retries would hide attempts from our policy.
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // A channel of its own for each client, so that one client's trouble is not another's.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return args;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const ClientOptions& options) {
  if (options.ca_file.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  absl::StatusOr<std::string> ca = ReadKeyFile(options.ca_file, /*secret=*/false);
  if (!ca.ok()) return ca.status();
  ssl.pem_root_certs = *std::move(ca);
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return absl::InvalidArgumentError("a client certificate needs its key, and a key its certificate");
  }
  if (!options.certificate_file.empty()) {
    absl::StatusOr<std::string> chain = ReadKeyFile(options.certificate_file, /*secret=*/false);
    if (!chain.ok()) return chain.status();
    absl::StatusOr<std::string> key = ReadKeyFile(options.key_file, /*secret=*/true);
    if (!key.ok()) return key.status();
    ssl.pem_cert_chain = *std::move(chain);
    ssl.pem_private_key = *std::move(key);
  }
  return grpc::SslCredentials(ssl);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(ClientOptions options) {
  if (options.target.empty()) return absl::InvalidArgumentError("no server address; give HOST:PORT");
  if (!options.sleep) options.sleep = absl::SleepFor;
  if (!options.random) options.random = SystemRandom;
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials = Credentials(options);
  if (!credentials.ok()) return credentials.status();
  std::shared_ptr<grpc::Channel> channel = grpc::CreateCustomChannel(options.target, *credentials, ChannelArgs(options));
  return std::unique_ptr<Client>(new Client(std::move(options), std::move(channel)));
}

void Client::Prepare(grpc::ClientContext* context, const CallOptions& call, bool renew) {
  std::string token = call.token;
  if (token.empty() && options_.token) token = options_.token(renew);
  if (!token.empty()) context->AddMetadata("authorization", absl::StrCat("Bearer ", token));
  for (const auto& [name, value] : call.metadata) context->AddMetadata(name, value);
}

grpc::Status Client::Attempt(absl::FunctionRef<grpc::Status(grpc::ClientContext*)> once, const CallOptions& call, bool* replayed) {
  const int attempts_max = call.attempts_max > 0 ? call.attempts_max : options_.retry.attempts_max;
  const absl::Duration deadline = call.deadline > absl::ZeroDuration() ? call.deadline : options_.deadline;
  bool renew = false, renewed = false;
  for (int attempt = 1;; ++attempt) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + deadline));
    Prepare(&context, call, renew);
    const grpc::Status status = once(&context);
    if (status.ok()) {
      if (replayed != nullptr)
        *replayed = context.GetServerInitialMetadata().count("fenfen-replayed") > 0 ||
                    context.GetServerTrailingMetadata().count("fenfen-replayed") > 0;
      return status;
    }
    if (attempt >= attempts_max) return status;
    const Error error = ParseError(status);
    // A token that ran out on the way is renewed once; a second refusal is about something else.
    renew = error.reason == v1::REASON_TOKEN_EXPIRED && call.token.empty() && options_.token && !renewed;
    renewed = renewed || renew;
    if (renew) continue;
    if (!error.retryable) return status;
    options_.sleep(RetryDelay(options_.retry, attempt, error.retry_delay, options_.random()));
  }
}

}  // namespace fenfen::client
