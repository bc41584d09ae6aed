// Follower: for a journal that other servers write too. It brings every partition's transactions to the projections in the order of their
// numbers, each once, whoever wrote them, and says how far all is durable.
//
//   own transactions, durable → Show ─► next in line? → projections → durable → reply
//                                  └──► others lie before them: they wait, and the follower's thread is woken
//   the thread: what is known to be missing (woken), what was missing a look ago (the heads, every `poll`) → Journal::ReadRanges →
//   projections → durable → the own ones that now follow, from memory
//
// So a server that writes alone reads nothing back: what it has just made durable is told to it before the second look. Memory holds what
// waits, whose callers the server limits, and one entry that was read.
//
// What is never journaled is waited for no longer than `patience`: then OUTCOME_UNKNOWN.
//
// Thread-safe. `done`s run on the journal's threads or the follower's; they must be short and must not call Stop.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/core/projection.h"
#include "ledger/engine/durability.h"
#include "ledger/journal/journal.h"

namespace fenfen {

struct FollowerOptions {
  // How often it is asked how far the journal is.
  absl::Duration poll = absl::Milliseconds(100);
  // How long something that is not journaled is waited for.
  absl::Duration patience = absl::Seconds(30);
  // Told why the journal cannot be followed, once each time, and OK when it can be again. On the follower's thread; must be short.
  std::function<void(const absl::Status&)> report = [](const absl::Status&) {};
};

class Follower {
 public:
  using Done = absl::AnyInvocable<void(absl::Status) &&>;
  // Transactions of one partition, in their order; they stay where they are until `done` runs.
  using Own = std::vector<const CommittedTransaction*>;

  // Everything given outlives it. `shown`: how far the projections are.
  Follower(Journal& journal, const std::vector<Projection*>& projections, Durability& durability, const SequenceVector& shown,
           FollowerOptions options);
  ~Follower() { Stop(); }

  // This server has handed the journal its transactions up to `last`, and will be told: nobody needs to look for them.
  void NoteAppended(PartitionId partition, PartitionSeq last);
  // Shows what this server made durable, and runs `done` when it is shown; OUTCOME_UNKNOWN where what lies before it cannot be read.
  void Show(PartitionId partition, Own own, Done done);
  // Somebody saw `seq` in the State and waits until it is durable.
  void Want(PartitionId partition, PartitionSeq seq);
  // Up to `seq` the partition is in the journal: it is read and shown soon, even what this server has appended.
  void Fetch(PartitionId partition, PartitionSeq seq);
  // Waits for nothing any more: what waits is told OUTCOME_UNKNOWN. A second call does nothing.
  void Stop();

  absl::Duration patience() const { return options_.patience; }

  struct Figures {
    uint64_t followed = 0;  // transactions read from the journal
    uint64_t behind = 0;    // transactions that were there a look ago and are not shown
    absl::Duration lag;     // since all that was there was shown
  };
  Figures figures() const;

 private:
  // Own transactions, the first `next` of which are shown.
  struct Waiting {
    Own own;
    size_t next = 0;
    Done done;
    absl::Time give_up;
  };
  struct Partition {
    absl::Mutex mutex;  // held while the projections take a transaction of the partition, so they come in order
    uint64_t shown ABSL_GUARDED_BY(mutex) = 0;
    uint64_t wanted ABSL_GUARDED_BY(mutex) = 0;
    absl::Time want_until ABSL_GUARDED_BY(mutex) = absl::InfinitePast();
    // By the number of the first that is not shown.
    std::multimap<uint64_t, Waiting> waiting ABSL_GUARDED_BY(mutex);
    std::atomic<uint64_t> appended = 0;
  };

  void Loop();
  absl::Status Look(absl::Time now);
  std::vector<Journal::Range> Missing();
  absl::Status Take(const JournalEntry& entry);
  void Apply(Partition& of, const CommittedTransaction& transaction) ABSL_EXCLUSIVE_LOCKS_REQUIRED(of.mutex);
  std::vector<Done> Advance(Partition& of) ABSL_EXCLUSIVE_LOCKS_REQUIRED(of.mutex);
  void Tell(PartitionId partition, uint64_t shown, std::vector<Done> dones);
  void EndOverdue(absl::Time now);
  void Note(const absl::Status& status);
  void Nudge();
  // False at the end.
  bool SleepUntil(absl::Time time, bool unless_nudged);

  Journal& journal_;
  const std::vector<Projection*>& projections_;
  Durability& durability_;
  const FollowerOptions options_;
  std::array<Partition, kPartitions> partitions_;

  // The thread's own.
  SequenceVector heads_;    // at the last look
  SequenceVector targets_;  // at the look before
  size_t first_ = 0;        // the partition that is read first, so that each has its turn
  absl::Status reported_;

  std::atomic<uint64_t> followed_ = 0;
  std::atomic<uint64_t> behind_ = 0;
  mutable absl::Mutex mutex_;
  bool nudged_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time caught_up_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses the others
};

}  // namespace fenfen
