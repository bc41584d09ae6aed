// The world in which a scenario plays: the real engine over a State (world_state.h) and a file journal on a memory disk, a small catalogue
// (catalogue.json) and a clock that stands still until it is moved. What the journal holds in the end is checked by fenfenctl's own
// checker.
#pragma once

#include <any>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "ledger/core/clock.h"
#include "ledger/engine/engine.h"
#include "ledger/journal/file_journal.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/points/entry.h"
#include "tests/ledger/journal/memory_file_system.h"
#include "tests/scenarios/world_state.h"

namespace fenfen::scenarios {

class World {
 public:
  // `folder`: where catalogue.json and the rules' files are.
  explicit World(std::string folder);
  ~World();

  // Sets the small catalogue; INTERNAL where it is refused. Before anything else.
  absl::Status Begin();
  // Stops the engine and starts it anew from the journal.
  absl::Status Restart();
  // What the checker finds wrong in the journal; empty where all holds.
  std::vector<std::string> Verify();

  // A context with a fresh key.
  DecisionContext Context(const Actor& actor = {});
  // Runs a decision through the engine and remembers what it did, for `then postings` and the like.
  absl::Status Submit(PartitionId partition, ReadSet reads, const DecisionContext& context, State::Decide decide);
  // The same for a household, its partition found.
  absl::Status Submit(HouseholdId household, ReadSet reads, const DecisionContext& context, State::Decide decide) {
    return Submit(PartitionOf(household), std::move(reads), context, std::move(decide));
  }
  absl::Status UpdateCatalogue(const v1::UpdateCatalogueRequest& request);
  void Read(PartitionId partition, absl::FunctionRef<void(const View&)> reader);

  std::shared_ptr<const Catalogue> catalogue() const { return store_->Snapshot(); }
  Engine& engine() { return *engine_; }
  HouseholdRecord Household(HouseholdId household);
  int64_t Balance(PartitionId partition, const AccountId& account);
  // The last transaction that a step made; nullptr before the first.
  const CommittedTransaction* last() const { return last_.has_value() ? &*last_ : nullptr; }
  // All that were made, oldest first.
  const std::vector<CommittedTransaction>& history() const { return history_; }
  std::string PathOf(absl::string_view file) const;

  // What verbs remember from step to step, such as vouchers by the name that a scenario gives them.
  template <typename T>
  T& Notes() {
    std::any& notes = notes_[typeid(T).name()];
    if (!notes.has_value()) notes = T();
    return std::any_cast<T&>(notes);
  }

  absl::TimeZone zone;
  ManualClock clock;

 private:
  void Open();
  absl::Status Close();

  const std::string folder_;
  MemoryFileSystem disk_;
  const std::string deployment_ = NewDeployment();
  std::unique_ptr<EngineTail> tail_;
  std::unique_ptr<State> state_;
  std::unique_ptr<FileJournal> journal_;
  std::unique_ptr<CatalogueStore> store_;
  std::unique_ptr<Engine> engine_;
  std::optional<CommittedTransaction> last_;
  std::vector<CommittedTransaction> history_;
  std::map<std::string, std::any> notes_;
  uint64_t requests_ = 0;
};

}  // namespace fenfen::scenarios
