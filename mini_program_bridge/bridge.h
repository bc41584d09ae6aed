// What happens to a request, top to bottom: address → who is calling → how often → its fields → the server, or the bridge itself → reply.
//
// Check order, and so which reason wins: ROUTE_UNKNOWN, METHOD_NOT_ALLOWED, TOKEN_MISSING, RATE_LIMITED, CONTENT_TYPE, BODY_NOT_JSON,
// the fields' own, then whatever the server says. Whether a token is good and what it allows is the server's to say.
// Thread-safe; never blocks.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_BRIDGE_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_BRIDGE_H_

#include <google/protobuf/message.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "clients/cpp/request_id.h"
#include "mini_program_bridge/api_descriptors.h"
#include "mini_program_bridge/backend.h"
#include "mini_program_bridge/http.h"
#include "mini_program_bridge/http_client.h"
#include "mini_program_bridge/log.h"
#include "mini_program_bridge/metrics.h"
#include "mini_program_bridge/rate_limiter.h"
#include "mini_program_bridge/response_cache.h"
#include "mini_program_bridge/route.h"
#include "mini_program_bridge/sessions.h"
#include "mini_program_bridge/static_files.h"
#include "mini_program_bridge/token_check.h"

namespace fenfen::bridge {

// A request in progress; defined in bridge.cc.
struct Exchange;

class Bridge : public HttpHandler {
 public:
  struct Options {
    bool production = false;
    double rate_per_second = 50;
    double rate_burst = 100;
    bool trust_forwarded_for = false;
    std::size_t cache_bytes = 16 << 20;
    // Calls for one household prefer one server.
    bool affinity = true;
  };
  // What it is made of; all outlive it. `sandbox` is null outside demonstrations and tests.
  struct Parts {
    const ApiDescriptors* api;
    const RouteTable* routes;
    const StaticFiles* files;
    Backend* backend;
    Sessions* sessions;
    TokenCheck* tokens;
    HttpClient* sandbox;
    Log* log;
    Metrics* metrics;
    client::Clock clock;
  };

  // Errors: InvalidArgument if SessionService has a route that nothing here serves.
  static absl::StatusOr<std::unique_ptr<Bridge>> Create(const Parts& parts, const Options& options);

  void Handle(HttpRequest request, HttpReply reply) override;
  HttpResponse Reject(const Refusal& refusal) override;

 private:
  using ExchangePtr = std::shared_ptr<Exchange>;
  using Local = std::function<void(const ExchangePtr&, const google::protobuf::Message&)>;

  Bridge(const Parts& parts, const Options& options);

  bool ServeFixed(const ExchangePtr& exchange);
  void ServeFile(const ExchangePtr& exchange);
  void ServeRoute(const ExchangePtr& exchange, const RouteMatch& match);
  void ServeOptions(const ExchangePtr& exchange, const std::vector<std::string>& allowed);
  void ServeSandbox(const ExchangePtr& exchange);
  void CreateSession(const ExchangePtr& exchange, const google::protobuf::Message& request);
  void CreateQrImage(const ExchangePtr& exchange, const google::protobuf::Message& request);
  void Forward(const ExchangePtr& exchange, const Route& route, const google::protobuf::Message& request);
  void Answer(const ExchangePtr& exchange, const Route& route, const std::string& cache_key, const BackendReply& reply);
  void AnswerCached(const ExchangePtr& exchange, const CachedReply& reply);

  MaybeRefusal TakeTurn(const Exchange& exchange);
  void Refused(const ExchangePtr& exchange, const Refusal& refusal, const std::vector<std::string>& allowed = {});
  void Finish(const ExchangePtr& exchange, HttpResponse response);
  void AddCommonHeaders(absl::string_view request_id, HttpResponse* response) const;

  const Parts parts_;
  const Options options_;
  std::map<std::string, Local> local_;  // by the RPC's name; filled by the constructor
  RateLimiter limiter_;
  ResponseCache cache_;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_BRIDGE_H_
