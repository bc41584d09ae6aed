// RedisLink: one conversation with one server, on one thread: connect, ask while signing in, then stream commands and replies. Waiting is
// by epoll, so that another thread can wake it; the times are a steady clock's, which no operator sets.
//
// Not thread-safe but for the wake-up descriptor, which is the owner's.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/state/redis/redis_options.h"
#include "ledger/state/redis/redis_reply.h"
#include "ledger/state/redis/redis_socket.h"

namespace fenfen {

using SteadyTime = std::chrono::steady_clock::time_point;

class RedisLink {
 public:
  // `wake_fd`: an eventfd; writing to it ends a Wait. `options` outlive the link.
  RedisLink(const RedisOptions& options, int wake_fd);
  ~RedisLink();
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;

  // Both take their time until the deadline; a RedisError (redis_fault.h) where it does not work out.
  absl::Status Connect(const RedisEndpoint& endpoint, SteadyTime deadline);
  absl::StatusOr<RedisReply> Ask(const RedisCommand& command, SteadyTime deadline);

  // Waits until there is something to read or room to write, the link is woken, or the deadline comes.
  void Wait(SteadyTime deadline);
  // Writes as much as fits now of `bytes` from `sent` on, and moves `sent`.
  absl::Status Write(absl::string_view bytes, size_t& sent);
  // Reads what is there and calls `take` with each whole reply.
  absl::Status Read(absl::FunctionRef<void(RedisReply)> take);

 private:
  const RedisOptions& options_;
  const int wake_fd_;
  const int epoll_fd_;
  bool backlog_ = false;  // of what is to be written
  std::unique_ptr<RedisSocket> socket_;
  std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader_;
  size_t unfinished_ = 0;  // bytes fed since the last whole reply
};

}  // namespace fenfen
