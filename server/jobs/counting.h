// What a transaction adds to the counters in Redis (docs/formats/redis.md, "Counters"): leaderboards of civic points by town and period,
// and roll-ups by town and day. A pure function of the transaction and the catalogue's names.
#pragma once

#include <vector>

#include "absl/time/time.h"
#include "ledger/core/transaction.h"
#include "ledger/points/catalogue.h"
#include "ledger/state/redis/redis_counters.h"

namespace fenfen::server {

// How long counters are kept after their period's last day.
inline constexpr int kDayCountersKeptDays = 40;
inline constexpr int kMonthCountersKeptDays = 400;

// By the event's own day in `zone`. Nothing for a transaction that cannot be read: the checker says so, counters do not stop for it.
std::vector<CounterChange> CountersOf(const CommittedTransaction& committed, const Catalogue& catalogue, absl::TimeZone zone);

}  // namespace fenfen::server
