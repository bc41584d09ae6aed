// Ledger: journal, State, engine, catalogue and snapshots, put together and started as the server does it.
//
//   auto ledger = Ledger::Open(files, SmallJournal(folder));
//   (*ledger)->engine().SubmitAndWait(…)
//
// Thread-safe. The destructor finishes what was begun.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "ledger/core/clock.h"
#include "ledger/engine/engine.h"
#include "ledger/engine/snapshot_folder.h"
#include "ledger/engine/snapshotter.h"
#include "ledger/journal/file_journal.h"
#include "ledger/points/catalogue.h"
#include "ledger/state/memory_state.h"

namespace fenfen::faults {

// Segments of 16 KiB, so that 200 commits fill several and the maker of segments is at work all the time.
inline FileJournalOptions SmallJournal(std::string directory) {
  FileJournalOptions options;
  options.directory = std::move(directory);
  options.segment_bytes = 16u << 10;
  options.transaction_bytes_max = 4u << 10;
  options.group_bytes_max = 8u << 10;
  options.queue_bytes_max = 64u << 10;
  options.room_retry_delay = absl::Milliseconds(5);
  return options;
}

// Where the snapshots of a journal in `directory` lie.
inline std::string SnapshotsOf(const std::string& directory) { return directory + ".snapshots"; }

class Ledger {
 public:
  // The journal's errors, or the replay's. `files` outlives the ledger.
  static absl::StatusOr<std::unique_ptr<Ledger>> Open(FileSystem& files, const FileJournalOptions& options);
  ~Ledger() { engine_.Stop().IgnoreError(); }  // a failed journal has told everyone

  // Waits until the journal's own threads have nothing left to do: a segment is ready ahead, every full one has its index, the older ones
  // are compressed. Reads the whole journal. DEADLINE_EXCEEDED where that takes more than 40 seconds.
  absl::Status FinishBackgroundWork();

  // Writes one now. An error disturbs nothing else.
  absl::Status TakeSnapshot() { return snapshotter_->Take(absl::Seconds(30)); }
  // The snapshot that this life began from; 0 for none.
  uint64_t begun_from() const { return engine_.recovery().snapshot; }

  Engine& engine() { return engine_; }
  FileJournal& journal() { return *journal_; }
  std::shared_ptr<const Catalogue> catalogue() const { return catalogue_.Snapshot(); }

 private:
  Ledger(FileSystem& files, const FileJournalOptions& options, std::unique_ptr<FileJournal> journal)
      : files_(files),
        options_(options),
        journal_(std::move(journal)),
        snapshots_(files, SnapshotsOf(options.directory)),
        engine_(state_, *journal_, clock_, {&catalogue_}) {}

  absl::Status Start();

  FileSystem& files_;
  const FileJournalOptions options_;
  const SystemClock clock_;
  const std::unique_ptr<FileJournal> journal_;
  MemoryState state_;
  CatalogueStore catalogue_;
  SnapshotFolder snapshots_;
  Engine engine_;
  std::optional<Snapshotter> snapshotter_;
};

}  // namespace fenfen::faults
