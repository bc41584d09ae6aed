#include "mini_program_bridge/http_server.h"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fenfen::bridge {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using Error = boost::system::error_code;

// How much of a refused request is read and thrown away, and for how long, before the connection is closed.
constexpr std::size_t kLingerBytes = 1 << 20;
constexpr absl::Duration kLingerTime = absl::Seconds(2);

class Connection;

// What connections share; it outlives them all.
struct Shared {
  HttpHandler* handler;
  HttpLimits limits;
  std::atomic<bool> stopping = false;
  mutable std::mutex mutex;
  std::unordered_set<Connection*> open;  // guarded by mutex
};

std::chrono::nanoseconds Chrono(absl::Duration d) { return absl::ToChronoNanoseconds(d); }

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)), socket_(std::move(socket)), timer_(socket_.get_executor()) {
    Error error;
    const auto peer = socket_.remote_endpoint(error);
    if (!error) peer_ = peer.address().to_string();
    socket_.set_option(tcp::no_delay(true), error);
    std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->open.insert(this);
  }

  ~Connection() {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->open.erase(this);
  }

  void Start() {
    asio::dispatch(socket_.get_executor(), [self = shared_from_this()] { self->AwaitRequest(self->shared_->limits.head_time); });
  }

  // Answers 503 and closes, for a connection beyond the limit.
  void TurnAway() {
    asio::dispatch(socket_.get_executor(), [self = shared_from_this()] {
      self->keep_alive_ = false;
      self->Write(self->shared_->handler->Reject(Refuse(v1::REASON_OVERLOADED)));
    });
  }

  void Drain() {
    asio::dispatch(socket_.get_executor(), [self = shared_from_this()] {
      if (self->idle_) self->Close();
    });
  }

 private:
  // Runs `late` unless Disarm comes first. Cancelling the socket makes the wait at hand end with an error, and `timed_out_` tells why.
  void Arm(absl::Duration wait) {
    timed_out_ = false;
    timer_.expires_after(Chrono(wait));
    timer_.async_wait([weak = weak_from_this()](Error error) {
      const std::shared_ptr<Connection> self = weak.lock();
      if (error || self == nullptr || self->timer_.expiry() > asio::steady_timer::clock_type::now()) return;
      self->timed_out_ = true;
      Error ignored;
      self->socket_.cancel(ignored);
    });
  }
  void Disarm() { timer_.expires_at(asio::steady_timer::time_point::max()); }

  void AwaitRequest(absl::Duration wait) {
    if (shared_->stopping) return Close();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_->limits.head_bytes));
    parser_->body_limit(shared_->limits.body_bytes);
    head_only_ = false;
    if (buffer_.size() > 0) return ReadHead();
    idle_ = true;
    Arm(wait);
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](Error error) {
      self->idle_ = false;
      self->Disarm();
      // Nothing was said, so nothing is answered.
      if (error) return self->Close();
      self->ReadHead();
    });
  }

  void ReadHead() {
    Arm(shared_->limits.head_time);
    http::async_read_header(socket_, buffer_, *parser_, [self = shared_from_this()](Error error, std::size_t) {
      self->Disarm();
      if (error) return self->Refused(error);
      self->ReadBody();
    });
  }

  void ReadBody() {
    keep_alive_ = parser_->get().keep_alive() && parser_->get().version() >= 11;
    head_only_ = parser_->get().method() == http::verb::head;
    Arm(shared_->limits.body_time);
    if (!parser_->is_done() && parser_->get()[http::field::expect] == "100-continue") {
      static constexpr absl::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      asio::async_write(socket_, asio::buffer(kContinue.data(), kContinue.size()), [self = shared_from_this()](Error error, std::size_t) {
        if (error) return self->Close();
        self->ReadRest();
      });
      return;
    }
    ReadRest();
  }

  void ReadRest() {
    http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](Error error, std::size_t) {
      self->Disarm();
      if (error) return self->Refused(error);
      self->Dispatch();
    });
  }

  // A request that did not arrive: says why where there is somebody to hear it.
  void Refused(Error error) {
    keep_alive_ = false;
    const HttpLimits& limits = shared_->limits;
    if (timed_out_) return Write(shared_->handler->Reject(Refuse(v1::REASON_REQUEST_TIMEOUT)));
    if (error == http::error::body_limit) {
      return Write(shared_->handler->Reject(Refuse(v1::REASON_BODY_TOO_LARGE, {{"limit", absl::StrCat(limits.body_bytes)}})));
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return Write(
          shared_->handler->Reject(Refuse(v1::REASON_FIELD_TOO_LONG, {{"field", "headers"}, {"limit", absl::StrCat(limits.head_bytes)}})));
    }
    // Beast's own category, apart from an end of stream, means that the bytes are not HTTP.
    const bool not_http = error.category() == http::make_error_code(http::error::bad_method).category();
    if (not_http && error != http::error::end_of_stream && error != http::error::partial_message) {
      return Write(shared_->handler->Reject(
          RefuseField(v1::REASON_FIELD_MALFORMED, "request", {"不是有效的 HTTP/1.1 请求", "it is not a valid HTTP/1.1 request"})));
    }
    Close();
  }

  void Dispatch() {
    const auto& message = parser_->get();
    const auto text = [&](http::field field) {
      const auto value = message[field];
      return std::string(value.data(), value.size());
    };
    HttpRequest request;
    request.method = std::string(message.method_string().data(), message.method_string().size());
    request.target = std::string(message.target().data(), message.target().size());
    request.authorization = text(http::field::authorization);
    request.content_type = text(http::field::content_type);
    request.accept_encoding = text(http::field::accept_encoding);
    request.if_none_match = text(http::field::if_none_match);
    request.forwarded_for = std::string(message["X-Forwarded-For"].data(), message["X-Forwarded-For"].size());
    request.request_id = std::string(message["X-Request-Id"].data(), message["X-Request-Id"].size());
    request.body = std::move(parser_->get().body());
    request.peer = peer_;
    shared_->handler->Handle(std::move(request), [self = shared_from_this()](HttpResponse response) {
      asio::dispatch(self->socket_.get_executor(), [self, response = std::move(response)]() mutable { self->Write(std::move(response)); });
    });
  }

  void Write(HttpResponse response) {
    body_ = std::move(response.body);
    reply_.emplace(static_cast<http::status>(response.status), 11);
    for (const auto& [name, value] : response.headers) reply_->insert(name, value);
    reply_->set(http::field::date, absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone()));
    reply_->keep_alive(keep_alive_ && !shared_->stopping);
    const bool bodyless = response.status == 304 || response.status == 204;
    if (!bodyless) reply_->content_length(body_->size());
    if (!bodyless && !head_only_) reply_->body() = boost::beast::span<const char>(body_->data(), body_->size());
    serializer_.emplace(*reply_);
    Arm(shared_->limits.write_time);
    const auto done = [self = shared_from_this()](Error error, std::size_t) {
      self->Disarm();
      self->body_ = nullptr;
      const bool again = !error && self->reply_->keep_alive();
      if (again) return self->AwaitRequest(self->shared_->limits.idle_time);
      if (error) return self->Close();
      self->Linger(0);
    };
    if (head_only_) {
      http::async_write_header(socket_, *serializer_, done);
    } else {
      http::async_write(socket_, *serializer_, done);
    }
  }

  // Closing with unread bytes would reset the connection and could take the reply with it.
  void Linger(std::size_t read) {
    if (read == 0) {
      Error ignored;
      socket_.shutdown(tcp::socket::shutdown_send, ignored);
      Arm(kLingerTime);
    }
    buffer_.clear();
    socket_.async_read_some(buffer_.prepare(16 << 10), [self = shared_from_this(), read](Error error, std::size_t n) {
      if (error || read + n >= kLingerBytes) return self->Close();
      self->Linger(read + n);
    });
  }

  void Close() {
    Disarm();
    Error ignored;
    socket_.close(ignored);
  }

  const std::shared_ptr<Shared> shared_;
  // All below: on the socket's strand.
  tcp::socket socket_;
  asio::steady_timer timer_;
  std::string peer_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::span_body<const char>>> reply_;
  std::optional<http::response_serializer<http::span_body<const char>>> serializer_;
  std::shared_ptr<const std::string> body_;
  bool timed_out_ = false;
  bool idle_ = false;
  bool keep_alive_ = false;
  bool head_only_ = false;
};

class Server : public HttpServer, public std::enable_shared_from_this<Server> {
 public:
  Server(asio::io_context* io, HttpHandler* handler, const HttpLimits& limits)
      : io_(io), acceptor_(asio::make_strand(*io)), retry_(acceptor_.get_executor()), shared_(std::make_shared<Shared>()) {
    shared_->handler = handler;
    shared_->limits = limits;
  }

  absl::Status Open(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    std::uint32_t port = 0;
    Error error;
    if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port > 65535) {
      return absl::InvalidArgumentError(absl::StrCat("\"", address, "\" is not host:port"));
    }
    std::string host = address.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    const asio::ip::address ip = asio::ip::make_address(host, error);
    if (error) return absl::InvalidArgumentError(absl::StrCat("\"", host, "\" is not an IP address"));
    const tcp::endpoint endpoint(ip, static_cast<std::uint16_t>(port));
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": ", error.message()));
    const tcp::endpoint local = acceptor_.local_endpoint();
    address_ = ip.is_v6() ? absl::StrCat("[", ip.to_string(), "]:", local.port()) : absl::StrCat(ip.to_string(), ":", local.port());
    asio::dispatch(acceptor_.get_executor(), [self = shared_from_this()] { self->Accept(); });
    return absl::OkStatus();
  }

  std::string address() const override { return address_; }

  std::size_t connections() const override {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    return shared_->open.size();
  }

  void Stop() override {
    shared_->stopping = true;
    asio::dispatch(acceptor_.get_executor(), [self = shared_from_this()] {
      Error ignored;
      self->acceptor_.close(ignored);
      self->retry_.cancel();
      std::lock_guard<std::mutex> lock(self->shared_->mutex);
      for (Connection* connection : self->shared_->open) {
        // One that is being destroyed has no owner left, and needs no draining.
        if (const std::shared_ptr<Connection> alive = connection->weak_from_this().lock()) self->draining_.push_back(alive);
      }
    });
    asio::dispatch(acceptor_.get_executor(), [self = shared_from_this()] {
      for (const auto& connection : self->draining_) connection->Drain();
      self->draining_.clear();
    });
  }

 private:
  void Accept() {
    acceptor_.async_accept(asio::make_strand(*io_), [self = shared_from_this()](Error error, tcp::socket socket) {
      if (self->shared_->stopping || error == asio::error::operation_aborted) return;
      if (error) {
        // Out of descriptors, most likely: trying again at once would only spin.
        self->retry_.expires_after(std::chrono::milliseconds(50));
        self->retry_.async_wait([self](Error stopped) {
          if (!stopped) self->Accept();
        });
        return;
      }
      // Telling a client that there is no room costs a connection too; past twice the limit they are only closed.
      const std::size_t open = self->connections(), limit = self->shared_->limits.connections;
      if (open < 2 * limit) {
        const auto connection = std::make_shared<Connection>(std::move(socket), self->shared_);
        open < limit ? connection->Start() : connection->TurnAway();
      }
      self->Accept();
    });
  }

  asio::io_context* const io_;
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  const std::shared_ptr<Shared> shared_;
  std::string address_;
  std::vector<std::shared_ptr<Connection>> draining_;  // on the acceptor's strand
};

}  // namespace

absl::StatusOr<std::shared_ptr<HttpServer>> HttpServer::Listen(asio::io_context* io, const std::string& address, HttpHandler* handler,
                                                               const HttpLimits& limits) {
  auto server = std::make_shared<Server>(io, handler, limits);
  if (absl::Status status = server->Open(address); !status.ok()) return status;
  return std::static_pointer_cast<HttpServer>(server);
}

}  // namespace fenfen::bridge
