// Budgets: what a town's programme may issue in a month, as records of the catalogue's partition (RecordKind::kBudget, a v1::Budget; its id
// is the hash of its name), and what is written into them once they run low or are used up. Pure.
//
// Whether a month is used up is found from what the journal says was issued (ledger/projections/issued.h), by a job, and is journaled: from
// then on every decision that has that catalogue knows it (stopped_budgets.h), and a replay of the journal comes to the same. What is
// credited before that is above the limit and stays: the job's period, the way to the other servers and what is in flight.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fenfen/v1/budget.pb.h"
#include "fenfen/v1/household.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

inline constexpr int kBudgetMonthsAhead = 24;
// How long a month that is over can still be written: as long as late drops may come.
inline constexpr int kBudgetDaysAfter = 31;

RecordKey BudgetKey(absl::string_view name);

// What a request would do.
struct BudgetsChange {
  std::vector<v1::RowError> errors;  // the first 100; `transaction` means nothing where there is any
  Transaction transaction;
  int written = 0;
  int unchanged = 0;
};
ReadSet SetBudgetsReads(const v1::SetBudgetsRequest& request);
// Checks each budget: name (a town of the catalogue, a month that can be written, once), limit, end, warn_percent.
BudgetsChange PlanBudgets(const View& view, const v1::SetBudgetsRequest& request, const Catalogue& catalogue,
                          const DecisionContext& context);
// The same as a decision: ROW_INVALID for the first error.
absl::StatusOr<Transaction> DecideBudgets(const View& view, const v1::SetBudgetsRequest& request, const Catalogue& catalogue,
                                          const DecisionContext& context);

// What was found of a budget.
struct BudgetFinding {
  std::string name;
  PartitionSeq version;  // of the record that it was compared with
  int64_t issued = 0;    // hundredths
};
// Whether there is something to write: it runs low or is used up, and the record does not say so yet.
bool IsNews(const v1::Budget& budget, int64_t issued);
// The same for the same finding on the same day.
RequestKey BudgetFindingKey(const BudgetFinding& finding, absl::Time now, absl::TimeZone zone);
ReadSet BudgetFindingReads(const BudgetFinding& finding);
// ALREADY_EXISTS where the record is another by now or there is no news; BUDGET_UNKNOWN where there is none.
absl::StatusOr<Transaction> DecideBudgetFinding(const View& view, const BudgetFinding& finding, const DecisionContext& context);

}  // namespace fenfen
