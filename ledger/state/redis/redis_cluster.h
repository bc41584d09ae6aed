// RedisCluster: which Redis a slot lies in. One RedisClient for each master, and a map of the slots that is asked for again when a node
// says that it is out of date or does not answer. Without seeds there is one Redis, and all slots lie in it.
//
//   node = cluster.NodeOf(keys.slot())   … MOVED → TakeMoved(redirection, node)   … ASK → NodeAt(redirection, node)
//
// The map is what some node believes. It may be wrong for a while (a master that came back and has not heard), so nothing rests on it but
// whom to ask first: the fence says whether a partition may be written there (partition_repair.h).
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "ledger/state/redis/redis_fault.h"
#include "ledger/state/redis/redis_node.h"
#include "ledger/state/redis/redis_options.h"
#include "ledger/state/redis/redis_reply.h"

namespace fenfen {

// Slots that lie in one master.
struct SlotRange {
  uint16_t first = 0;
  uint16_t last = 0;
  RedisEndpoint master;
};
// What CLUSTER SLOTS answers. A node that does not know its own address has that of `asked`. INTERNAL where it is not such an answer.
absl::StatusOr<std::vector<SlotRange>> ParseSlots(RedisValue reply, const RedisEndpoint& asked);

class RedisCluster {
 public:
  // Begins to connect. `on_change` runs, on any thread, after a session has begun or ended, and when the map is new.
  RedisCluster(RedisOptions options, std::function<void()> on_change);
  ~RedisCluster();

  // Where a slot lies; nullptr while that is not known.
  std::shared_ptr<RedisNode> NodeOf(uint16_t slot) const;
  // Why that is not known.
  absl::Status status() const;
  // Every node that there is a client for.
  std::vector<std::shared_ptr<RedisNode>> nodes() const;

  // What `from` has said of a slot: that it lies elsewhere, by a map that is newer than ours; and who is to be asked about it once.
  void TakeMoved(const Redirection& redirection, const RedisNode& from);
  std::shared_ptr<RedisNode> NodeAt(const Redirection& redirection, const RedisNode& from);
  // Asks for the map, soon: at most ten times a second.
  void WantMap();
  // Ends the clients of nodes that are in no map and that nobody uses any more. For one thread, which is none of a client's.
  void Retire();
  // Ends all sessions, for good.
  void Stop();

 private:
  std::shared_ptr<RedisNode> NodeFor(const RedisEndpoint& endpoint) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  RedisEndpoint EndpointOf(const Redirection& redirection, const RedisNode& from) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void KeepMap();
  absl::StatusOr<std::vector<SlotRange>> AskForMap(const RedisEndpoint& endpoint) const;
  std::vector<RedisEndpoint> Candidates() const;
  void TakeMap(const std::vector<SlotRange>& ranges);

  struct Range {
    uint16_t last;
    std::shared_ptr<RedisNode> node;
  };

  const RedisOptions options_;
  const std::function<void()> on_change_;
  const int wake_fd_;
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool wanted_ ABSL_GUARDED_BY(mutex_) = true;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  struct Known {
    RedisEndpoint endpoint;
    std::shared_ptr<RedisNode> node;
  };
  std::map<std::string, Known> nodes_ ABSL_GUARDED_BY(mutex_);                               // by their written endpoint
  std::map<uint16_t, Range> ranges_ ABSL_GUARDED_BY(mutex_);                                 // by their first slot
  absl::flat_hash_map<uint16_t, std::shared_ptr<RedisNode>> moved_ ABSL_GUARDED_BY(mutex_);  // since the map
  std::thread mapper_;
};

}  // namespace fenfen
