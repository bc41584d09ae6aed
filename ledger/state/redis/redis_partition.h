// RedisPartition: one partition's way to Redis. Start here to understand a commit.
//
//   Execute → queue → (load what is not in the cache) → decide up to 64 works → one FCALL → results → done, in the sequence's order
//
// One call of the partition is under way at a time, so its commits have one order; partitions do not wait for one another. Outcomes are
// told after the next call is on its way, so that Redis does not wait for whoever hears them. Where Redis says that something a decision
// looked at has changed (another server wrote), that work and those after it are loaded and decided again.
//
// A partition is open or closed. It is open after the keeper has found, in this session of the connection, that this Redis has all of the
// journal (partition_repair.h); whatever makes that doubtful closes it: a lost connection, a missing key, a lost sequence number. While it
// is closed works wait, up to their patience. A work whose call was lost on the way is looked up by its request key when the partition
// opens again, before anything else happens: by then the keeper has journaled whatever Redis had committed, so it is found as a repetition.
//
// Thread-safe. `decide` and `done` run under the partition's lock, on the caller's or the client's thread.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "ledger/state/redis/decision.h"
#include "ledger/state/redis/journal_tail.h"
#include "ledger/state/redis/partition_cache.h"
#include "ledger/state/redis/redis_fault.h"
#include "ledger/state/redis/redis_node.h"
#include "ledger/state/redis/redis_state_options.h"

namespace fenfen {

class RedisPartition {
 public:
  // What a call must name.
  struct Access {
    RedisRoute route;
    FenceToken fence;
  };
  // Told, under the lock, when a call by that route has failed and the partition has closed.
  using OnFault = std::function<void(const RedisRoute&, const absl::Status&)>;

  // `waiting_works` counts the works of all partitions that wait.
  RedisPartition(PartitionId id, const RedisStateOptions& options, const JournalTail& tail, std::atomic<size_t>& waiting_works,
                 OnFault on_fault);

  void Execute(std::vector<State::Work> works, State::Done done);

  // Waits until the partition is open; STORE_UNAVAILABLE after the patience.
  absl::StatusOr<Access> AwaitOpen() const;
  bool is_open() const;
  // A call past the queue has failed: the partition closes, unless it has been opened anew since.
  void Doubt(const Access& access, const absl::Status& why);
  const PartitionKeys& keys() const { return keys_; }
  PartitionId id() const { return id_; }
  // Forgets what it knows of the contents: someone has changed them past it, up to `last`.
  void Forget(PartitionSeq last);

  // The keeper's.
  void Close();
  // Closes it where it is open by a session that is over.
  void CloseIfSessionOver();
  // Closes it where it is open by that node.
  void CloseIfBy(const RedisNode& node);
  // What it is open by; nothing where it is closed.
  std::optional<Access> access() const;
  // The last commit that this State has told.
  PartitionSeq told() const;
  // True where the partition is closed and nothing of it is under way: it may be repaired.
  bool BeginRepair();
  void Open(Access access);
  // Ends the waiting of works whose patience is over, while the partition is closed: with `why`, or OUTCOME_UNKNOWN where they may have
  // been committed.
  void GiveUp(SteadyTime now, const absl::Status& why);
  // Drops from the outbox what is journaled by now, where no commit is about to do it.
  void SettleIdle();
  // Asks where Redis is, unless it was asked lately (options.glance_every). It does not wait; where it finds the partition not open, that
  // closes.
  void Glance(SteadyTime now);
  // Whether two such looks, one after the other, have found the same transaction in the outbox; then the looks begin again.
  bool LeftBehind();

 private:
  struct Request {
    std::vector<State::Work> works;
    State::Done done;
    SteadyTime deadline;
    std::vector<absl::StatusOr<ExecuteResult>> results;  // of the first works
    bool unknown = false;                                // some of it may have been committed
    int attempts = 0;                                    // that found something changed
  };
  // A work of the batch under way.
  struct Item {
    Request* request;
    State::Work* work;
    bool repetition = false;  // its request key was known when it was asked for
    std::optional<absl::StatusOr<Transaction>> decided;
    std::optional<absl::StatusOr<ExecuteResult>> result;
  };

  void Step() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Copies from the cache into the tables; true where something is missing there.
  bool Missing(std::vector<RecordKey>& records, std::vector<AccountId>& accounts) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendLoad(std::vector<RecordKey> records, std::vector<AccountId> accounts) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeLoaded(const std::vector<RecordKey>& records, const std::vector<AccountId>& accounts, absl::StatusOr<RedisReply> reply)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void DecideAndSend() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeCommitted(absl::StatusOr<RedisReply> reply) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether they can be what the library says to the commit under way.
  bool Fit(const std::vector<Verdict>& verdicts) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeVerdict(Item& item, const Verdict& verdict) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeChanged(size_t from) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Sends what can be sent and then tells what is finished: the end of whatever may have finished something.
  void GoOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fail(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseFor(const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeGlance(const Access& access, absl::StatusOr<RedisReply> reply) ABSL_LOCKS_EXCLUDED(mutex_);
  static absl::StatusOr<ExecuteResult> RepetitionOf(const RequestKey& key, const Verdict& verdict);

  const PartitionId id_;
  const RedisStateOptions& options_;
  const JournalTail& tail_;
  std::atomic<size_t>& waiting_works_;
  const OnFault on_fault_;
  const PartitionKeys keys_;

  mutable absl::Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  Access access_ ABSL_GUARDED_BY(mutex_);
  std::deque<Request> queue_ ABSL_GUARDED_BY(mutex_);
  std::deque<Request> finished_ ABSL_GUARDED_BY(mutex_);  // in their order; told before the lock is given back
  PartitionCache cache_ ABSL_GUARDED_BY(mutex_);
  PartitionSeq settled_ ABSL_GUARDED_BY(mutex_);  // asked to be dropped from the outbox
  PartitionSeq told_ ABSL_GUARDED_BY(mutex_);
  SteadyTime next_glance_ ABSL_GUARDED_BY(mutex_);
  PartitionSeq glanced_ ABSL_GUARDED_BY(mutex_);  // where Redis was; 0 where the outbox was empty
  bool left_behind_ ABSL_GUARDED_BY(mutex_) = false;

  // The batch under way.
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool ask_keys_ ABSL_GUARDED_BY(mutex_) = false;  // look the request keys up before deciding: repetitions are to be expected
  std::vector<Item> batch_ ABSL_GUARDED_BY(mutex_);
  size_t sent_ ABSL_GUARDED_BY(mutex_) = 0;  // so many items, the first ones, are in the commit
  DecisionTables tables_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
