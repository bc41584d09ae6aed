#include "tests/overload/grpc_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fenfen::overload {
namespace {

constexpr size_t kPrefixBytes = 5;            // gRPC's: compressed or not, and the length
constexpr size_t kUnsentBytesMax = 64 << 10;  // that the socket has not taken
constexpr uint32_t kWindowBytes = 1 << 20;

nghttp2_nv Header(absl::string_view name, const std::string& value) {
  const auto bytes = [](absl::string_view text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

GrpcConnection& Self(void* self) { return *static_cast<GrpcConnection*>(self); }

absl::Status Lost(const char* what) { return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno))); }

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcConnection>> GrpcConnection::Connect(const std::string& address, CallHead head, Answered answered) {
  const size_t colon = address.rfind(':');
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  int port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) ||
      inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("not HOST:PORT: ", address));
  }
  to.sin_port = htons(static_cast<uint16_t>(port));
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Lost("socket");
  std::unique_ptr<GrpcConnection> connection(new GrpcConnection(fd, std::move(head), address, std::move(answered)));
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return Lost("connect");
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  if (absl::Status status = connection->Begin(); !status.ok()) return status;
  return connection;
}

GrpcConnection::GrpcConnection(int socket, CallHead head, std::string authority, Answered answered)
    : socket_(socket),
      head_(std::move(head)),
      authority_(std::move(authority)),
      authorization_(absl::StrCat("Bearer ", head_.token)),
      timeout_(absl::StrCat(absl::ToInt64Milliseconds(head_.deadline), "m")),
      answered_(std::move(answered)) {}

GrpcConnection::~GrpcConnection() {
  nghttp2_session_del(session_);
  ::close(socket_);
}

absl::Status GrpcConnection::Begin() {
  nghttp2_session_callbacks* callbacks = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) return absl::ResourceExhaustedError("nghttp2");
  nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
  const int made = nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  if (made != 0) return absl::ResourceExhaustedError("nghttp2");
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 1);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowBytes * 16);
  return Write();
}

bool GrpcConnection::HasRoom() const {
  return streams_.size() < nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) &&
         out_.size() - written_ < kUnsentBytesMax;
}

void GrpcConnection::Send(uint64_t call, std::string message) {
  static const std::string kPost = "POST", kHttp = "http", kTrailers = "trailers", kType = "application/grpc";
  const nghttp2_nv headers[] = {
      Header(":method", kPost), Header(":scheme", kHttp),      Header(":path", head_.method),           Header(":authority", authority_),
      Header("te", kTrailers),  Header("content-type", kType), Header("authorization", authorization_), Header("grpc-timeout", timeout_),
  };
  nghttp2_data_provider body = {};
  body.read_callback = GiveRequest;
  const int32_t id = nghttp2_submit_request(session_, nullptr, headers, std::size(headers), &body, nullptr);
  if (id < 0) return answered_({.call = call});
  Stream& stream = streams_[id];
  stream.answer.call = call;
  const uint32_t size = htonl(static_cast<uint32_t>(message.size()));
  stream.request.assign(1, '\0');
  stream.request.append(reinterpret_cast<const char*>(&size), sizeof size);
  stream.request += message;
  ids_[call] = id;
}

void GrpcConnection::Cancel(uint64_t call) {
  const auto found = ids_.find(call);
  if (found != ids_.end()) nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, found->second, NGHTTP2_CANCEL);
}

absl::Status GrpcConnection::Move() {
  if (absl::Status status = Read(); !status.ok()) return status;
  return Write();
}

absl::Status GrpcConnection::Read() {
  uint8_t buffer[64 << 10];
  while (true) {
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return absl::OkStatus();
    if (got < 0) return Lost("recv");
    if (got == 0) return absl::UnavailableError("the server closed the connection");
    const ssize_t taken = nghttp2_session_mem_recv(session_, buffer, static_cast<size_t>(got));
    if (taken < 0) return absl::UnavailableError(nghttp2_strerror(static_cast<int>(taken)));
    if (got < static_cast<ssize_t>(sizeof buffer)) return absl::OkStatus();
  }
}

absl::Status GrpcConnection::Write() {
  while (true) {
    while (out_.size() - written_ < kUnsentBytesMax) {
      const uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size < 0) return absl::UnavailableError(nghttp2_strerror(static_cast<int>(size)));
      if (size == 0) break;
      out_.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
    }
    if (written_ == out_.size()) return absl::OkStatus();
    const ssize_t put = ::send(socket_, out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL);
    if (put < 0 && (errno == EAGAIN || errno == EINTR)) return absl::OkStatus();
    if (put < 0) return Lost("send");
    written_ += static_cast<size_t>(put);
    if (written_ < out_.size()) continue;
    out_.clear();
    written_ = 0;
  }
}

void GrpcConnection::TakeHeader(Stream& stream, absl::string_view name, absl::string_view value) {
  if (name == "grpc-status") {
    if (!absl::SimpleAtoi(value, &stream.answer.status)) stream.answer.status = Answer::kNoStatus;
  } else if (name == "grpc-message") {
    stream.answer.status_text = std::string(value);
  } else if (name == "grpc-status-details-bin") {
    if (!absl::Base64Unescape(value, &stream.answer.details)) stream.answer.details.clear();
  }
}

void GrpcConnection::Close(int32_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Stream stream = std::move(found->second);
  streams_.erase(found);
  ids_.erase(stream.answer.call);
  if (stream.reply.size() >= kPrefixBytes) stream.answer.message = stream.reply.substr(kPrefixBytes);
  answered_(stream.answer);
}

ssize_t GrpcConnection::GiveRequest(nghttp2_session*, int32_t id, uint8_t* out, size_t size, uint32_t* flags, nghttp2_data_source*,
                                    void* self) {
  Stream& stream = Self(self).streams_.at(id);
  const size_t part = std::min(size, stream.request.size() - stream.sent);
  std::memcpy(out, stream.request.data() + stream.sent, part);
  stream.sent += part;
  if (stream.sent == stream.request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(part);
}

int GrpcConnection::OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size, const uint8_t* value,
                             size_t value_size, uint8_t, void* self) {
  const auto found = Self(self).streams_.find(frame->hd.stream_id);
  if (found == Self(self).streams_.end()) return 0;
  Self(self).TakeHeader(found->second, {reinterpret_cast<const char*>(name), name_size},
                        {reinterpret_cast<const char*>(value), value_size});
  return 0;
}

int GrpcConnection::OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* self) {
  const auto found = Self(self).streams_.find(id);
  if (found != Self(self).streams_.end()) found->second.reply.append(reinterpret_cast<const char*>(bytes), size);
  return 0;
}

int GrpcConnection::OnClose(nghttp2_session*, int32_t id, uint32_t, void* self) {
  Self(self).Close(id);
  return 0;
}

}  // namespace fenfen::overload
