// Expiry: lots whose last day is over go to the town's expired account, once a household and day, and what will go soon is told before.
// Which day that is each lot carries (ExpiryDay in lots.h makes it when the points are earned), so nothing here knows of rules.
//
//   lot's last day D   ── D − 30, D − 7: a notice, derived when asked for ──► D: can be spent ──► D + 1: expires
//
// Days are days in the programme's time zone. Notices are never stored: they are read off the lots.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/points/sentence.h"
#include "ledger/state/state.h"

namespace fenfen {

// Days before a lot's last day from which on it is told that it will expire, the earliest first.
inline constexpr int kExpiryNoticeDays[] = {30, 7};

// True where the household has lots whose last day is before `today`.
bool HasExpired(const HouseholdRecord& household, int32_t today);

// The key under which a household's lots expire on the civil day of `now`: whoever tries it on that day, once.
RequestKey ExpiryKey(HouseholdId household, absl::Time now, absl::TimeZone zone);

ReadSet ExpiryReads(HouseholdId household);

// Takes the lots whose last day is before the civil day of `context.now`. Checks in this order: HOUSEHOLD_UNKNOWN, NOTHING_EXPIRED.
absl::StatusOr<Transaction> DecideExpiry(const View& view, HouseholdId household, const Catalogue& catalogue,
                                         const DecisionContext& context);

Sentence ExpirySentence(const ledger::v1::ExpiryFacts& facts);

// What will expire soon: one for each lot that can still be spent and is within the first notice.
struct ExpiryNotice {
  int32_t expires_day = 0;  // the last day
  int days_ahead = 0;       // which of kExpiryNoticeDays has come last
  int32_t notice_day = 0;   // when it came
  Points amount;
  Sentence sentence;
};
std::vector<ExpiryNotice> ExpiryNotices(const HouseholdRecord& household, int32_t today);

}  // namespace fenfen
