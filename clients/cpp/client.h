// A connection to fenfend: one channel, a deadline on every attempt, retries where the error table allows them, a token on every call.
//
//   auto client = Client::Connect({.target = "127.0.0.1:7070", .token = MintedTokens(…)});
//   auto reply = (*client)->Call(&v1::HouseholdService::Stub::GetBalance, request);
//   if (!reply.ok()) Show(reply.error().zh);
//
// A retry sends the same message again, request id and all, so the caller sets the id once and the server gives one effect.
// Thread-safe: any number of threads may call at once.
#ifndef FENFEN_CLIENTS_CPP_CLIENT_H_
#define FENFEN_CLIENTS_CPP_CLIENT_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/error.h"
#include "clients/cpp/request_id.h"
#include "clients/cpp/retry.h"
#include "clients/cpp/token.h"

namespace fenfen::client {

// How to connect.
struct ClientOptions {
  std::string target;                           // HOST:PORT
  std::string ca_file;                          // PEM; TLS if set, plaintext otherwise
  std::string certificate_file;                 // PEM, with key_file: the client's own certificate for mutual TLS
  std::string key_file;                         // PEM, only its owner can read it
  TokenSource token;                            // empty for public methods alone
  absl::Duration deadline = absl::Seconds(10);  // of one attempt
  RetryPolicy retry;                            // over all attempts
  int message_bytes_max = 4 << 20;              // of a reply
  std::function<void(absl::Duration)> sleep;    // absl::SleepFor if empty
  Random random;                                // SystemRandom if empty
};

// What one call changes of that.
struct CallOptions {
  absl::Duration deadline;                                    // of one attempt; zero for the client's
  std::string token;                                          // instead of the client's token source
  std::vector<std::pair<std::string, std::string>> metadata;  // lower-case names, for example x-request-id
  int attempts_max = 0;                                       // zero for the policy's
};

// A client of fenfend.
class Client {
 public:
  // Opens the channel; it connects when first used. InvalidArgument for an empty target, and the errors of reading the TLS files.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(ClientOptions options);

  // Calls a unary method.
  template <typename Stub, typename Request, typename Reply>
  Result<Reply> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*), const Request& request,
                     const CallOptions& call = {}) {
    Stub stub(channel_);
    Reply reply;
    bool replayed = false;
    const grpc::Status status = Attempt(
        [&](grpc::ClientContext* context) {
          reply.Clear();
          return (stub.*method)(context, request, &reply);
        },
        call, &replayed);
    if (!status.ok()) return ParseError(status);
    return Result<Reply>(std::move(reply), replayed);
  }

  // Runs `once` as Call does, for methods that are not unary: a fresh context with deadline, token and metadata for each attempt.
  // `replayed` may be null.
  grpc::Status Attempt(absl::FunctionRef<grpc::Status(grpc::ClientContext*)> once, const CallOptions& call, bool* replayed);

  // Sets a context's token and metadata, for a stream whose life the caller manages. `renew` as in TokenSource.
  void Prepare(grpc::ClientContext* context, const CallOptions& call, bool renew = false);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  Client(ClientOptions options, std::shared_ptr<grpc::Channel> channel) : options_(std::move(options)), channel_(std::move(channel)) {}

  const ClientOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace fenfen::client

#endif  // FENFEN_CLIENTS_CPP_CLIENT_H_
