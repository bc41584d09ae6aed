// PartitionRepair: the fence's other half. It makes what a Redis holds of a closed partition the journal's state again, and opens it; or,
// where another server has it open already, joins.
//
//   journal: which term, how far? → Redis: open under that term, and not behind? → join, changing nothing
//   else: claim the next term (what older terms committed can be journaled no more) → close it in Redis → what Redis committed and nobody
//   journaled goes into the journal, in order → what the journal has and Redis has not goes into Redis → open, if Redis is now exactly
//   there
//
// Redis is never trusted: where it has nothing, was not the one that was open under the journal's last term, or has another history than
// the journal (the outbox has other bytes, or the journal's tail does not follow from it), the partition is begun anew. Only where Redis
// can prove that the journal has lost something, nothing is done: then people must look.
//
// Where one process alone writes the journal there is one term, 0, and nobody to join. docs/formats/redis.md, "Terms, joining, sweeping",
// says why no second history can come of any of this.
//
// Used by one thread; blocks on Redis and on the journal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/state/redis/journal_tail.h"
#include "ledger/state/redis/redis_functions.h"
#include "ledger/state/redis/redis_node.h"

namespace fenfen {

// What a repair did.
struct RepairReport {
  bool joined = false;
  bool began_anew = false;
  uint64_t restored = 0;  // transactions that Redis lacked
  uint64_t swept = 0;     // transactions that the journal lacked
};

// What a server remembers of a partition from one repair to the next.
struct RepairMemory {
  // It has claimed the terms after `claimed_from` up to `claimed_to`, and nobody has opened anything under them.
  uint64_t claimed_from = 0;
  uint64_t claimed_to = 0;
  bool shown = false;  // a Redis may know of `claimed_to`
  // What is being waited for, and until when.
  struct Wait {
    std::string what;
    SteadyTime until;
  };
  Wait for_repairer;
  Wait for_claimer;
};

class PartitionRepair {
 public:
  // What the State knows. `repairer`: a name of it that no other State has.
  struct Knowledge {
    PartitionSeq told;         // the last commit that it has told
    SteadyTime awaited_until;  // until then it may be waited for that to become durable
    const std::string& repairer;
  };
  // `memory` is the partition's.
  PartitionRepair(PartitionId partition, const PartitionKeys& keys, const RedisRoute& route, JournalTail& tail, const Knowledge& knowledge,
                  RepairMemory& memory);

  // The token that opens the partition. A RedisError, after which the next session or a moment may do better; kForeign where the keys are
  // another journal's; DATA_LOSS where the journal lacks what it once had.
  absl::StatusOr<FenceToken> Run();
  const RepairReport& report() const { return report_; }

 private:
  absl::StatusOr<Place> Look();
  // The token where it is open already; nothing where it is to be claimed.
  absl::StatusOr<std::optional<FenceToken>> TryJoin(const JournalTail::Head& head);
  // True while somebody else is to be given time for what he seems to be about.
  static bool Awaits(RepairMemory::Wait& wait, std::string what);
  // Says in Redis that this server is going to repair it; false where another was quicker.
  absl::StatusOr<bool> Intend(const Place& place);
  // Waits a little, so that what this State has told is durable before its term is over.
  void AwaitTold() const;
  // The term under which to repair, and how far the journal is for all older ones.
  absl::StatusOr<JournalTail::Head> Claim(const JournalTail::Head& head);
  // Closes it in Redis for that term.
  absl::StatusOr<Place> Close(const JournalTail::Head& claimed);
  absl::StatusOr<FenceToken> Join(const Place& place, const JournalTail::Head& head);
  absl::StatusOr<FenceToken> Mend(Place place, const JournalTail::Head& claimed);
  absl::Status LostBy(PartitionSeq durable, const Place& place) const;
  // The outbox's transactions after `place.settled`.
  absl::StatusOr<std::vector<std::string>> ReadOutbox(const Place& place);
  // Whether the outbox's transactions up to `durable` are the journal's.
  absl::StatusOr<bool> Agrees(const Place& place, const std::vector<std::string>& outbox, PartitionSeq durable);
  absl::StatusOr<Place> BeginAnew(uint64_t term);
  absl::Status Restore(uint64_t term, PartitionSeq from, PartitionSeq to);
  absl::StatusOr<FenceToken> Open(uint64_t term, PartitionSeq last);

  const PartitionId partition_;
  const PartitionKeys& keys_;
  const RedisRoute& route_;
  JournalTail& tail_;
  const Knowledge knowledge_;
  RepairMemory& memory_;
  bool waited_ = false;  // for who might have been repairing it, and he was not
  absl::BitGen random_;
  RepairReport report_;
};

// Redoes transactions, which come after `last`, in a partition. DATA_LOSS where one does not follow.
absl::Status RestoreTransactions(const RedisRoute& route, const PartitionKeys& keys, uint64_t journal, uint64_t term, PartitionSeq last,
                                 const std::vector<Transaction>& transactions);

// Journals under `term` what the outbox has after `durable` at this moment, a part at a time, and gives how many that were. `opening` may
// be empty: whatever the partition is open by. Others may do the same; what is journaled by then is passed over. DATA_LOSS where the outbox
// has what is no transaction.
absl::StatusOr<uint64_t> SweepOutbox(const RedisRoute& route, const PartitionKeys& keys, PartitionId partition, const std::string& opening,
                                     JournalTail& tail, uint64_t term, PartitionSeq durable);

}  // namespace fenfen
