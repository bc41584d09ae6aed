// RedisCounters: leaderboards and roll-ups in Redis, for other programs to read (docs/formats/redis.md, "Counters"). They are counted from
// the journal, afterwards; nothing of the ledger rests on them, and where Redis has lost them they are counted again.
//
//   PartitionSeq counted = counters.Counted(partition)               begins anew where Redis has none
//   counters.Add(partition, counted + 1, last, changes)              all of a stretch of the journal at once, or nothing
//
// Invariant: a partition's counters are the sum over its transactions 1 to `counted`, each once, whoever adds them and however often.
// A connection of its own to each Redis; every call blocks for a round trip or a few. For one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/core/ids.h"
#include "ledger/state/redis/partition_keys.h"
#include "ledger/state/redis/redis_cluster.h"
#include "ledger/state/redis/redis_state_options.h"

namespace fenfen {

// Something to add to a counter.
struct CounterChange {
  enum class Kind { kBoard, kRollup };  // a sorted set, a hash
  Kind kind = Kind::kRollup;
  std::string name;    // "2026-06:regions/zc": what follows "board:" or "rollup:" in the key; no braces
  std::string member;  // of the sorted set, or the hash's field
  int64_t delta = 0;
  absl::Time expires;  // when the whole key may go
};

class RedisCounters {
 public:
  // In one Add.
  static constexpr size_t kChangesMax = 8192;

  // Begins to connect. `journal_id`: Journal::Id of what is counted; counters of another are begun anew.
  RedisCounters(const RedisStateOptions& options, uint64_t journal_id);

  // How far a partition is counted. UNAVAILABLE where Redis cannot be asked.
  absl::StatusOr<PartitionSeq> Counted(PartitionId partition);

  // Adds the changes of the transactions `first` to `last`. ABORTED where Redis is not at `first` - 1 (another counts too, or it was
  // emptied): ask Counted again. UNAVAILABLE where Redis cannot be asked; whether it was done is then seen by Counted.
  absl::Status Add(PartitionId partition, PartitionSeq first, PartitionSeq last, const std::vector<CounterChange>& changes);

 private:
  absl::StatusOr<RedisReply> Call(const PartitionKeys& keys, const RedisCommand& command);
  absl::StatusOr<RedisRoute> RouteOf(uint16_t slot);
  static absl::Status EnsureLibrary(const RedisRoute& route);
  absl::Status BeginAnew(const PartitionKeys& keys);
  absl::Status Forget(const PartitionKeys& keys, const std::string& token);

  const std::string deployment_;
  const std::string journal_id_;
  const std::string name_;  // that no other has
  uint64_t tokens_ = 0;
  RedisCluster cluster_;
};

}  // namespace fenfen
