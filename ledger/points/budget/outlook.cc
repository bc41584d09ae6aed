#include "ledger/points/budget/outlook.h"

#include <algorithm>

#include "ledger/points/budget/month.h"

namespace fenfen {

BudgetOutlook OutlookOf(const BudgetFigures& figures) {
  BudgetOutlook outlook;
  outlook.a_day = std::max<int64_t>(0, figures.issued_lately) / kPaceDays;
  if (figures.issued >= figures.limit) {
    outlook.outlook = v1::Budget::OUTLOOK_USED_UP;
    return outlook;
  }
  if (figures.today > LastDayOf(figures.month) || figures.issued_lately <= 0) return outlook;
  const int32_t from = std::max(figures.today, FirstDayOf(figures.month));
  // Of what was left when `from` began, an average day takes issued_lately / 7.
  const int64_t left = figures.limit - figures.issued + figures.issued_today;
  const auto needed = (static_cast<__int128>(left) * kPaceDays + figures.issued_lately - 1) / figures.issued_lately;
  if (from + needed - 1 > LastDayOf(figures.month)) {
    outlook.outlook = v1::Budget::OUTLOOK_LASTS;
    return outlook;
  }
  outlook.outlook = v1::Budget::OUTLOOK_RUNS_OUT;
  outlook.run_out = static_cast<int32_t>(from + needed - 1);
  return outlook;
}

}  // namespace fenfen
