// The game's rules in force: one document in the catalogue's partition, and how a new one replaces it.
#pragma once

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "fenfen/v1/game_rules.pb.h"
#include "ledger/core/projection.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

ReadSet GameRulesReads();

// ROW_INVALID for the first fault (CheckGameRules), naming field and place; nothing else is refused. The same rules again change nothing.
absl::StatusOr<Transaction> DecideGameRules(const View& view, const v1::GameRules& rules, const DecisionContext& context);

// Keeps the current document, folded from the catalogue's partition. Thread-safe.
class GameRulesStore final : public Projection {
 public:
  // Never null; a document without levels where none was ever set.
  std::shared_ptr<const v1::GameRules> Snapshot() const;
  void Apply(const CommittedTransaction& committed) override;
  void Restore(const PartitionContents& contents) override;

 private:
  void Take(absl::string_view bytes);

  mutable absl::Mutex mutex_;
  std::shared_ptr<const v1::GameRules> current_ ABSL_GUARDED_BY(mutex_) = std::make_shared<v1::GameRules>();
};

}  // namespace fenfen
