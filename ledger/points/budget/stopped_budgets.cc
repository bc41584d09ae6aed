#include "ledger/points/budget/stopped_budgets.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fenfen/v1/budget.pb.h"
#include "ledger/core/check.h"
#include "ledger/points/budget/month.h"

namespace fenfen {

std::optional<BudgetName> ParseBudgetName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 4 || parts[0] != "regions" || parts[1].empty() || parts[2] != "budgets") return std::nullopt;
  const std::optional<int32_t> month = ParseMonth(parts[3]);
  if (!month) return std::nullopt;
  return BudgetName{absl::StrCat("regions/", parts[1]), *month};
}

std::string FormatBudgetName(absl::string_view region, int32_t month) { return absl::StrCat(region, "/budgets/", FormatMonth(month)); }

bool StoppedBudgets::Stops(CatalogueId town, int32_t day) const { return months_.contains({town, MonthOfDay(day)}); }

std::shared_ptr<const StoppedBudgets> StoppedBudgets::With(const std::shared_ptr<const StoppedBudgets>& former, absl::string_view record) {
  v1::Budget budget;
  FENFEN_CHECK(budget.ParseFromArray(record.data(), static_cast<int>(record.size())));
  const std::optional<BudgetName> name = ParseBudgetName(budget.name());
  FENFEN_CHECK(name.has_value());
  const std::pair<CatalogueId, int32_t> month{CatalogueIdOf(name->region), name->month};
  const bool known = former != nullptr && former->months_.contains(month);
  if (known == budget.stopped()) return former;
  auto next = former == nullptr ? std::make_shared<StoppedBudgets>() : std::make_shared<StoppedBudgets>(*former);
  if (budget.stopped()) {
    next->months_.insert(month);
  } else {
    next->months_.erase(month);
  }
  if (next->months_.empty()) return nullptr;
  return next;
}

}  // namespace fenfen
