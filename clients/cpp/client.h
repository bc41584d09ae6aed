// A connection to one fenfend or several: a deadline on every attempt, retries where the error table allows them, a token on every call.
//
//   auto client = Client::Connect({.targets = {"10.0.0.1:7070", "10.0.0.2:7070"}, .token = MintedTokens(…)});
//   auto reply = (*client)->Call(&v1::HouseholdService::Stub::GetBalance, request);
//   if (!reply.ok()) Show(reply.error().zh);
//
// A retry sends the same message again, request id and all, so the caller sets the id once and the server gives one effect. That also makes
// it safe to send it to another server: an attempt that finds its server gone, ending or silent is repeated on the next one at once, and
// when all have been tried, or where a server asks for time, after a pause. A change whose outcome is still open at the end of the call is
// OUTCOME_UNKNOWN: the same request again, later, tells.
// Thread-safe: any number of threads may call at once.
#ifndef FENFEN_CLIENTS_CPP_CLIENT_H_
#define FENFEN_CLIENTS_CPP_CLIENT_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/error.h"
#include "clients/cpp/pick.h"
#include "clients/cpp/request_id.h"
#include "clients/cpp/retry.h"
#include "clients/cpp/servers.h"
#include "clients/cpp/token.h"

namespace fenfen::client {

// How to connect.
struct ClientOptions {
  std::string target;                                // HOST:PORT, where there is one server
  std::vector<std::string> targets;                  // or several, over one store
  bool affinity = true;                              // calls for one household prefer one server; see pick.h
  bool watch = false;                                // keep a single server connected and its health known too; for programs that run on
  std::string ca_file;                               // PEM; TLS if set, plaintext otherwise
  std::string certificate_file;                      // PEM, with key_file: the client's own certificate for mutual TLS
  std::string key_file;                              // PEM, only its owner can read it
  TokenSource token;                                 // empty for public methods alone
  absl::Duration deadline = absl::Seconds(10);       // of one attempt
  absl::Duration call_deadline = absl::Seconds(30);  // of all attempts and pauses of a call together; never less than one attempt's
  RetryPolicy retry;                                 // over all attempts
  int message_bytes_max = 4 << 20;                   // of a reply
  std::function<void(absl::Duration)> sleep;         // absl::SleepFor if empty
  Random random;                                     // SystemRandom if empty
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
  // Opens the channels; they connect when first used, or at once where there are several. InvalidArgument, naming the field, for `target`
  // and `targets` both or neither given, or an address that is none or named twice; and the errors of reading the TLS files.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(ClientOptions options);

  // Calls a unary method.
  template <typename Stub, typename Request, typename Reply>
  Result<Reply> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*), const Request& request,
                     const CallOptions& call = {}) {
    Reply reply;
    bool replayed = false;
    const grpc::Status status = Run(
        [&](const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context) {
          Stub stub(channel);
          reply.Clear();
          return (stub.*method)(context, request, &reply);
        },
        ShapeOf(request), call, &replayed);
    if (!status.ok()) return ParseError(status);
    return Result<Reply>(std::move(reply), replayed);
  }

  // Runs `once` as Call does, for methods that are not unary: a fresh context with deadline, token and metadata for each attempt. All go to
  // channel(), the first server. `replayed` may be null.
  grpc::Status Attempt(absl::FunctionRef<grpc::Status(grpc::ClientContext*)> once, const CallOptions& call, bool* replayed);

  // Sets a context's token and metadata, for a stream whose life the caller manages. `renew` as in TokenSource.
  void Prepare(grpc::ClientContext* context, const CallOptions& call, bool renew = false);

  // The first server's.
  const std::shared_ptr<grpc::Channel>& channel() const { return servers_->channel(0); }
  // All of them, for a stream whose life the caller manages.
  Servers& servers() { return *servers_; }

 private:
  // What matters of a request for where and how often it is sent.
  struct Shape {
    AffinityKey affinity = std::nullopt;
    bool changes = true;                               // it changes something, so that its outcome matters
    std::optional<size_t> only_server = std::nullopt;  // it is bound to one server
  };
  using Once = absl::FunctionRef<grpc::Status(const std::shared_ptr<grpc::Channel>&, grpc::ClientContext*)>;

  Client(ClientOptions options, std::unique_ptr<Servers> servers) : options_(std::move(options)), servers_(std::move(servers)) {}
  Shape ShapeOf(const google::protobuf::Message& request) const;
  grpc::Status Run(Once once, const Shape& shape, const CallOptions& call, bool* replayed);

  const ClientOptions options_;
  const std::unique_ptr<Servers> servers_;
};

}  // namespace fenfen::client

#endif  // FENFEN_CLIENTS_CPP_CLIENT_H_
