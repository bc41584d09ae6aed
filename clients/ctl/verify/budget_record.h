// A budget's record as it may stand (docs/formats/records.md, "Budgets"). Written from the page, not from the engine's code.
//
// Thread-safe: functions.
#pragma once

#include "absl/functional/function_ref.h"
#include "ledger/core/transaction.h"

namespace fenfen::ctl {

// Tells `report` what does not hold of a change of kind kBudget.
void CheckBudgetRecord(const RecordChange& change, absl::FunctionRef<void(std::string)> report);

}  // namespace fenfen::ctl
