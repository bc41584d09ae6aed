#include "tests/server/test_network.h"

#include <array>
#include <boost/asio.hpp>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <list>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace fenfen {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;
using AnySocket = asio::generic::stream_protocol::socket;
using AnyEndpoint = asio::generic::stream_protocol::endpoint;

using Cuts = std::set<std::pair<std::string, std::string>>;  // who is not heard, and by whom

AnyEndpoint EndpointOf(absl::string_view target) {
  if (absl::ConsumePrefix(&target, "unix:")) return asio::local::stream_protocol::endpoint(std::string(target));
  const size_t colon = target.rfind(':');
  int port = 0;
  if (colon == absl::string_view::npos || !absl::SimpleAtoi(target.substr(colon + 1), &port)) std::abort();
  return tcp::endpoint(asio::ip::make_address(std::string(target.substr(0, colon))), static_cast<uint16_t>(port));
}

// One connection that is carried: two streams of bytes, each of which goes on by itself until it is cut. On the carrier's thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket accepted, const std::string& from, const std::string& to, AnyEndpoint target, const Cuts& cuts)
      : cuts_(cuts),
        target_(std::move(target)),
        near_(std::move(accepted)),
        far_(near_.get_executor()),
        there_{from, to, near_, far_},
        back_{to, from, far_, near_} {}

  void Begin() { Step(there_); }
  // Goes on with what was cut and is no more.
  void GoOn() {
    if (there_.stopped) Step(there_);
    if (back_.stopped) Step(back_);
  }
  // Where the machine that was connected to does not hear the other end, it gives the connection up.
  void LoseIfSilent(const std::string& machine) {
    if (there_.hearer != machine || cuts_.count({there_.sender, machine}) == 0) return;
    Error ignored;
    far_.close(ignored);
    phase_ = Phase::kRefused;
    there_.held = back_.held = 0;
    there_.stopped = back_.stopped = true;  // the other end learns of it when it can
  }
  bool over() const { return there_.over && back_.over; }

 private:
  struct Stream {
    const std::string sender, hearer;
    AnySocket& from;
    AnySocket& to;
    std::array<char, 16'384> bytes{};
    size_t held = 0;       // of them, read and not passed on
    bool ended = false;    // the sender sends no more
    bool stopped = false;  // by a cut
    bool over = false;     // nothing more is to be done
  };
  enum class Phase : uint8_t { kNew, kConnecting, kConnected, kRefused };

  // Does what is next in the stream, and comes again when that is done.
  void Step(Stream& stream) {
    stream.stopped = cuts_.count({stream.sender, stream.hearer}) > 0;
    if (stream.stopped || stream.over || phase_ == Phase::kConnecting) return;
    if (phase_ == Phase::kNew) return Connect();
    if (stream.held > 0) return Write(stream);
    if (stream.ended || phase_ == Phase::kRefused) return End(stream);
    stream.from.async_read_some(asio::buffer(stream.bytes), [self = shared_from_this(), &stream](Error error, size_t size) {
      stream.held = size;
      stream.ended = static_cast<bool>(error);
      self->Step(stream);
    });
  }
  void Connect() {
    phase_ = Phase::kConnecting;
    far_.async_connect(target_, [self = shared_from_this()](Error error) {
      self->phase_ = error ? Phase::kRefused : Phase::kConnected;
      for (AnySocket* socket : {&self->near_, &self->far_}) {
        Error of_a_unix_socket;
        socket->set_option(tcp::no_delay(true), of_a_unix_socket);
      }
      self->Step(self->there_);
      self->Step(self->back_);
    });
  }
  void Write(Stream& stream) {
    asio::async_write(stream.to, asio::buffer(stream.bytes.data(), stream.held), [self = shared_from_this(), &stream](Error error, size_t) {
      stream.held = 0;
      // Who does not hear any more says so in the other stream.
      stream.over = static_cast<bool>(error);
      self->Step(stream);
    });
  }
  void End(Stream& stream) {
    stream.over = true;
    Error ignored;
    stream.to.shutdown(AnySocket::shutdown_send, ignored);
    if (!over()) return;
    near_.close(ignored);
    far_.close(ignored);
  }

  const Cuts& cuts_;
  const AnyEndpoint target_;
  AnySocket near_, far_;
  Phase phase_ = Phase::kNew;
  Stream there_, back_;
};

}  // namespace

class TestNetwork::Carrier {
 public:
  Carrier() : thread_([this] { io_.run(); }) {}
  ~Carrier() {
    io_.stop();
    thread_.join();
  }

  // Runs `work` on the thread, and waits for it.
  template <typename Work>
  void Run(Work work) {
    std::promise<void> done;
    asio::post(io_, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  uint16_t Listen(const std::string& from, const std::string& to, const Address& at, const std::string& target) {
    routes_.push_back({from, to, EndpointOf(target), tcp::acceptor(io_)});
    Route& route = routes_.back();
    try {
      const tcp::endpoint endpoint(asio::ip::make_address(at.ip), at.port);
      route.acceptor.open(endpoint.protocol());
      route.acceptor.set_option(tcp::acceptor::reuse_address(true));
      route.acceptor.bind(endpoint);
      route.acceptor.listen();
    } catch (const boost::system::system_error& error) {
      std::fprintf(stderr, "TestNetwork: %s:%d: %s\n", at.ip.c_str(), at.port, error.what());
      std::abort();
    }
    Accept(route);
    return route.acceptor.local_endpoint().port();
  }
  void Cut(const std::string& from, const std::string& to) { cuts_.emplace(from, to); }
  void LoseSilent(const std::string& machine) {
    for (const std::shared_ptr<Connection>& connection : connections_) connection->LoseIfSilent(machine);
  }
  void Heal() {
    cuts_.clear();
    for (const std::shared_ptr<Connection>& connection : connections_) connection->GoOn();
  }

 private:
  struct Route {
    std::string from, to;
    AnyEndpoint target;
    tcp::acceptor acceptor;
  };

  void Accept(Route& route) {
    route.acceptor.async_accept([this, &route](Error error, tcp::socket socket) {
      if (!error) Take(route, std::move(socket));
      if (error != asio::error::operation_aborted) Accept(route);
    });
  }
  void Take(const Route& route, tcp::socket socket) {
    Error gone;
    const tcp::endpoint peer = socket.remote_endpoint(gone);
    if (gone) return;
    const std::string from = route.from.empty() ? peer.address().to_string() : route.from;
    const auto connection = std::make_shared<Connection>(std::move(socket), from, route.to, route.target, cuts_);
    connections_.remove_if([](const std::shared_ptr<Connection>& other) { return other->over(); });
    connections_.push_back(connection);
    connection->Begin();
  }

  asio::io_context io_;
  const asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  Cuts cuts_;
  std::list<Route> routes_;
  std::list<std::shared_ptr<Connection>> connections_;
  std::thread thread_;
};

TestNetwork::TestNetwork() : carrier_(std::make_unique<Carrier>()) {}
TestNetwork::~TestNetwork() = default;

uint16_t TestNetwork::Carry(const std::string& from, const std::string& to, const Address& at, const std::string& target) {
  uint16_t port = 0;
  carrier_->Run([&] { port = carrier_->Listen(from, to, at, target); });
  return port;
}

void TestNetwork::Cut(const std::string& from, const std::string& to) {
  carrier_->Run([&] { carrier_->Cut(from, to); });
}

void TestNetwork::LoseSilent(const std::string& machine) {
  carrier_->Run([&] { carrier_->LoseSilent(machine); });
}

void TestNetwork::Heal() {
  carrier_->Run([&] { carrier_->Heal(); });
}

}  // namespace fenfen
