// MemoryState: the State of an embedded engine. Everything is in hash maps, one set a partition, each under its own lock; a commit is a
// function call under that lock. What a restart loses, the journal gives back.
#pragma once

#include <array>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "ledger/state/state.h"

namespace fenfen {

class MemoryState final : public State {
 public:
  // Runs both on the caller's thread: `decide`, and `done` for a commit, under the partition's lock.
  void Execute(PartitionId partition, const ReadSet& reads, const RequestKey& key, uint64_t fingerprint, Decide decide, Done done) override;
  void Read(PartitionId partition, absl::FunctionRef<void(const View&, PartitionSeq last)> reader) const override;
  absl::Status Apply(PartitionId partition, PartitionSeq seq, const Transaction& transaction) override;
  absl::StatusOr<Digest> DigestOf(PartitionId partition) const override;

 private:
  struct StoredRecord {
    PartitionSeq version;
    std::string bytes;
  };
  struct RememberedKey {
    uint64_t fingerprint = 0;
    PartitionSeq seq;
  };
  struct Partition {
    mutable absl::Mutex mutex;
    PartitionSeq last ABSL_GUARDED_BY(mutex);
    absl::flat_hash_map<RecordKey, StoredRecord> records ABSL_GUARDED_BY(mutex);
    absl::flat_hash_map<AccountId, Points> accounts ABSL_GUARDED_BY(mutex);
    absl::flat_hash_map<RequestKey, RememberedKey> keys ABSL_GUARDED_BY(mutex);
  };
  class PartitionView;

  // Execute under the lock. Has run `done` where the result is Committed, and left it to the caller otherwise.
  absl::StatusOr<ExecuteResult> Attempt(Partition& partition, const RequestKey& key, uint64_t fingerprint, Decide& decide, Done& done);
  // Whether the transaction follows from the partition as it is: the versions it replaces, the bounds of the accounts.
  static absl::Status CheckFollows(const Partition& partition, const Transaction& transaction) ABSL_SHARED_LOCKS_REQUIRED(partition.mutex);
  // Makes the change. Cannot fail: CheckTransaction and CheckFollows went before.
  static void Commit(Partition& partition, PartitionSeq seq, const Transaction& transaction) ABSL_EXCLUSIVE_LOCKS_REQUIRED(partition.mutex);

  std::array<Partition, kPartitions> partitions_;
};

}  // namespace fenfen
