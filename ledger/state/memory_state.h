// MemoryState: the State of an embedded engine. Everything is in this process, one set of tables a partition, each under its own lock; a
// commit is a function call under that lock. What a restart loses, the journal gives back.
#pragma once

#include <array>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "ledger/state/byte_arena.h"
#include "ledger/state/household_cells.h"
#include "ledger/state/request_keys.h"
#include "ledger/state/savable_state.h"
#include "ledger/state/state.h"

namespace fenfen {

class MemoryState final : public State, public SavableState {
 public:
  // Runs `decide` and `done` on the caller's thread, under the partition's lock.
  void Execute(PartitionId partition, std::vector<Work> works, Done done) override;
  bool AnswersAtOnce() const override { return true; }
  absl::Status Read(PartitionId partition, absl::FunctionRef<void(const View&, PartitionSeq last)> reader) const override;
  absl::Status Apply(PartitionId partition, PartitionSeq seq, const Transaction& transaction) override;
  absl::Status ApplyAll(absl::Span<const CommittedTransaction* const> several) override;
  absl::StatusOr<Digest> DigestOf(PartitionId partition) const override;

  SavedPartition Save(PartitionId partition) const override;
  absl::Status Load(const PartitionContents& contents) override;

 private:
  // What a partition holds. Households, by far the most, lie in cells; all else in maps.
  struct Tables {
    PartitionSeq last;
    HouseholdCells households;
    absl::flat_hash_map<RecordKey, StoredRecord> records;
    absl::flat_hash_map<AccountId, Points> accounts;  // none at zero
    ByteArena bytes;                                  // of all records
    RequestKeys keys;
  };
  struct Partition {
    mutable absl::Mutex mutex;
    Tables tables ABSL_GUARDED_BY(mutex);
  };
  class TablesView;
  class Image;
  Image ImageOf(PartitionId partition) const;

  template <typename Items>
  static void Prefetch(const Tables& tables, const Items& items);
  // Execute for one work, under the lock.
  static absl::StatusOr<ExecuteResult> Attempt(Tables& tables, Work& work);
  // Apply, under the lock.
  static absl::Status Redo(Tables& tables, PartitionId id, PartitionSeq seq, const Transaction& transaction);
  // Whether the transaction follows from the tables as they are: the versions it replaces, the bounds of the accounts.
  static absl::Status CheckFollows(const TablesView& view, const Transaction& transaction);
  static void Post(Tables& tables, const AccountId& account, Points amount);
  static void Write(Tables& tables, const RecordKey& key, PartitionSeq version, absl::string_view bytes);
  // Makes the change. Cannot fail: CheckTransaction and CheckFollows went before.
  static void Commit(Tables& tables, PartitionSeq seq, const Transaction& transaction);

  std::array<Partition, kPartitions> partitions_;
};

}  // namespace fenfen
