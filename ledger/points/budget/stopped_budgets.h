// The months in which a town's drops earn no reward points, since its budget is used up: what a drop's decision has to know of budgets.
// Part of the catalogue's snapshot, so that a decision stays a function of what it is given; what is found used up, and by whom, is
// budget.h's.
//
// Immutable; a change makes a new one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "ledger/core/ids.h"

namespace fenfen {

// "regions/{region}/budgets/{YYYY-MM}".
struct BudgetName {
  std::string region;  // "regions/{region}"
  int32_t month = 0;   // MonthNumber
};
std::optional<BudgetName> ParseBudgetName(absl::string_view name);
std::string FormatBudgetName(absl::string_view region, int32_t month);

class StoppedBudgets {
 public:
  // Whether drops of that day earn nothing in the town.
  bool Stops(CatalogueId town, int32_t day) const;

  // What `former` (nullptr for none) is once the catalogue holds `record`, a kBudget: nullptr where nothing is stopped.
  static std::shared_ptr<const StoppedBudgets> With(const std::shared_ptr<const StoppedBudgets>& former, absl::string_view record);

 private:
  absl::flat_hash_set<std::pair<CatalogueId, int32_t>> months_;
};

}  // namespace fenfen
