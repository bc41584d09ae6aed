// PartitionRepair: the fence's other half. It makes what a Redis holds of a closed partition the journal's state again, and opens it.
//
//   journal: everything told is durable → Redis: where is it? → what Redis committed and nobody journaled goes into the journal, in order →
//   what the journal has and Redis has not goes into Redis → open, if Redis is now exactly there
//
// Redis is never trusted: where it has nothing, or another history than the journal (the outbox has other bytes, or the journal's tail does
// not follow from it), the partition is begun anew. Only where Redis can prove that the journal has lost something, nothing is done: then
// people must look.
//
// Used by one thread; blocks on Redis and on the journal.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/state/redis/journal_tail.h"
#include "ledger/state/redis/redis_client.h"
#include "ledger/state/redis/redis_functions.h"

namespace fenfen {

// What a repair did.
struct RepairReport {
  bool began_anew = false;
  uint64_t restored = 0;  // transactions that Redis lacked
  uint64_t swept = 0;     // transactions that the journal lacked
};

class PartitionRepair {
 public:
  PartitionRepair(PartitionId partition, const PartitionKeys& keys, RedisClient& client, RedisClient::SessionId session, JournalTail& tail);

  // The token that opens the partition. A RedisError, after which the next session or a moment may do better; kForeign where the keys are
  // another journal's; DATA_LOSS where the journal lacks what it once had.
  absl::StatusOr<FenceToken> Run();
  const RepairReport& report() const { return report_; }

 private:
  // How far the partition is in Redis.
  struct Place {
    bool there = false;
    PartitionSeq last;
    PartitionSeq settled;
  };
  absl::StatusOr<Place> Look();
  // The outbox's transactions after `place.settled`.
  absl::StatusOr<std::vector<std::string>> ReadOutbox(const Place& place);
  // Whether the outbox's transactions up to `durable` are the journal's.
  absl::StatusOr<bool> Agrees(const Place& place, const std::vector<std::string>& outbox, PartitionSeq durable);
  absl::StatusOr<Place> BeginAnew();
  absl::Status Restore(PartitionSeq from, PartitionSeq to);
  absl::StatusOr<FenceToken> Open(PartitionSeq last);

  const PartitionId partition_;
  const PartitionKeys& keys_;
  RedisClient& client_;
  const RedisClient::SessionId session_;
  JournalTail& tail_;
  RepairReport report_;
};

// Redoes transactions, which come after `last`, in a partition. DATA_LOSS where one does not follow.
absl::Status RestoreTransactions(RedisClient& client, RedisClient::SessionId session, const PartitionKeys& keys, uint64_t journal,
                                 PartitionSeq last, const std::vector<Transaction>& transactions);

}  // namespace fenfen
