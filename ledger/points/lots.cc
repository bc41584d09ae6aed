#include "ledger/points/lots.h"

#include <algorithm>
#include <chrono>

#include "ledger/core/check.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"

namespace fenfen {

int32_t ExpiryDay(int32_t day, int grace_months) {
  using std::chrono::days;
  using std::chrono::months;
  using std::chrono::sys_days;
  using std::chrono::year_month_day;
  // The day before the first of the month after the grace. Standard calendar arithmetic, as absl's takes ten times as long.
  const std::chrono::year_month january = year_month_day(sys_days(days(day))).year() / std::chrono::January;
  const sys_days after((january + months(12 + grace_months)) / 1);
  return static_cast<int32_t>(after.time_since_epoch().count()) - 1;
}

void AddToLot(std::vector<Lot>& lots, int32_t expires_day, Points amount) {
  if (amount == Points(0)) return;
  const auto at =
      std::lower_bound(lots.begin(), lots.end(), expires_day, [](const Lot& lot, int32_t day) { return lot.expires_day < day; });
  if (at == lots.end() || at->expires_day != expires_day) {
    lots.insert(at, {expires_day, amount});
    return;
  }
  const std::optional<Points> sum = Add(at->amount, amount);
  FENFEN_CHECK(sum.has_value());  // the balance, which is no less, was checked before
  at->amount = *sum;
}

Points Spendable(const std::vector<Lot>& lots, int32_t today) {
  int64_t sum = 0;
  for (const Lot& lot : lots) {
    if (lot.expires_day >= today) sum += lot.amount.hundredths();
  }
  return Points(sum);
}

absl::StatusOr<std::vector<Lot>> TakeFromLots(std::vector<Lot>& lots, Points amount, int32_t today) {
  const Points available = Spendable(lots, today);
  if (available < amount) {
    return Refuse(Reason::REASON_POINTS_INSUFFICIENT, {{"needed", FormatPoints(amount)}, {"available", FormatPoints(available)}});
  }
  std::vector<Lot> taken;
  int64_t left = amount.hundredths();
  for (Lot& lot : lots) {
    if (left == 0 || lot.expires_day < today) continue;
    const int64_t part = std::min(left, lot.amount.hundredths());
    taken.push_back({lot.expires_day, Points(part)});
    lot.amount = Points(lot.amount.hundredths() - part);
    left -= part;
  }
  lots.erase(std::remove_if(lots.begin(), lots.end(), [](const Lot& lot) { return lot.amount == Points(0); }), lots.end());
  return taken;
}

}  // namespace fenfen
