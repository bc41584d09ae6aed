#include "tests/faults/ledger.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "ledger/journal/journal_reader.h"

namespace fenfen::faults {
namespace {

// Where the journal ends; as a reader beside it finds it.
absl::StatusOr<JournalEnd> TailOf(FileSystem& files, const std::string& directory) {
  const absl::StatusOr<std::unique_ptr<JournalReader>> reader = JournalReader::Open(files, directory, {.live = true, .from = {}});
  if (!reader.ok()) return reader.status();
  while (true) {
    const absl::StatusOr<const Group*> group = (*reader)->Next();
    if (!group.ok()) return group.status();
    if (*group == nullptr) return (*reader)->tail();
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Open(FileSystem& files, const FileJournalOptions& options) {
  absl::StatusOr<std::unique_ptr<FileJournal>> journal = FileJournal::Open(files, options);
  if (!journal.ok()) return journal.status();
  std::unique_ptr<Ledger> ledger(new Ledger(files, options, *std::move(journal)));
  if (absl::Status status = ledger->Start(); !status.ok()) return status;
  return ledger;
}

absl::Status Ledger::Start() {
  if (absl::Status status = engine_.Start({.snapshots = &snapshots_, .savable = &state_}); !status.ok()) return status;
  SnapshotterOptions options;
  options.free_bytes_min = 0;
  const RecoveryReport& recovery = engine_.recovery();
  snapshotter_.emplace(state_, *journal_, std::vector<Projection*>{&catalogue_}, snapshots_, clock_, std::move(options),
                       Snapshotter::Start{recovery.snapshot, recovery.snapshot_sequences});
  return absl::OkStatus();
}

absl::Status Ledger::FinishBackgroundWork() {
  for (const absl::Time until = absl::Now() + absl::Seconds(40); absl::Now() < until; absl::SleepFor(absl::Milliseconds(1))) {
    const FileJournalMetrics metrics = journal_->Metrics();
    const absl::StatusOr<JournalEnd> tail = TailOf(files_, options_.directory);
    if (!tail.ok()) return tail.status();
    const uint64_t full = tail->segment - 1;
    const uint64_t old = full - std::min<uint64_t>(full, options_.uncompressed_segments);
    if (tail->last_segment > tail->segment && metrics.segments_sealed == full && metrics.segments_compressed == old)
      return absl::OkStatus();
  }
  return absl::DeadlineExceededError("the journal's own work is not finished");
}

}  // namespace fenfen::faults
