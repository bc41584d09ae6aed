// RedisNode: one Redis that partitions lie in: its client, and what the keeper knows of it. RedisRoute: a partition's way there, within one
// session.
//
// A route may be used by any thread; a node's own fields are the keeper's, but for what faults tell it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/state/redis/redis_client.h"

namespace fenfen {

struct RedisNode {
  RedisNode(RedisOptions options, RedisClient::OnSession on_session) : client(std::move(options), std::move(on_session)) {}

  RedisClient client;

  // What a fault tells the keeper.
  std::atomic<bool> library_doubtful{false};
  std::atomic<bool> replica{false};

  // The keeper's own.
  RedisClient::SessionId prepared = 0;  // the session whose server has our library; 0 for none
  std::string replid;
  SteadyTime next_look;
};

struct RedisRoute {
  std::shared_ptr<RedisNode> node;
  RedisClient::SessionId session = 0;
  // The partition's slot is on its way to this node: each call says that it knows.
  bool asking = false;

  // As RedisClient's; kUnreachable where there is no node.
  absl::Status Send(const RedisCommand& command, RedisClient::Done done) const;
  absl::StatusOr<RedisReply> Call(const RedisCommand& command) const;
};

}  // namespace fenfen
