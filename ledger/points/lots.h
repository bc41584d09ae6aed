// Lots: a household's reward points by the day they expire. Spending takes the earliest first, a refund returns to where it came from, and
// the lots always add up to the balance (invariant 6).
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "ledger/core/points.h"
#include "ledger/points/records.h"

namespace fenfen {

// The last day on which points earned on `day` can be spent: the last day of the month that lies `grace_months` after that year's December.
int32_t ExpiryDay(int32_t day, int grace_months);

// Adds to the lot of that day. `amount` ≥ 0.
void AddToLot(std::vector<Lot>& lots, int32_t expires_day, Points amount);

// What can be spent on `today`: lots whose day has passed are not.
Points Spendable(const std::vector<Lot>& lots, int32_t today);

// Takes `amount` from the spendable lots, the earliest first, and returns what was taken. POINTS_INSUFFICIENT changes nothing.
absl::StatusOr<std::vector<Lot>> TakeFromLots(std::vector<Lot>& lots, Points amount, int32_t today);

}  // namespace fenfen
