#include "clients/ctl/bench/http_load.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "clients/ctl/bench/measure.h"

namespace fenfen::bench {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using Error = boost::system::error_code;

constexpr size_t kBufferBytes = 64 << 10;
constexpr size_t kAnswerBytesMax = 16 << 20;
constexpr absl::string_view kEndOfHead("\r\n\r\n");

// The length of a whole answer with its head; 0 where the head is not whole yet, an error where it is no 200 with a length.
absl::StatusOr<size_t> AnswerBytes(absl::string_view text, size_t* head_bytes) {
  const size_t end = text.find(kEndOfHead);
  if (end == absl::string_view::npos) return 0;
  *head_bytes = end + kEndOfHead.size();
  if (!absl::StartsWith(text, "HTTP/1.1 200")) return absl::UnavailableError(absl::StrCat("HTTP: ", text.substr(0, text.find('\r'))));
  constexpr absl::string_view kLength("\r\ncontent-length: ");
  for (size_t line = text.find("\r\n"); line < end; line = text.find("\r\n", line + 2)) {
    if (!absl::EqualsIgnoreCase(text.substr(line, kLength.size()), kLength)) continue;
    const size_t begin = line + kLength.size();
    size_t length = 0;
    if (absl::SimpleAtoi(text.substr(begin, text.find('\r', begin) - begin), &length) && length <= kAnswerBytesMax) {
      return *head_bytes + length;
    }
  }
  return absl::UnavailableError("HTTP: 没有长度 / an answer without a length");
}

}  // namespace

// Everything on one thread: the caller's.
class HttpLoad::Loop {
 public:
  absl::Status Connect(const std::string& address, const std::string& path, int connections) {
    const size_t colon = address.rfind(':');
    int port = 0;
    Error error;
    const asio::ip::address host = asio::ip::make_address(address.substr(0, colon), error);
    if (error || !absl::SimpleAtoi(address.substr(colon + 1), &port)) return absl::InvalidArgumentError(address);
    request_ = absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: ", address, "\r\n\r\n");
    for (int i = 0; i < connections && !error; ++i) {
      connections_.push_back(std::make_unique<Connection>(context_));
      connections_.back()->socket.connect({host, static_cast<uint16_t>(port)}, error);
      if (!error) connections_.back()->socket.set_option(tcp::no_delay(true), error);
    }
    return error ? absl::UnavailableError(absl::StrCat(address, ": ", error.message())) : absl::OkStatus();
  }

  absl::StatusOr<double> Run(absl::Duration time) {
    const double begin = MonotonicSeconds();
    end_ = begin + absl::ToDoubleSeconds(time);
    answers_ = 0;
    failure_ = absl::OkStatus();
    for (const auto& connection : connections_) Write(*connection);
    context_.restart();
    context_.run();
    if (!failure_.ok()) return failure_;
    return static_cast<double>(answers_) / (MonotonicSeconds() - begin);
  }

  const std::string& last_body() const { return last_body_; }
  void KeepBody() { keep_body_ = true; }

 private:
  struct Connection {
    explicit Connection(asio::io_context& context) : socket(context), buffer(kBufferBytes, '\0') {}
    tcp::socket socket;
    std::string buffer;
    size_t filled = 0;
  };

  void Write(Connection& connection) {
    asio::async_write(connection.socket, asio::buffer(request_), [this, &connection](Error error, size_t) {
      if (error) return Fail(absl::UnavailableError(error.message()));
      connection.filled = 0;
      Read(connection);
    });
  }

  void Read(Connection& connection) {
    if (connection.filled == connection.buffer.size()) connection.buffer.resize(2 * connection.buffer.size());
    const auto room = asio::buffer(connection.buffer.data() + connection.filled, connection.buffer.size() - connection.filled);
    connection.socket.async_read_some(room, [this, &connection](Error error, size_t bytes) {
      if (error) return Fail(absl::UnavailableError(error.message()));
      connection.filled += bytes;
      Look(connection);
    });
  }

  void Look(Connection& connection) {
    size_t head_bytes = 0;
    const absl::string_view text(connection.buffer.data(), connection.filled);
    const absl::StatusOr<size_t> whole = AnswerBytes(text, &head_bytes);
    if (!whole.ok()) return Fail(whole.status());
    if (*whole == 0 || connection.filled < *whole) return Read(connection);
    ++answers_;
    if (keep_body_) last_body_ = std::string(text.substr(head_bytes, *whole - head_bytes));
    if (failure_.ok() && MonotonicSeconds() < end_) Write(connection);
  }

  void Fail(absl::Status status) { failure_.Update(std::move(status)); }

  asio::io_context context_{1};
  std::string request_;
  std::vector<std::unique_ptr<Connection>> connections_;
  double end_ = 0;
  uint64_t answers_ = 0;
  absl::Status failure_;
  bool keep_body_ = false;
  std::string last_body_;
};

HttpLoad::HttpLoad(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
HttpLoad::~HttpLoad() = default;

absl::StatusOr<std::unique_ptr<HttpLoad>> HttpLoad::Connect(const std::string& address, const std::string& path, int connections) {
  auto loop = std::make_unique<Loop>();
  if (absl::Status status = loop->Connect(address, path, connections); !status.ok()) return status;
  return std::unique_ptr<HttpLoad>(new HttpLoad(std::move(loop)));
}

absl::StatusOr<std::string> HttpLoad::Once() {
  loop_->KeepBody();
  if (absl::StatusOr<double> rate = loop_->Run(absl::ZeroDuration()); !rate.ok()) return rate.status();
  return loop_->last_body();
}

absl::StatusOr<double> HttpLoad::Run(absl::Duration time) { return loop_->Run(time); }

}  // namespace fenfen::bench
