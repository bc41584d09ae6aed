// The thresholds of risk signals (v1::RiskRules, one document of the catalogue's partition): what a valid one is, the defaults that are in
// force until one is set, and the snapshot that everybody reads.
//
//   const std::shared_ptr<const v1::RiskRules> rules = store.Snapshot();
//   const v1::RiskRule* velocity = RuleFor(*rules, v1::RISK_SIGNAL_VELOCITY);
#pragma once

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "fenfen/v1/risk.pb.h"
#include "ledger/core/projection.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// Where the document lies, in the catalogue's partition.
inline constexpr RecordKey kRiskRulesKey{RecordKind::kRiskCase, CatalogueIdOf("riskRules").value()};

// Days that a window has at most; what is kept of drops goes by it.
inline constexpr int kRiskWindowDaysMax = 14;

// Tells `fault` of everything that is wrong: the field, such as "risk_rules.rules.threshold", the place in its list from 1 (0 where it is
// in none), and why.
using RiskRulesFault = absl::FunctionRef<void(absl::string_view field, int row, absl::string_view zh, absl::string_view en)>;
void CheckRiskRules(const v1::RiskRules& rules, RiskRulesFault fault);

// What is in force while nothing was ever set.
v1::RiskRules DefaultRiskRules();

// The rule of a signal that is looked for, or nullptr.
const v1::RiskRule* RuleFor(const v1::RiskRules& rules, v1::RiskSignal signal);

ReadSet RiskRulesReads();
// ROW_INVALID for the first fault, naming field and place; nothing else is refused.
absl::StatusOr<Transaction> DecideRiskRules(const View& view, const v1::RiskRules& rules, const DecisionContext& context);

// Keeps the current document, folded from the catalogue's partition. Thread-safe.
class RiskRulesStore final : public Projection {
 public:
  // Never null.
  std::shared_ptr<const v1::RiskRules> Snapshot() const;
  // True until a document is set.
  bool IsDefault() const;
  void Apply(const CommittedTransaction& committed) override;
  void Restore(const PartitionContents& contents) override;

 private:
  void Take(absl::string_view bytes);

  mutable absl::Mutex mutex_;
  std::shared_ptr<const v1::RiskRules> current_ ABSL_GUARDED_BY(mutex_) = std::make_shared<v1::RiskRules>(DefaultRiskRules());
  bool is_default_ ABSL_GUARDED_BY(mutex_) = true;
};

}  // namespace fenfen
