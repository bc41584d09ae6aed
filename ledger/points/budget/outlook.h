// The outlook of a month's budget: how long it lasts at the pace of the last seven full days. Integers alone; pure.
#pragma once

#include <cstdint>
#include <optional>

#include "fenfen/v1/budget.pb.h"

namespace fenfen {

inline constexpr int kPaceDays = 7;

// What the outlook is made of. Days as DayNumber gives them, amounts in hundredths.
struct BudgetFigures {
  int32_t month = 0;  // MonthNumber
  int32_t today = 0;
  int64_t limit = 0;
  int64_t issued = 0;         // of the month, so far
  int64_t issued_today = 0;   // of them, on `today`, where that is in the month
  int64_t issued_lately = 0;  // on the seven days before `today`, whatever their month
};

struct BudgetOutlook {
  v1::Budget::Outlook outlook = v1::Budget::OUTLOOK_NO_DATA;
  int64_t a_day = 0;    // rounded down
  int32_t run_out = 0;  // under OUTLOOK_RUNS_OUT
};
// The limit is reached on the first day at whose end as much is issued, if today and each day after brings as much as an average one; a
// month that has not begun is taken to begin at the same pace.
BudgetOutlook OutlookOf(const BudgetFigures& figures);

}  // namespace fenfen
