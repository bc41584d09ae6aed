#include "server/stores/journal_base.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "ledger/core/clock.h"
#include "ledger/engine/recovery.h"
#include "ledger/engine/snapshotter.h"
#include "ledger/journal/postgres/postgres_journal.h"
#include "ledger/state/memory_state.h"
#include "server/stores/remembering.h"

namespace fenfen::server {

absl::StatusOr<uint64_t> FetchNewestBase(const PostgresSessionOptions& session, SnapshotFolder& folder) {
  const absl::StatusOr<std::optional<BaseInfo>> base = NewestBase(session);
  if (!base.ok()) return base.status();
  if (!*base) return 0;
  const uint64_t number = (*base)->number;
  const absl::StatusOr<std::vector<uint64_t>> numbers = folder.Numbers();
  if (!numbers.ok()) return numbers.status();
  if (std::find(numbers->begin(), numbers->end(), number) != numbers->end()) return number;
  absl::StatusOr<std::unique_ptr<File>> file = folder.Begin(number);
  if (!file.ok()) return file.status();
  absl::Status status = FetchBase(session, **base, **file);
  file->reset();
  if (status.ok()) status = folder.Publish(number);
  if (status.ok()) return number;
  folder.Abandon(number);
  return status;
}

absl::StatusOr<BaseInfo> MakeBase(const PostgresSessionOptions& session, FileSystem& files, const std::string& directory,
                                  absl::TimeZone zone) {
  SnapshotFolder folder(files, directory);
  if (absl::Status status = folder.Open(); !status.ok()) return status;
  if (const absl::StatusOr<uint64_t> fetched = FetchNewestBase(session, folder); !fetched.ok()) return fetched.status();
  PostgresJournalOptions options;
  options.session = session;
  const absl::StatusOr<std::unique_ptr<PostgresJournal>> journal = PostgresJournal::Open(std::move(options));
  if (!journal.ok()) return journal.status();
  const auto state = std::make_unique<MemoryState>();
  Remembering remembering(zone);
  const std::vector<Projection*> projections = remembering.All();
  const absl::StatusOr<RecoveryReport> folded =
      Recovery(*state, **journal, projections, {.snapshots = &folder, .savable = state.get()}).Run();
  if (!folded.ok()) return folded.status();
  const SystemClock clock;
  Snapshotter snapshotter(*state, **journal, projections, folder, clock, {}, {folded->snapshot, folded->snapshot_sequences});
  if (absl::Status status = snapshotter.Take(); !status.ok()) return status;
  const SnapshotStats made = snapshotter.stats();
  const absl::StatusOr<std::unique_ptr<SnapshotReader>> snapshot = folder.Read(made.number);
  if (!snapshot.ok()) return snapshot.status();
  BaseInfo base{made.number, made.bytes, {}};
  for (uint16_t p = 0; p < kPartitions; ++p) base.sequences[p] = (*snapshot)->table()[p].seq;
  const absl::StatusOr<std::unique_ptr<File>> file = files.OpenForRead((*snapshot)->path());
  if (!file.ok()) return file.status();
  if (absl::Status status = StoreBase(session, **file, base); !status.ok()) return status;
  return base;
}

}  // namespace fenfen::server
