#include "mini_program_bridge/http_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fenfen::bridge {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using Error = boost::system::error_code;

constexpr std::size_t kReplyBytesMax = 1 << 20;

// One exchange, from looking up the host to the reply. Keeps itself alive through its callbacks.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(asio::io_context* io, asio::ssl::context* tls, const HttpOrigin& origin, absl::Duration deadline,
           http::request<http::string_body> request, HttpClient::Done done)
      : origin_(origin), resolver_(asio::make_strand(*io)), request_(std::move(request)), done_(std::move(done)), deadline_(deadline) {
    if (tls != nullptr) {
      secure_.emplace(resolver_.get_executor(), *tls);
    } else {
      plain_.emplace(resolver_.get_executor());
    }
  }

  void Start() {
    Tcp().expires_after(absl::ToChronoNanoseconds(deadline_));
    resolver_.async_resolve(origin_.host, origin_.port, [self = shared_from_this()](Error error, const tcp::resolver::results_type& found) {
      if (error) return self->Fail("resolve", error);
      self->Tcp().async_connect(found, [self](Error error, const tcp::endpoint&) {
        if (error) return self->Fail("connect", error);
        self->secure_.has_value() ? self->Handshake() : self->Send(*self->plain_);
      });
    });
  }

 private:
  beast::tcp_stream& Tcp() { return secure_.has_value() ? secure_->next_layer() : *plain_; }

  void Handshake() {
    // The name goes along for hosts that serve several (SNI), and is what the certificate must be for.
    if (SSL_set_tlsext_host_name(secure_->native_handle(), origin_.host.c_str()) != 1) {
      return Fail("server name", asio::error::make_error_code(asio::error::invalid_argument));
    }
    secure_->set_verify_callback(asio::ssl::host_name_verification(origin_.host));
    secure_->async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](Error error) {
      if (error) return self->Fail("handshake", error);
      self->Send(*self->secure_);
    });
  }

  template <typename Stream>
  void Send(Stream& stream) {
    http::async_write(stream, request_, [self = shared_from_this(), &stream](Error error, std::size_t) {
      if (error) return self->Fail("send", error);
      self->parser_.body_limit(kReplyBytesMax);
      http::async_read(stream, self->buffer_, self->parser_, [self](Error error, std::size_t) {
        if (error) return self->Fail("receive", error);
        self->Succeed();
      });
    });
  }

  void Succeed() {
    Error ignored;
    Tcp().socket().close(ignored);
    HttpClient::Reply reply{static_cast<int>(parser_.get().result_int()), std::move(parser_.get().body())};
    // What passed through the buffer may be secret.
    OPENSSL_cleanse(buffer_.data().data(), buffer_.data().size());
    done_(std::move(reply));
  }

  void Fail(const char* step, Error error) {
    Error ignored;
    Tcp().socket().close(ignored);
    done_(absl::UnavailableError(absl::StrCat(origin_.host, ": ", step, ": ", error.message())));
  }

  const HttpOrigin origin_;
  tcp::resolver resolver_;
  std::optional<beast::tcp_stream> plain_;
  std::optional<beast::ssl_stream<beast::tcp_stream>> secure_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> parser_;
  beast::flat_buffer buffer_;
  HttpClient::Done done_;
  const absl::Duration deadline_;
};

class Client : public HttpClient {
 public:
  Client(asio::io_context* io, const HttpOrigin& origin, std::unique_ptr<asio::ssl::context> tls, absl::Duration deadline)
      : io_(io), origin_(origin), tls_(std::move(tls)), deadline_(deadline) {}

  void Get(const std::string& target, Done done) override { Run(http::verb::get, target, "", std::move(done)); }
  void PostJson(const std::string& target, const std::string& body, Done done) override {
    Run(http::verb::post, target, body, std::move(done));
  }

 private:
  void Run(http::verb verb, const std::string& target, const std::string& body, Done done) {
    http::request<http::string_body> request(verb, target, 11);
    request.set(http::field::host,
                origin_.port == (origin_.tls ? "443" : "80") ? origin_.host : absl::StrCat(origin_.host, ":", origin_.port));
    request.set(http::field::accept, "application/json");
    request.set(http::field::connection, "close");
    if (verb == http::verb::post) {
      request.set(http::field::content_type, "application/json");
      request.body() = body;
      request.prepare_payload();
    }
    std::make_shared<Exchange>(io_, tls_.get(), origin_, deadline_, std::move(request), std::move(done))->Start();
  }

  asio::io_context* const io_;
  const HttpOrigin origin_;
  const std::unique_ptr<asio::ssl::context> tls_;  // null: plain HTTP
  const absl::Duration deadline_;
};

}  // namespace

bool HttpOrigin::IsLoopback() const {
  Error error;
  const asio::ip::address ip = asio::ip::make_address(host, error);
  return error ? absl::EqualsIgnoreCase(host, "localhost") : ip.is_loopback();
}

absl::StatusOr<HttpOrigin> ParseOrigin(const std::string& url) {
  HttpOrigin origin;
  absl::string_view rest = url;
  if (absl::StartsWith(rest, "https://")) {
    origin.tls = true;
    rest.remove_prefix(8);
  } else if (absl::StartsWith(rest, "http://")) {
    rest.remove_prefix(7);
  } else {
    return absl::InvalidArgumentError(absl::StrCat("\"", url, "\" starts with neither https:// nor http://"));
  }
  const std::size_t colon = rest.rfind(':');
  origin.host = std::string(rest.substr(0, colon));
  origin.port = colon == absl::string_view::npos ? (origin.tls ? "443" : "80") : std::string(rest.substr(colon + 1));
  const auto plain = [](const std::string& text) {
    return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == std::string::npos;
  };
  if (!plain(origin.host) || origin.port.empty() || origin.port.find_first_not_of("0123456789") != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("\"", url, "\" is not scheme://host or scheme://host:port"));
  }
  return origin;
}

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Create(asio::io_context* io, const HttpOrigin& origin, const std::string& ca_file,
                                                               absl::Duration deadline) {
  std::unique_ptr<asio::ssl::context> tls;
  if (origin.tls) {
    tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
    Error error;
    if (ca_file.empty()) {
      tls->set_default_verify_paths(error);
    } else {
      tls->load_verify_file(ca_file, error);
    }
    if (error) return absl::InvalidArgumentError(absl::StrCat("authorities for ", origin.host, ": ", error.message()));
    tls->set_verify_mode(asio::ssl::verify_peer);
  }
  return std::unique_ptr<HttpClient>(new Client(io, origin, std::move(tls), deadline));
}

}  // namespace fenfen::bridge
