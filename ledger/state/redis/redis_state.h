// RedisState: the State whose records and balances lie in Redis, where other programs can read them (docs/formats/redis.md). Redis is not
// trusted to keep anything: the journal gives back what it loses.
//
//   Execute → RedisPartition (redis_partition.h) → RedisClient (redis_client.h) → fenfen.lua in Redis
//   the keeper's thread: sees to the function library, repairs and opens closed partitions (partition_repair.h), drops what is journaled,
//   journals what was left behind; another thread ends the waiting of works whose patience is over
//
// A partition lies in one Redis, or in that master of a Redis Cluster that has its slot (redis_cluster.h). A commit is in the partition's
// outbox until the journal has it, and the keeper finds out from JournalTail. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "ledger/state/redis/journal_tail.h"
#include "ledger/state/redis/partition_repair.h"
#include "ledger/state/redis/redis_cluster.h"
#include "ledger/state/redis/redis_partition.h"
#include "ledger/state/redis/redis_state_options.h"
#include "ledger/state/state.h"

namespace fenfen {

class RedisState final : public State {
 public:
  // Begins to connect, and to open partitions: as long as `tail` is not ready to give and take, they stay closed and everything waits.
  // `options.deployment` must be a name; `tail` outlives the State.
  RedisState(RedisStateOptions options, JournalTail& tail);
  // Works that wait are ended with SHUTTING_DOWN or, where they may have been committed, OUTCOME_UNKNOWN.
  ~RedisState() override;

  // Waits until all partitions are open. What does not mend by itself is told at once: wrong password, version or library, another
  // journal's keys, a journal that has lost something or has to be brought back from an archive. Else, after the time-out, why it is not
  // done yet; it goes on trying.
  absl::Status AwaitOpen(absl::Duration timeout);
  // OK while all partitions are open; else the last thing that went wrong.
  absl::Status Condition() const;

  // `done` gets STORE_UNAVAILABLE where the partition is closed for longer than its patience, STORAGE_FULL where Redis takes no writes,
  // OVERLOADED where too much waits or others keep changing what is decided on, and OUTCOME_UNKNOWN where the work may have been committed:
  // then the same request key tells, later.
  void Execute(PartitionId partition, std::vector<Work> works, Done done) override;
  bool OutlivesProcess() const override { return true; }
  // Blocks for a round trip for each thing that `reader` asks for, and while the partition is closed, up to its patience; then it is
  // STORE_UNAVAILABLE, and `reader` does not run. Where the partition changes meanwhile, `reader` runs again: its last run counts.
  absl::Status Read(PartitionId partition, absl::FunctionRef<void(const View&, PartitionSeq last)> reader) const override;
  absl::Status Apply(PartitionId partition, PartitionSeq seq, const Transaction& transaction) override;
  absl::StatusOr<Digest> DigestOf(PartitionId partition) const override;

  // Asks the keeper to journal what only Redis has of an open partition (its server was killed, or is late), and returns. Any number of
  // servers may do so at once; where there is nothing to journal, or the partition is closed and will be repaired anyway, nothing happens.
  void Sweep(PartitionId partition);

  // What the keeper has done so far.
  struct Figures {
    uint64_t sessions = 0;
    uint64_t repairs = 0;
    uint64_t joined = 0;  // of those: another server had the partition open
    uint64_t began_anew = 0;
    uint64_t restored = 0;
    uint64_t swept = 0;
  };
  Figures figures() const;

 private:
  class LazyView;

  void Keep();
  void EndPatience();
  void Nudge();
  // One round of the keeper; false where something is left to do soon.
  bool KeepOnce();
  absl::Status PrepareNode(RedisNode& node);
  absl::Status Tend(RedisPartition& partition);
  // How a partition is to be spoken to; where that is not possible now, why.
  absl::StatusOr<RedisRoute> RouteOf(const RedisPartition& partition);
  absl::Status Repair(RedisPartition& partition, const RedisRoute& route);
  absl::Status SweepOpen(RedisPartition& partition);
  void TakeFault(const RedisRoute& route, const absl::Status& status);

  const RedisStateOptions options_;
  JournalTail& tail_;
  std::atomic<size_t> waiting_works_{0};  // in all partitions
  std::unique_ptr<RedisCluster> cluster_;
  std::array<std::unique_ptr<RedisPartition>, kPartitions> partitions_;

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool nudged_ ABSL_GUARDED_BY(mutex_) = false;
  bool all_open_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status problem_ ABSL_GUARDED_BY(mutex_);
  Figures figures_ ABSL_GUARDED_BY(mutex_);

  std::array<std::atomic<bool>, kPartitions> sweep_wanted_{};

  // The keeper's own.
  struct Care {
    RepairMemory memory;
    std::shared_ptr<RedisNode> asking;  // the slot is on its way there
    SteadyTime asking_until;
    SteadyTime next_sweep;
    SteadyTime next_repair;
    absl::Duration rest;   // before it
    absl::Status problem;  // that it is to overcome
  };
  std::array<Care, kPartitions> care_;
  const std::string name_;  // that no other State has
  SteadyTime round_;        // when it began
  SteadyTime next_sweep_;
  std::thread keeper_;
  std::thread patience_;
};

}  // namespace fenfen
