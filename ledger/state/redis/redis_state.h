// RedisState: the State whose records and balances lie in Redis, where other programs can read them (docs/formats/redis.md). Redis is not
// trusted to keep anything: the journal gives back what it loses.
//
//   Execute → RedisPartition (redis_partition.h) → RedisClient (redis_client.h) → fenfen.lua in Redis
//   the keeper's thread: sees to the function library, repairs and opens closed partitions (partition_repair.h), drops what is journaled
//
// A commit is in the partition's outbox until the journal has it, and the keeper finds out from JournalTail. Thread-safe.
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
#include "ledger/state/redis/redis_client.h"
#include "ledger/state/redis/redis_partition.h"
#include "ledger/state/redis/redis_state_options.h"
#include "ledger/state/state.h"

namespace fenfen {

class RedisState final : public State {
 public:
  // Begins to connect, and to open partitions: as long as `tail` is not ready to give and take, they stay closed and everything waits.
  // `options.deployment` must be a name; `tail` outlives the State.
  RedisState(RedisStateOptions options, JournalTail& tail);
  // Works that wait are ended with OVERLOADED or, where they may have been committed, OUTCOME_UNKNOWN.
  ~RedisState() override;

  // Waits until all partitions are open. What does not mend by itself is told at once: wrong password, version or library, another
  // journal's keys, a journal that has lost something. Else, after the time-out, why it is not done yet; it goes on trying.
  absl::Status AwaitOpen(absl::Duration timeout);
  // OK while all partitions are open; else the last thing that went wrong.
  absl::Status Condition() const;

  // `done` gets OVERLOADED where the partition is closed for longer than its patience, STORAGE_FULL where Redis takes no writes, and
  // OUTCOME_UNKNOWN where the work may have been committed: then the same request key tells, later.
  void Execute(PartitionId partition, std::vector<Work> works, Done done) override;
  bool OutlivesProcess() const override { return true; }
  // Blocks for a round trip for each thing that `reader` asks for, and while the partition is closed, up to its patience; then `reader`
  // does not run. Where the partition changes meanwhile, `reader` runs again: its last run counts.
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
    uint64_t began_anew = 0;
    uint64_t restored = 0;
    uint64_t swept = 0;
  };
  Figures figures() const;

 private:
  class LazyView;

  // Which connection leads to a partition: the one place that knows how many there are.
  RedisClient& ClientOf(PartitionId) const { return *client_; }

  void Keep();
  void Nudge();
  // One round of the keeper; false where something is left to do soon.
  bool KeepOnce();
  bool PrepareSession(RedisClient::SessionId session);
  absl::Status Repair(RedisPartition& partition, RedisClient::SessionId session);
  void TakeFault(const absl::Status& status);
  void CloseAll();
  void Note(const absl::Status& status);

  const RedisStateOptions options_;
  JournalTail& tail_;
  std::atomic<size_t> waiting_works_{0};  // in all partitions
  std::unique_ptr<RedisClient> client_;
  std::array<std::unique_ptr<RedisPartition>, kPartitions> partitions_;

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool nudged_ ABSL_GUARDED_BY(mutex_) = false;
  bool all_open_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status problem_ ABSL_GUARDED_BY(mutex_);
  Figures figures_ ABSL_GUARDED_BY(mutex_);

  // What a fault tells the keeper.
  std::atomic<bool> library_doubtful_{false};
  std::atomic<bool> replica_{false};
  std::array<std::atomic<bool>, kPartitions> sweep_wanted_{};

  // The keeper's own.
  RedisClient::SessionId prepared_ = 0;  // the session whose server has our library
  std::string replid_;
  SteadyTime next_look_;
  std::thread keeper_;
};

}  // namespace fenfen
