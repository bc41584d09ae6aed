// Machine: the program under test on its simulated disk and clock: a FileJournal without threads, a MemoryState, the catalogue, the engine
// and its snapshots, started and ended as often as the run likes. Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "ledger/core/clock.h"
#include "ledger/core/projection.h"
#include "ledger/engine/engine.h"
#include "ledger/engine/snapshot_folder.h"
#include "ledger/engine/snapshotter.h"
#include "ledger/journal/file_journal.h"
#include "ledger/points/catalogue.h"
#include "ledger/state/memory_state.h"
#include "tests/simulation/canary.h"
#include "tests/simulation/request.h"
#include "tests/simulation/sim_disk.h"

namespace fenfen::sim {

class Machine {
 public:
  // `witness` sees every durable entry, at starts too. All outlive the machine. `archives`: segments that are old go to an archive.
  Machine(SimDisk& disk, const Clock& clock, Projection& witness, Canary canary, bool archives);
  ~Machine() { Stop(); }

  // Opens the journal and folds it, from the newest snapshot on. Whatever fails leaves the machine stopped.
  absl::Status Start();
  // Ends without a word, as a kill does, where the disk is dead already; else in order.
  void Stop();
  bool running() const { return engine_ != nullptr; }

  Engine& engine() { return *engine_; }
  State& state() { return *state_; }
  FileJournal& journal() { return *journal_; }
  // Whether the journal has stopped writing for good.
  bool stopped() const { return journal_->Metrics().failed; }
  // Writes what is queued.
  void RunOnce() { journal_->RunOnce(); }

  // With an archive, the journal is told then how far back a start may need it.
  absl::Status TakeSnapshot();
  // True if that is the refusal of an entry that is archived, and some are.
  bool IsOfArchive(const absl::Status& status) const;
  // The snapshot that the last start began from; 0 for none.
  uint64_t begun_from() const { return engine_->recovery().snapshot; }

  // The command of a request; `decided` is set when its decision runs.
  Command CommandFor(const SharedRequest& request, std::shared_ptr<bool> decided);

  // A state made anew from the journal, for comparison. Nothing is being appended.
  absl::StatusOr<std::unique_ptr<State>> FreshFold();

 private:
  absl::StatusOr<Transaction> Decide(const View& view, const Request& request) const;

  SimDisk& disk_;
  const Clock& clock_;
  Projection& witness_;
  const Canary canary_;
  const bool archives_;
  absl::TimeZone zone_;
  std::unique_ptr<MemoryState> state_;
  std::unique_ptr<State> planted_state_;
  std::unique_ptr<CatalogueStore> catalogue_;
  std::unique_ptr<FileJournal> journal_;
  std::unique_ptr<Journal> planted_journal_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<SnapshotFolder> snapshots_;
  std::unique_ptr<Snapshotter> snapshotter_;
};

}  // namespace fenfen::sim
