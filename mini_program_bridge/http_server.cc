#include "mini_program_bridge/http_server.h"

#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <chrono>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fenfen::bridge {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using Error = boost::system::error_code;
// With the executor named, Asio need not ask at run time what it is.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Steady = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Steady, asio::wait_traits<Steady>, Executor>;

// How much of a refused request is read and thrown away, and for how long, before the connection is closed.
constexpr std::size_t kLingerBytes = 1 << 20;
constexpr absl::Duration kLingerTime = absl::Seconds(2);

// How often deadlines are looked at: a wait may take so much longer than its limit says.
constexpr std::chrono::milliseconds kTick(100);

// What all connections share; it outlives them.
struct Shared {
  HttpHandler* handler;
  HttpLimits limits;
  std::atomic<bool> stopping = false;
  std::atomic<std::size_t> open = 0;
};

class Connection;

// A thread's connections, and what is seen to for all of them now and then: their deadlines, which would otherwise be several timers a
// request, and the date that replies bear. Connections come and go on any thread; the rest is the worker's thread's.
class Worker : public std::enable_shared_from_this<Worker> {
 public:
  Worker(asio::io_context& io, std::shared_ptr<Shared> shared_in)
      : shared(std::move(shared_in)), executor(io.get_executor()), timer_(io.get_executor()) {
    SetDate();
  }
  void Start() { AwaitTick(); }

  void Add(Connection* connection) {
    std::lock_guard<std::mutex> lock(mutex_);
    open_.insert(connection);
  }
  void Remove(Connection* connection) {
    std::lock_guard<std::mutex> lock(mutex_);
    open_.erase(connection);
  }
  // Every connection that is open now.
  std::vector<std::shared_ptr<Connection>> Connections();
  const std::string& date() const { return date_; }

  const std::shared_ptr<Shared> shared;
  const Executor executor;

 private:
  void AwaitTick() {
    timer_.expires_after(kTick);
    timer_.async_wait([weak = weak_from_this()](Error error) {
      const std::shared_ptr<Worker> self = weak.lock();
      if (error || self == nullptr) return;
      self->Tick();
      self->AwaitTick();
    });
  }
  void Tick();
  void SetDate() { date_ = absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone()); }

  Timer timer_;
  std::string date_;
  std::mutex mutex_;
  std::unordered_set<Connection*> open_;  // guarded by mutex_
};

// Everything on its worker's thread but its making and unmaking, Start and TurnAway.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Socket socket, std::shared_ptr<Worker> worker) : worker_(std::move(worker)), socket_(std::move(socket)) {
    Error error;
    const auto peer = socket_.remote_endpoint(error);
    if (!error) peer_ = peer.address().to_string();
    socket_.set_option(tcp::no_delay(true), error);
    ++shared().open;
    worker_->Add(this);
  }

  ~Connection() {
    worker_->Remove(this);
    --shared().open;
  }

  void Start() {
    asio::dispatch(worker_->executor, [self = shared_from_this()] { self->AwaitRequest(self->shared().limits.head_time); });
  }

  // Answers 503 and closes, for a connection beyond the limit.
  void TurnAway() {
    asio::dispatch(worker_->executor, [self = shared_from_this()] {
      self->keep_alive_ = false;
      self->Write(self->shared().handler->Reject(Refuse(v1::REASON_OVERLOADED)));
    });
  }

  void Drain() {
    if (idle_) Close();
  }

  void EndLateWait(Steady::time_point now) {
    if (now < deadline_) return;
    Disarm();
    timed_out_ = true;
    Error ignored;
    socket_.cancel(ignored);
  }

 private:
  const Shared& shared() const { return *worker_->shared; }
  Shared& shared() { return *worker_->shared; }

  // Unless Disarm comes first, the wait at hand ends with an error, since the socket is cancelled, and `timed_out_` tells why.
  void Arm(absl::Duration wait) {
    timed_out_ = false;
    deadline_ = Steady::now() + absl::ToChronoNanoseconds(wait);
  }
  void Disarm() { deadline_ = Steady::time_point::max(); }

  void AwaitRequest(absl::Duration wait) {
    if (shared().stopping) return Close();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared().limits.head_bytes));
    parser_->body_limit(shared().limits.body_bytes);
    head_only_ = false;
    if (buffer_.size() > 0) return ReadHead();
    idle_ = true;
    Arm(wait);
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](Error error) {
      self->idle_ = false;
      self->Disarm();
      // Nothing was said, so nothing is answered.
      if (error) return self->Close();
      self->ReadHead();
    });
  }

  void ReadHead() {
    Arm(shared().limits.head_time);
    http::async_read_header(socket_, buffer_, *parser_, [self = shared_from_this()](Error error, std::size_t) {
      self->Disarm();
      if (error) return self->Refused(error);
      self->ReadBody();
    });
  }

  void ReadBody() {
    keep_alive_ = parser_->get().keep_alive() && parser_->get().version() >= 11;
    head_only_ = parser_->get().method() == http::verb::head;
    Arm(shared().limits.body_time);
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
    const HttpLimits& limits = shared().limits;
    if (timed_out_) return Write(shared().handler->Reject(Refuse(v1::REASON_REQUEST_TIMEOUT)));
    if (error == http::error::body_limit) {
      return Write(shared().handler->Reject(Refuse(v1::REASON_BODY_TOO_LARGE, {{"limit", absl::StrCat(limits.body_bytes)}})));
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return Write(
          shared().handler->Reject(Refuse(v1::REASON_FIELD_TOO_LONG, {{"field", "headers"}, {"limit", absl::StrCat(limits.head_bytes)}})));
    }
    // Beast's own category, apart from an end of stream, means that the bytes are not HTTP.
    const bool not_http = error.category() == http::make_error_code(http::error::bad_method).category();
    if (not_http && error != http::error::end_of_stream && error != http::error::partial_message) {
      return Write(shared().handler->Reject(
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
    shared().handler->Handle(std::move(request), [self = shared_from_this()](HttpResponse response) {
      asio::dispatch(self->worker_->executor, [self, response = std::move(response)]() mutable { self->Write(std::move(response)); });
    });
  }

  void Write(HttpResponse response) {
    body_ = std::move(response.body);
    reply_.emplace(static_cast<http::status>(response.status), 11);
    for (const auto& [name, value] : response.headers) reply_->insert(name, value);
    reply_->set(http::field::date, worker_->date());
    reply_->keep_alive(keep_alive_ && !shared().stopping);
    const bool bodyless = response.status == 304 || response.status == 204;
    if (!bodyless) reply_->content_length(body_->size());
    if (!bodyless && !head_only_) reply_->body() = boost::beast::span<const char>(body_->data(), body_->size());
    serializer_.emplace(*reply_);
    Arm(shared().limits.write_time);
    const auto done = [self = shared_from_this()](Error error, std::size_t) {
      self->Disarm();
      self->body_ = nullptr;
      const bool again = !error && self->reply_->keep_alive();
      if (again) return self->AwaitRequest(self->shared().limits.idle_time);
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
      socket_.shutdown(Socket::shutdown_send, ignored);
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

  const std::shared_ptr<Worker> worker_;
  Socket socket_;
  Steady::time_point deadline_ = Steady::time_point::max();
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

std::vector<std::shared_ptr<Connection>> Worker::Connections() {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::shared_ptr<Connection>> connections;
  for (Connection* connection : open_) {
    // One that is being destroyed has no owner left.
    if (std::shared_ptr<Connection> alive = connection->weak_from_this().lock()) connections.push_back(std::move(alive));
  }
  return connections;
}

void Worker::Tick() {
  SetDate();
  const Steady::time_point now = Steady::now();
  for (const auto& connection : Connections()) connection->EndLateWait(now);
}

class Server : public HttpServer, public std::enable_shared_from_this<Server> {
 public:
  Server(const std::vector<asio::io_context*>& threads, HttpHandler* handler, const HttpLimits& limits)
      : acceptor_(*threads.front()), retry_(*threads.front()), shared_(std::make_shared<Shared>()) {
    shared_->handler = handler;
    shared_->limits = limits;
    for (asio::io_context* io : threads) workers_.push_back(std::make_shared<Worker>(*io, shared_));
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
    for (const auto& worker : workers_) worker->Start();
    asio::dispatch(acceptor_.get_executor(), [self = shared_from_this()] { self->Accept(); });
    return absl::OkStatus();
  }

  std::string address() const override { return address_; }

  std::size_t connections() const override { return shared_->open; }

  void Stop() override {
    shared_->stopping = true;
    asio::dispatch(acceptor_.get_executor(), [self = shared_from_this()] {
      Error ignored;
      self->acceptor_.close(ignored);
      self->retry_.cancel();
    });
    for (const auto& worker : workers_) {
      asio::dispatch(worker->executor, [worker] {
        for (const auto& connection : worker->Connections()) connection->Drain();
      });
    }
  }

 private:
  void Accept() {
    const std::shared_ptr<Worker>& worker = workers_[next_++ % workers_.size()];
    acceptor_.async_accept(worker->executor, [self = shared_from_this(), worker](Error error, Socket socket) {
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
        const auto connection = std::make_shared<Connection>(std::move(socket), worker);
        open < limit ? connection->Start() : connection->TurnAway();
      }
      self->Accept();
    });
  }

  Acceptor acceptor_;  // on the first thread, as all that takes connections
  Timer retry_;
  const std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Worker>> workers_;
  std::size_t next_ = 0;  // worker to get a connection
  std::string address_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<HttpServer>> HttpServer::Listen(const std::vector<asio::io_context*>& threads, const std::string& address,
                                                               HttpHandler* handler, const HttpLimits& limits) {
  auto server = std::make_shared<Server>(threads, handler, limits);
  if (absl::Status status = server->Open(address); !status.ok()) return status;
  return std::static_pointer_cast<HttpServer>(server);
}

}  // namespace fenfen::bridge
