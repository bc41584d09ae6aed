// Ledger: the engine as fenfend runs it (memory State, file journal, catalogue and projections), in this process, with the made-up district
// (district.h) in it.
//
//   absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(folder, {});
//   (*ledger)->Seed(1'000'000);
//   (*ledger)->engine().SubmitAll(…, …)
//
// Thread-safe after Seed and Enrol, but for Close.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/ctl/bench/district.h"
#include "clients/ctl/bench/keys.h"
#include "ledger/engine/engine.h"
#include "ledger/engine/snapshot_folder.h"
#include "ledger/journal/file_journal.h"
#include "ledger/journal/posix_file.h"
#include "ledger/points/catalogue.h"
#include "ledger/projections/players.h"
#include "ledger/state/memory_state.h"

namespace fenfen::bench {

class Ledger {
 public:
  // Opens the journal in FOLDER/journal and starts, from the newest snapshot in FOLDER/snapshots if there is one. Where the journal is new,
  // the catalogue is written first.
  static absl::StatusOr<std::unique_ptr<Ledger>> Open(const std::string& folder, const std::vector<std::string>& device_keys);
  ~Ledger();

  // Makes households for the accounts 0 to `accounts` − 1, with plenty to give away, in a few large transactions: what the State holds is
  // what enrolments leave, the journal is shorter.
  absl::Status Seed(uint32_t accounts);
  // Enrols them one by one, as an import does.
  absl::Status Enrol(uint32_t accounts, bool named);

  // What the journal takes for a partition's last transaction, in bytes.
  absl::StatusOr<size_t> StoredBytesOfLast(PartitionId partition);
  // Writes a snapshot, as fast as it goes.
  absl::Status TakeSnapshot();
  // Makes all durable and stops.
  absl::Status Close();

  Engine& engine() { return *engine_; }
  FileJournalMetrics journal_metrics() const { return journal_->Metrics(); }
  // Now, by the catalogue in force.
  DropSetting Setting() const { return {clock_.Now(), zone_, catalogue_.Snapshot()}; }

 private:
  Ledger();
  std::vector<Projection*> projections() { return {&catalogue_, &directory_, &captures_, &players_}; }
  absl::Status WriteCatalogue(const std::vector<std::string>& device_keys);
  absl::Status SeedPartition(PartitionId partition, const std::vector<uint32_t>& accounts);

  PosixFileSystem files_;
  SystemClock clock_;
  const absl::TimeZone zone_;
  CatalogueStore catalogue_;
  Directory directory_;
  Captures captures_;
  Players players_;
  MemoryState state_;
  std::optional<SnapshotFolder> snapshots_;
  std::unique_ptr<FileJournal> journal_;
  std::unique_ptr<Engine> engine_;
  KeySource keys_{0xfffe};
};

}  // namespace fenfen::bench
