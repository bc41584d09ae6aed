// Ledger: journal, State, engine and catalogue over one folder, put together and started as the server does it.
//
//   auto ledger = Ledger::Open(files, SmallJournal(folder));
//   (*ledger)->engine().SubmitAndWait(…)
//
// Thread-safe. The destructor finishes what was begun.
#pragma once

#include <memory>
#include <string>

#include "ledger/core/clock.h"
#include "ledger/engine/engine.h"
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

class Ledger {
 public:
  // The journal's errors, or the replay's. `files` outlives the ledger.
  static absl::StatusOr<std::unique_ptr<Ledger>> Open(FileSystem& files, FileJournalOptions options) {
    absl::StatusOr<std::unique_ptr<FileJournal>> journal = FileJournal::Open(files, std::move(options));
    if (!journal.ok()) return journal.status();
    std::unique_ptr<Ledger> ledger(new Ledger(*std::move(journal)));
    if (absl::Status status = ledger->engine_.Start(); !status.ok()) return status;
    return ledger;
  }
  ~Ledger() { engine_.Stop().IgnoreError(); }  // a failed journal has told everyone

  Engine& engine() { return engine_; }
  FileJournal& journal() { return *journal_; }
  std::shared_ptr<const Catalogue> catalogue() const { return catalogue_.Snapshot(); }

 private:
  explicit Ledger(std::unique_ptr<FileJournal> journal) : journal_(std::move(journal)), engine_(state_, *journal_, clock_, {&catalogue_}) {}

  const SystemClock clock_;
  const std::unique_ptr<FileJournal> journal_;
  MemoryState state_;
  CatalogueStore catalogue_;
  Engine engine_;
};

}  // namespace fenfen::faults
