#include "ledger/state/redis/redis_node.h"

#include "absl/synchronization/notification.h"
#include "ledger/state/redis/redis_fault.h"

namespace fenfen {

absl::Status RedisRoute::Send(const RedisCommand& command, RedisClient::Done done) const {
  if (node == nullptr) return RedisError(RedisFault::kUnreachable, "no node");
  return asking ? node->client.SendAsking(session, command, std::move(done)) : node->client.Send(session, command, std::move(done));
}

absl::StatusOr<RedisReply> RedisRoute::Call(const RedisCommand& command) const {
  absl::StatusOr<RedisReply> result = absl::UnknownError("");
  absl::Notification finished;
  const absl::Status sent = Send(command, [&](absl::StatusOr<RedisReply> reply) {
    result = std::move(reply);
    finished.Notify();
  });
  if (!sent.ok()) return sent;
  finished.WaitForNotification();
  return result;
}

}  // namespace fenfen
