// The Redis Cluster of a demo: six nodes of Debian's redis-server on loopback, three masters with a replica each.
//
// They are made anew at every start: the journal gives back what was in them. A node that ends by itself stays away longer than its replica
// needs to take over, and comes back as that one's replica.
//
// Not thread-safe; main thread.
#ifndef FENFEN_CLIENTS_CTL_DEMO_REDIS_NODES_H_
#define FENFEN_CLIENTS_CTL_DEMO_REDIS_NODES_H_

#include <atomic>

#include "absl/status/status.h"
#include "clients/ctl/demo/services.h"
#include "clients/ctl/demo/workspace.h"

namespace fenfen::ctl {

inline constexpr size_t kRedisNodes = 6;

// Starts redis-1 to redis-6 among `services` and joins them; returns when all slots are served and every replica follows. `ports` has
// kRedisNodes of `redis` and `redis_bus`.
absl::Status StartRedisNodes(const Workspace& workspace, const DemoPorts& ports, Services* services, const std::atomic<bool>& stop);

// The nodes that are masters now, by asking each; 0 is redis-1.
std::vector<size_t> RedisMasters(const Workspace& workspace, const DemoPorts& ports, const std::atomic<bool>& stop);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_REDIS_NODES_H_
