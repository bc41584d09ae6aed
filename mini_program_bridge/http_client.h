// One request to one other host, over HTTPS or HTTP, with a deadline: how the bridge speaks to WeChat.
//
// HTTPS verifies the certificate's chain and the host's name, TLS 1.2 or newer. A connection serves one request.
// Thread-safe; callbacks come on the io_context's threads.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_HTTP_CLIENT_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_HTTP_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace boost::asio {
class io_context;
}

namespace fenfen::bridge {

// Where to, taken from a URL without a path.
struct HttpOrigin {
  bool tls = false;
  std::string host;
  std::string port;

  // True for 127.0.0.0/8, ::1 and localhost.
  bool IsLoopback() const;
};

// "https://api.weixin.qq.com" or "http://127.0.0.1:8080". Errors: InvalidArgument.
absl::StatusOr<HttpOrigin> ParseOrigin(const std::string& url);

class HttpClient {
 public:
  struct Reply {
    int status = 0;
    // At most 1 MiB. The receiver may wipe it.
    std::string body;
  };
  // Errors: Unavailable where no whole reply came in time; its message holds no part of the request.
  using Done = std::function<void(absl::StatusOr<Reply>)>;

  // `ca_file` empty: the system's authorities. Errors: InvalidArgument if the file cannot be used.
  static absl::StatusOr<std::unique_ptr<HttpClient>> Create(boost::asio::io_context* io, const HttpOrigin& origin,
                                                            const std::string& ca_file, absl::Duration deadline);
  virtual ~HttpClient() = default;

  virtual void Get(const std::string& target, Done done) = 0;
  virtual void PostJson(const std::string& target, const std::string& body, Done done) = 0;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_HTTP_CLIENT_H_
