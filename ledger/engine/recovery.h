// Recovery: what Engine::Start does. The State and the projections begin from the newest whole snapshot, if there is one, and from there
// the journal is replayed.
//
//   newest snapshot: all checksums hold? → load its partitions, each by one of the threads → the journal's tail: read by one thread,
//   applied by the threads, each having its share of the partitions
//
// So each partition's transactions come in their order, and the catalogue's too; between partitions there is no order, and neither the
// State nor the projections ask for one (projection.h). A snapshot that does not hold is not used but the one before it is, and without any
// the whole journal: all that is lost is time. But one that is ahead of the journal is proof that the journal has lost something: then
// nothing is begun.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "ledger/core/projection.h"
#include "ledger/engine/snapshot_folder.h"
#include "ledger/journal/journal.h"
#include "ledger/state/savable_state.h"
#include "ledger/state/state.h"

namespace fenfen {

struct RecoveryOptions {
  // Where snapshots lie, if there are any, and the State that takes them; none for a State that outlives the process, which sees to itself:
  // then the projections alone begin from a snapshot.
  SnapshotFolder* snapshots = nullptr;
  SavableState* savable = nullptr;
  // How many threads; 0 for as many as there are processors, 8 at most. With 1 everything happens on the caller's.
  int threads = 0;
};

struct RecoveryReport {
  uint64_t snapshot = 0;  // the one begun from; 0 for none
  SequenceVector snapshot_sequences{};
  SequenceVector sequences{};  // how far each partition is now
  uint64_t replayed = 0;       // transactions
  absl::Duration load_time;
  absl::Duration replay_time;
  std::vector<std::string> refused;  // why newer snapshots were not used, newest first
};

class Recovery {
 public:
  Recovery(State& state, Journal& journal, const std::vector<Projection*>& projections, RecoveryOptions options);

  // Call once. DATA_LOSS where the journal does not hold together, or a snapshot is ahead of it.
  absl::StatusOr<RecoveryReport> Run();

 private:
  absl::StatusOr<std::unique_ptr<SnapshotReader>> FindSnapshot();
  absl::Status CheckMemos(const SnapshotReader& snapshot) const;
  absl::Status CheckAgainstJournal(const SnapshotReader& snapshot) const;
  // Runs work(0) to work(count − 1) on all threads, each with a buffer of its thread's. An error ends it.
  absl::Status ForEach(size_t count, absl::FunctionRef<absl::Status(size_t item, std::string& buffer)> work) const;
  absl::Status ReadAll(const SnapshotReader& snapshot);
  absl::Status Load(const SnapshotReader& snapshot);
  absl::Status LoadPartition(const SnapshotReader& snapshot, size_t partition, std::string& buffer);
  absl::Status Replay();
  // What a worker takes out of a batch: its partitions' entries.
  absl::Status ApplyShare(const JournalBatch& batch, size_t worker);
  // Several of one partition, in their order.
  absl::Status ApplyAll(absl::Span<const JournalEntryView* const> entries);

  State& state_;
  Journal& journal_;
  const std::vector<Projection*>& projections_;
  const RecoveryOptions options_;
  const size_t threads_;
  StoredMemos memos_;  // of the snapshot that is being read
  RecoveryReport report_;
};

}  // namespace fenfen
