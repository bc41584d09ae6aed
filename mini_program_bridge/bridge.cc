#include "mini_program_bridge/bridge.h"

#include <algorithm>
#include <atomic>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fenfen/v1/options.pb.h"
#include "mini_program_bridge/compress.h"
#include "mini_program_bridge/envelope.h"
#include "mini_program_bridge/json_body.h"
#include "mini_program_bridge/qr_image.h"
#include "mini_program_bridge/read_request.h"
#include "mini_program_bridge/transcode.h"

namespace fenfen::bridge {

struct Exchange {
  HttpRequest request;
  HttpReply reply;
  std::string request_id;
  std::string route = "unknown";
  absl::Time started;
  std::string path;
  std::string query;
  // A reply with a token in it is not compressed: its length would tell of what stands beside it.
  bool compress = true;
};

namespace {

constexpr char kSessionService[] = "fenfen.v1.SessionService";
constexpr char kSandboxPeople[] = "/v1/sandbox/people";
constexpr char kSandboxCodes[] = "/v1/sandbox/codes";
constexpr std::size_t kCompressFrom = 1024;
constexpr int kGzipLevel = 5;

// Unique in this process and, by its random half, among all: enough to find a request in the logs.
std::string NewRequestId() {
  static const std::uint64_t process = [] {
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
  }();
  static std::atomic<std::uint64_t> count = 0;
  return absl::StrCat(absl::Hex(process, absl::kZeroPad16), absl::Hex(++count, absl::kZeroPad12));
}

// A client's or proxy's own id is kept where it is harmless in logs and headers.
std::string RequestIdFrom(const std::string& given) {
  const auto harmless = [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_'; };
  return !given.empty() && given.size() <= 64 && std::all_of(given.begin(), given.end(), harmless) ? given : NewRequestId();
}

bool Printable(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Bridge>> Bridge::Create(const Parts& parts, const Options& options) {
  std::unique_ptr<Bridge> bridge(new Bridge(parts, options));
  for (const auto& route : parts.routes->routes()) {
    if (route->method->service()->full_name() == kSessionService && bridge->local_.count(route->rpc) == 0) {
      return absl::InvalidArgumentError(absl::StrCat(route->rpc, " is the bridge's to serve, but it does not"));
    }
  }
  return bridge;
}

Bridge::Bridge(const Parts& parts, const Options& options)
    : parts_(parts), options_(options), limiter_(options.rate_per_second, options.rate_burst), cache_(options.cache_bytes) {
  const std::string prefix = absl::StrCat("/", kSessionService, "/");
  local_[prefix + "CreateSession"] = [this](const ExchangePtr& exchange, const auto& request) { CreateSession(exchange, request); };
  local_[prefix + "CreateQrImage"] = [this](const ExchangePtr& exchange, const auto& request) { CreateQrImage(exchange, request); };
}

void Bridge::Handle(HttpRequest request, HttpReply reply) {
  auto exchange = std::make_shared<Exchange>();
  exchange->request = std::move(request);
  exchange->reply = std::move(reply);
  exchange->request_id = RequestIdFrom(exchange->request.request_id);
  exchange->started = parts_.clock();
  const std::string& target = exchange->request.target;
  const std::size_t question = target.find('?');
  exchange->path = target.substr(0, question);
  if (question != std::string::npos) exchange->query = target.substr(question + 1);
  if (exchange->path.empty() || exchange->path.front() != '/') return Refused(exchange, Refuse(v1::REASON_ROUTE_UNKNOWN));
  if (ServeFixed(exchange)) return;
  // A HEAD is a GET whose body stays behind; http_server.cc sees to that.
  const std::string& method = exchange->request.method;
  const RouteMatch match = parts_.routes->Find(method == "HEAD" ? "GET" : method, exchange->path);
  if (match.route != nullptr) return ServeRoute(exchange, match);
  if (match.allowed.empty()) return ServeFile(exchange);
  if (method == "OPTIONS") return ServeOptions(exchange, match.allowed);
  Refused(exchange, Refuse(v1::REASON_METHOD_NOT_ALLOWED), match.allowed);
}

HttpResponse Bridge::Reject(const Refusal& refusal) {
  const std::string request_id = NewRequestId();
  HttpResponse response = ErrorResponse(refusal, request_id);
  AddCommonHeaders(request_id, &response);
  parts_.metrics->CountRequest("rejected", response.status, response.reason, absl::ZeroDuration());
  parts_.log->Info("request")
      .Text("route", "rejected")
      .Number("status", response.status)
      .Text("reason", response.reason)
      .Text("request_id", request_id);
  return response;
}

// The bridge's own addresses, which are not in proto/ because they say nothing of the ledger.
bool Bridge::ServeFixed(const ExchangePtr& exchange) {
  const std::string& path = exchange->path;
  const bool sandbox = parts_.sandbox != nullptr && (path == kSandboxPeople || path == kSandboxCodes);
  if (path != "/healthz" && path != "/readyz" && !sandbox) return false;
  exchange->route = path;
  const std::string& method = exchange->request.method;
  const bool fits = path == kSandboxCodes ? method == "POST" : method == "GET" || method == "HEAD";
  const std::vector<std::string> allowed = {path == kSandboxCodes ? "POST" : "GET"};
  if (method == "OPTIONS") {
    ServeOptions(exchange, allowed);
  } else if (!fits) {
    Refused(exchange, Refuse(v1::REASON_METHOD_NOT_ALLOWED), allowed);
  } else if (sandbox) {
    ServeSandbox(exchange);
  } else if (path == "/healthz") {
    Finish(exchange, DataResponse(R"({"status":"ok"})", exchange->request_id));
  } else {
    parts_.backend->CheckHealth([this, exchange](bool serving) {
      if (!serving) return Refused(exchange, Refuse(v1::REASON_SERVER_UNREACHABLE));
      Finish(exchange, DataResponse(R"({"status":"ready"})", exchange->request_id));
    });
  }
  return true;
}

void Bridge::ServeFile(const ExchangePtr& exchange) {
  const std::string& method = exchange->request.method;
  const std::optional<std::string> path = PercentDecode(exchange->path, false);
  std::optional<HttpResponse> response;
  if (path.has_value()) response = parts_.files->Serve(*path, exchange->request.accept_encoding, exchange->request.if_none_match);
  if (!response.has_value()) return Refused(exchange, Refuse(v1::REASON_ROUTE_UNKNOWN));
  exchange->route = "static";
  if (method == "OPTIONS") return ServeOptions(exchange, {"GET"});
  if (method != "GET" && method != "HEAD") return Refused(exchange, Refuse(v1::REASON_METHOD_NOT_ALLOWED), {"GET"});
  Finish(exchange, *std::move(response));
}

void Bridge::ServeRoute(const ExchangePtr& exchange, const RouteMatch& match) {
  const Route& route = *match.route;
  exchange->route = route.text;
  const HttpRequest& request = exchange->request;
  if (!route.is_public && request.authorization.empty()) return Refused(exchange, Refuse(v1::REASON_TOKEN_MISSING));
  if (!Printable(request.authorization)) return Refused(exchange, Refuse(v1::REASON_TOKEN_INVALID));
  // What memory can answer costs too little to be counted; Forward counts it where memory cannot.
  if (route.max_age_seconds == 0) {
    if (MaybeRefusal refusal = TakeTurn(*exchange)) return Refused(exchange, *refusal);
  }
  auto read = ReadRequest(*parts_.api, match, exchange->query, request.content_type, request.body);
  if (const Refusal* refusal = std::get_if<Refusal>(&read)) return Refused(exchange, *refusal);
  const google::protobuf::Message& message = *std::get<0>(read);
  if (const auto local = local_.find(route.rpc); local != local_.end()) return local->second(exchange, message);
  Forward(exchange, route, message);
}

void Bridge::ServeOptions(const ExchangePtr& exchange, const std::vector<std::string>& allowed) {
  HttpResponse response;
  response.status = 204;
  response.headers.emplace_back("Allow", absl::StrCat(absl::StrJoin(allowed, ", "), ", OPTIONS"));
  response.body = std::make_shared<const std::string>();
  Finish(exchange, std::move(response));
}

void Bridge::ServeSandbox(const ExchangePtr& exchange) {
  if (MaybeRefusal refusal = TakeTurn(*exchange)) return Refused(exchange, *refusal);
  const auto done = [this, exchange](absl::StatusOr<HttpClient::Reply> reply) {
    boost::json::value json;
    if (reply.ok() && reply->status == 404) return Refused(exchange, Refuse(v1::REASON_PERSON_UNKNOWN));
    if (!reply.ok() || reply->status != 200 || ParseJsonBody(reply->body, &json).has_value()) {
      return Refused(exchange, Refuse(v1::REASON_WECHAT_UNAVAILABLE));
    }
    Finish(exchange, DataResponse(reply->body, exchange->request_id));
  };
  if (exchange->path == kSandboxPeople) return parts_.sandbox->Get("/sandbox/people", done);
  if (!IsJsonContent(exchange->request.content_type)) return Refused(exchange, Refuse(v1::REASON_CONTENT_TYPE));
  boost::json::value json;
  if (MaybeRefusal refusal = ParseJsonBody(exchange->request.body, &json)) return Refused(exchange, *refusal);
  parts_.sandbox->PostJson("/sandbox/codes", exchange->request.body, done);
}

void Bridge::CreateSession(const ExchangePtr& exchange, const google::protobuf::Message& message) {
  v1::CreateSessionRequest request;
  request.ParseFromString(message.SerializeAsString());
  exchange->compress = false;
  parts_.sessions->Create(request, exchange->request_id, [this, exchange](const std::variant<v1::CreateSessionResponse, Refusal>& session) {
    if (const Refusal* refusal = std::get_if<Refusal>(&session)) return Refused(exchange, *refusal);
    std::string data;
    WriteJson(std::get<v1::CreateSessionResponse>(session), &data);
    Finish(exchange, DataResponse(data, exchange->request_id));
  });
}

void Bridge::CreateQrImage(const ExchangePtr& exchange, const google::protobuf::Message& message) {
  const std::variant<Caller, Refusal> verdict = parts_.tokens->Check(exchange->request.authorization, parts_.clock());
  if (const Refusal* refusal = std::get_if<Refusal>(&verdict)) return Refused(exchange, *refusal);
  const auto* method =
      v1::CreateQrImageRequest::descriptor()->file()->FindServiceByName("SessionService")->FindMethodByName("CreateQrImage");
  const auto& grants = method->options().GetExtension(v1::access).grants();
  const v1::Role role = std::get<Caller>(verdict).role;
  if (std::none_of(grants.begin(), grants.end(), [role](const v1::Grant& grant) { return grant.role() == role; })) {
    return Refused(exchange, Refuse(v1::REASON_PERMISSION_DENIED));
  }
  v1::CreateQrImageRequest request;
  request.ParseFromString(message.SerializeAsString());
  absl::StatusOr<std::string> png = QrPng(request.text());
  if (!png.ok()) return Refused(exchange, Refuse(v1::REASON_UNSPECIFIED));
  HttpResponse response;
  response.headers.emplace_back("Content-Type", "image/png");
  response.body = std::make_shared<const std::string>(*std::move(png));
  Finish(exchange, std::move(response));
}

void Bridge::Forward(const ExchangePtr& exchange, const Route& route, const google::protobuf::Message& message) {
  const std::string bytes = message.SerializeAsString();
  std::string cache_key;
  if (route.max_age_seconds > 0) {
    cache_key = absl::StrCat(route.rpc, " ", bytes);
    const std::shared_ptr<const CachedReply> kept = cache_.Find(cache_key, parts_.clock());
    parts_.metrics->CountCache(kept != nullptr);
    if (kept != nullptr) return AnswerCached(exchange, *kept);
    if (MaybeRefusal refusal = TakeTurn(*exchange)) return Refused(exchange, *refusal);
  }
  // A public read is the same for everybody, and is asked for by nobody in particular.
  BackendCall call{route.rpc, bytes, cache_key.empty() ? exchange->request.authorization : "", exchange->request_id};
  if (options_.affinity) call.affinity = client::AffinityOfRequest(message);
  call.changes = message.GetDescriptor()->FindFieldByName("request_id") != nullptr;
  parts_.backend->Call(std::move(call), [this, exchange, &route, cache_key = std::move(cache_key)](const BackendReply& reply) {
    Answer(exchange, route, cache_key, reply);
  });
}

void Bridge::Answer(const ExchangePtr& exchange, const Route& route, const std::string& cache_key, const BackendReply& reply) {
  if (reply.attempts > 1) parts_.metrics->CountMoved(!reply.refusal.has_value());
  if (reply.refusal.has_value()) {
    if (!reply.trouble.empty()) {
      parts_.log->Warn("server").Text("rpc", route.rpc).Text("trouble", reply.trouble).Text("request_id", exchange->request_id);
    }
    return Refused(exchange, *reply.refusal);
  }
  std::unique_ptr<google::protobuf::Message> message = parts_.api->NewMessage(route.method->output_type());
  if (!message->ParseFromString(reply.bytes)) return Refused(exchange, Refuse(v1::REASON_UNSPECIFIED));
  std::string data;
  WriteJson(*message, &data);
  if (cache_key.empty()) {
    HttpResponse response = DataResponse(data, exchange->request_id);
    if (reply.replayed) response.headers.emplace_back("Fenfen-Replayed", "1");
    return Finish(exchange, std::move(response));
  }
  auto kept = std::make_shared<CachedReply>();
  kept->head = EnvelopeHead(data);
  if (kept->head.size() > kCompressFrom) kept->gzip = GzipFirst(kept->head, kGzipLevel);
  kept->expires = parts_.clock() + absl::Seconds(route.max_age_seconds);
  cache_.Put(cache_key, kept);
  AnswerCached(exchange, *kept);
}

void Bridge::AnswerCached(const ExchangePtr& exchange, const CachedReply& reply) {
  HttpResponse response;
  const std::string tail = EnvelopeTail(exchange->request_id);
  const bool gzip = !reply.gzip.bytes.empty() && ParseAcceptEncoding(exchange->request.accept_encoding).gzip;
  const std::int64_t left = absl::ToInt64Seconds(absl::Ceil(reply.expires - parts_.clock(), absl::Seconds(1)));
  response.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  response.headers.emplace_back("Cache-Control", absl::StrCat("public, max-age=", std::max<std::int64_t>(left, 0)));
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = std::make_shared<const std::string>(gzip ? GzipFinish(reply.gzip, tail) : reply.head + tail);
  Finish(exchange, std::move(response));
}

// Counts the request against its caller: the subject of a token of ours, or else the address. A forged token earns no bucket of its own.
MaybeRefusal Bridge::TakeTurn(const Exchange& exchange) {
  const HttpRequest& request = exchange.request;
  std::string caller;
  if (!request.authorization.empty()) {
    const std::variant<Caller, Refusal> verdict = parts_.tokens->Check(request.authorization, exchange.started);
    if (const Caller* known = std::get_if<Caller>(&verdict)) caller = absl::StrCat("subject ", known->subject);
  }
  if (caller.empty()) {
    absl::string_view address = request.peer;
    if (options_.trust_forwarded_for && !request.forwarded_for.empty()) {
      address = request.forwarded_for;
      // The nearest proxy appends; what stands before is the client's own claim.
      if (const std::size_t comma = address.rfind(','); comma != absl::string_view::npos) address.remove_prefix(comma + 1);
      address = absl::StripAsciiWhitespace(address);
    }
    caller = absl::StrCat("address ", address);
  }
  const absl::Duration wait = limiter_.Take(caller, exchange.started);
  if (wait <= absl::ZeroDuration()) return std::nullopt;
  Refusal refusal = Refuse(v1::REASON_RATE_LIMITED);
  refusal.retry_after = wait;
  return refusal;
}

void Bridge::Refused(const ExchangePtr& exchange, const Refusal& refusal, const std::vector<std::string>& allowed) {
  HttpResponse response = ErrorResponse(refusal, exchange->request_id);
  if (!allowed.empty()) response.headers.emplace_back("Allow", absl::StrCat(absl::StrJoin(allowed, ", "), ", OPTIONS"));
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  Finish(exchange, std::move(response));
}

void Bridge::Finish(const ExchangePtr& exchange, HttpResponse response) {
  const bool plain_json = absl::StartsWith(response.Header("Content-Type"), "application/json") &&
                          response.Header("Content-Encoding").empty() && response.Header("ETag").empty() &&
                          response.body->size() > kCompressFrom && exchange->compress;
  if (plain_json && response.Header("Vary").empty()) {
    response.headers.emplace_back("Vary", "Accept-Encoding");
    if (ParseAcceptEncoding(exchange->request.accept_encoding).gzip) {
      response.body = std::make_shared<const std::string>(Gzip(*response.body, kGzipLevel));
      response.headers.emplace_back("Content-Encoding", "gzip");
    }
  }
  AddCommonHeaders(exchange->request_id, &response);
  const absl::Duration took = parts_.clock() - exchange->started;
  parts_.metrics->CountRequest(exchange->route, response.status, response.reason, took);
  Log::Line line = parts_.log->Info("request");
  line.Text("method", Printable(exchange->request.method) ? exchange->request.method.substr(0, 16) : "?").Text("route", exchange->route);
  line.Number("status", response.status).Number("bytes", static_cast<double>(response.body->size()));
  line.Number("ms", absl::ToDoubleMilliseconds(took)).Text("request_id", exchange->request_id);
  if (!response.reason.empty()) line.Text("reason", response.reason);
  const HttpReply reply = std::move(exchange->reply);
  reply(std::move(response));
}

void Bridge::AddCommonHeaders(absl::string_view request_id, HttpResponse* response) const {
  auto& headers = response->headers;
  headers.emplace_back("X-Request-Id", request_id);
  if (response->Header("Cache-Control").empty()) headers.emplace_back("Cache-Control", "no-store");
  if (response->Header("Content-Security-Policy").empty()) {
    headers.emplace_back("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  }
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("X-Frame-Options", "DENY");
  headers.emplace_back("Referrer-Policy", "no-referrer");
  headers.emplace_back("Permissions-Policy", "camera=(self), microphone=(), geolocation=()");
  headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  if (options_.production) headers.emplace_back("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
}

}  // namespace fenfen::bridge
