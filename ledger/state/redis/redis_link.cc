#include "ledger/state/redis/redis_link.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/state/redis/redis_fault.h"

namespace fenfen {
namespace {

// Interest in a descriptor; adds it where it is new.
void Watch(int epoll_fd, int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0) FENFEN_CHECK(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
}

// What the socket says, as a fault of Redis; a certificate or a file that does not hold is not mended by waiting, so it is told apart.
absl::Status AsFault(const absl::Status& status) {
  const bool ours = absl::IsInvalidArgument(status) || absl::IsUnauthenticated(status);
  return RedisError(ours ? RedisFault::kAccessDenied : RedisFault::kUnreachable, status.message());
}

}  // namespace

RedisLink::RedisLink(const RedisOptions& options, int wake_fd)
    : options_(options), wake_fd_(wake_fd), epoll_fd_(epoll_create1(EPOLL_CLOEXEC)), reader_(redisReaderCreate(), redisReaderFree) {
  FENFEN_CHECK(epoll_fd_ >= 0 && reader_ != nullptr);
  Watch(epoll_fd_, wake_fd_, EPOLLIN);
}

RedisLink::~RedisLink() {
  socket_.reset();
  close(epoll_fd_);
}

absl::Status RedisLink::Connect(const RedisEndpoint& endpoint, SteadyTime deadline) {
  absl::StatusOr<std::unique_ptr<RedisSocket>> socket = RedisSocket::Open(endpoint, options_.tls ? &*options_.tls : nullptr);
  if (!socket.ok()) return AsFault(socket.status());
  socket_ = *std::move(socket);
  while (std::chrono::steady_clock::now() < deadline) {
    const absl::StatusOr<bool> connected = socket_->Connect();
    if (!connected.ok()) return AsFault(connected.status());
    if (*connected) return absl::OkStatus();
    Wait(deadline);
  }
  return RedisError(RedisFault::kUnreachable, absl::StrCat(FormatEndpoint(endpoint), ": no connection in time"));
}

absl::StatusOr<RedisReply> RedisLink::Ask(const RedisCommand& command, SteadyTime deadline) {
  std::string bytes;
  AppendCommand(command, bytes);
  size_t sent = 0;
  std::optional<RedisReply> reply;
  while (std::chrono::steady_clock::now() < deadline) {
    absl::Status status = Write(bytes, sent);
    if (status.ok()) status = Read([&](RedisReply one) { reply.emplace(std::move(one)); });
    if (!status.ok()) return status;
    if (!reply) {
      Wait(deadline);
      continue;
    }
    if (!reply->value().is_error()) return *std::move(reply);
    return RedisError(FaultOfReply(reply->value().text()), absl::StrCat(command.front(), ": ", reply->value().text()));
  }
  return RedisError(RedisFault::kUnreachable, absl::StrCat("no answer to ", command.front(), " in time"));
}

void RedisLink::Wait(SteadyTime deadline) {
  if (socket_ != nullptr)
    Watch(epoll_fd_, socket_->fd(), backlog_ || socket_->wants_write() ? uint32_t{EPOLLIN} | EPOLLOUT : uint32_t{EPOLLIN});
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  std::array<epoll_event, 2> events;
  const int count = epoll_wait(epoll_fd_, events.data(), events.size(), static_cast<int>(std::clamp<int64_t>(left, 0, 60'000)));
  for (int i = 0; i < count; ++i) {
    uint64_t woken;
    if (events[static_cast<size_t>(i)].data.fd == wake_fd_) FENFEN_CHECK(read(wake_fd_, &woken, sizeof woken) == sizeof woken);
  }
}

absl::Status RedisLink::Write(absl::string_view bytes, size_t& sent) {
  while (sent < bytes.size()) {
    const absl::StatusOr<size_t> put = socket_->Write(bytes.substr(sent));
    if (!put.ok()) return AsFault(put.status());
    if (*put == 0) break;
    sent += *put;
  }
  backlog_ = sent < bytes.size();
  return absl::OkStatus();
}

absl::Status RedisLink::Read(absl::FunctionRef<void(RedisReply)> take) {
  std::array<char, 64u << 10> buffer;
  while (true) {
    const absl::StatusOr<size_t> got = socket_->Read(buffer.data(), buffer.size());
    if (!got.ok()) return AsFault(got.status());
    if (*got == 0) return absl::OkStatus();
    unfinished_ += *got;
    if (unfinished_ > options_.reply_bytes_max) return RedisError(RedisFault::kUnreachable, "a reply beyond its limit");
    if (redisReaderFeed(reader_.get(), buffer.data(), *got) != REDIS_OK) return RedisError(RedisFault::kUnreachable, reader_->errstr);
    void* reply = nullptr;
    while (true) {
      if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) return RedisError(RedisFault::kUnreachable, reader_->errstr);
      if (reply == nullptr) break;
      unfinished_ = 0;
      take(RedisReply(static_cast<redisReply*>(reply)));
    }
  }
}

}  // namespace fenfen
