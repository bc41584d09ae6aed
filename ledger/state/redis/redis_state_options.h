// The settings of a Redis State, and its limits.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "ledger/state/redis/redis_options.h"

namespace fenfen {

struct RedisStateOptions {
  RedisOptions redis;
  // Begins all keys, so that several deployments can share a Redis; IsDeploymentName.
  std::string deployment = "fenfen";
  // How long a work or a read waits for a partition that is closed.
  absl::Duration patience = absl::Seconds(3);
  // Works that may wait, in all partitions together.
  size_t waiting_works_max = 65'536;
  // How often an open partition is looked at, where others write it too: whether something was left behind in it.
  absl::Duration glance_every = absl::Seconds(1);
  // Records that each partition keeps copies of, at least.
  size_t cached_records = 2048;
};

}  // namespace fenfen
