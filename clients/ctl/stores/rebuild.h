// Rebuilding a Redis or a Redis Cluster from the journal: each partition is taken away, restored from the journal and opened, and what lies
// there then is compared with a fold of the journal, by digest. Redis is no truth, so nothing can be lost by it.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/ctl/stores/journal_copy.h"
#include "clients/ctl/stores/redis_books.h"
#include "ledger/journal/journal.h"
#include "ledger/state/redis/redis_state_options.h"

namespace fenfen::ctl {

struct RebuildOptions {
  bool dry_run = false;  // compares what is there, and changes nothing
  // Also where Redis has transactions that the journal lacks. Nobody was told that they were done, and they are gone then; a server that
  // starts journals them instead.
  bool although_ahead = false;
  absl::Duration timeout = absl::Minutes(10);  // for restoring
  std::function<void(const std::string&)> say = [](const std::string&) {};
};

// Of partitions, by what they were before.
struct RebuildReport {
  int equal = 0;                    // are the fold of the journal: before, in a dry run; else afterwards
  int further = 0;                  // afterwards: a server has written to them meanwhile
  std::vector<uint16_t> missing;    // were not there
  std::vector<uint16_t> different;  // were there and were not the journal's state
  uint64_t transactions_ahead = 0;  // were in Redis and not in the journal
  uint64_t transactions = 0;        // in the journal
};

// FAILED_PRECONDITION where the keys are another journal's, or Redis is ahead of the journal; DATA_LOSS where the journal does not hold
// together, or what was restored is not its fold; errors of Redis and of the journal.
absl::StatusOr<RebuildReport> Rebuild(Journal& journal, const RedisStateOptions& redis, const RebuildOptions& options);

}  // namespace fenfen::ctl
