// HTTP as the rest of this folder sees it: values, without Beast. http_server.cc makes requests and writes responses; handlers answer.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_HTTP_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_HTTP_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>
#include "absl/strings/string_view.h"

#include "mini_program_bridge/refusal.h"

namespace fenfen::bridge {

// A request that has arrived whole. Only the headers that somebody reads are kept; absent ones are empty.
struct HttpRequest {
  std::string method;
  // Path and query, percent-encoded, as they came.
  std::string target;
  std::string authorization;
  std::string content_type;
  std::string accept_encoding;
  std::string if_none_match;
  std::string request_id;
  std::string forwarded_for;
  std::string body;
  // The peer's IP address, without the port.
  std::string peer;
};

// A reply. The body may be shared with other replies.
struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<const std::string> body;
  // For logs and metrics alone: the route's template or a fixed word, and the reason's name where refused.
  std::string route;
  std::string reason;

  // The first header of that name, as spelled here; empty if absent.
  absl::string_view Header(absl::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

// Called exactly once, from any thread.
using HttpReply = std::function<void(HttpResponse)>;

// Answers requests. Implementations are thread-safe and never block.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  // `reply` may be called before this returns.
  virtual void Handle(HttpRequest request, HttpReply reply) = 0;

  // The answer to something that never became a request: too large, too slow, not HTTP.
  virtual HttpResponse Reject(const Refusal& refusal) = 0;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_HTTP_H_
