// Earning: a drop judged by its own day's rules, put into its day's log, and what its block is then worth compared with what the household
// was credited for it. The difference is what the entry posts, so the order in which late drops arrive never changes what a household has
// in the end. Pure.
//
//   const Judgement judged = Judge(facts, household, day, catalogue, context);
//   Applied applied;
//   absl::Status status = ApplyDrop(household, judged, catalogue, today, applied);
//   Post(purse, judged, applied, town);
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/points/drop.h"
#include "ledger/points/earning/credit.h"
#include "ledger/points/earning/rules.h"
#include "ledger/points/purse.h"

namespace fenfen {

// Drops that a household's log holds; one more is recorded without credit.
inline constexpr size_t kEventsMax = 512;

// What the rules say of a drop, before any cap.
struct Judgement {
  int32_t day = 0;                  // the drop's own
  const Rules* rules = nullptr;     // that day's, never nullptr
  const RuleTerms* rule = nullptr;  // nullptr where none matches
  DropValue value;
  DayEvent event;               // its id is the caller's to set
  bool without_budget = false;  // the town's budget of the day's month is used up: the event has no reward points and counts for no bonus
};

// CATEGORY_UNKNOWN, WEIGHT_NOT_POSITIVE, WEIGHT_TOO_LARGE, FIELD_MALFORMED (material, pieces), STATION_UNKNOWN, RULES_ABSENT,
// EVENT_IN_FUTURE, in this order.
absl::Status CheckDrop(const DropFacts& facts, const Catalogue& catalogue, const DecisionContext& context);
// Whether a drop of that day is still credited by itself on `today`.
bool IsOpen(int32_t day, int32_t today, const Catalogue& catalogue);

// What rules look at. `facts` are checked.
DropTraits TraitsOf(const DropFacts& facts, const HouseholdRecord& household, const Catalogue& catalogue, absl::TimeZone zone);

// `facts` are checked; the day has rules.
Judgement Judge(const DropFacts& facts, const HouseholdRecord& household, const Catalogue& catalogue, absl::TimeZone zone);

// What a drop changes.
struct Applied {
  int64_t reward = 0;  // hundredths to post; below zero where caps cross, or after a reversal
  int64_t civic = 0;
  EventCredit own;        // what the drop itself is credited
  uint16_t bonuses = 0;   // that it earned, a bit each
  bool too_many = false;  // the log is full: nothing was changed
};

// Puts the drop into the household's log, and lets go of days that are over; `applied` is empty before. The rule is not nullptr. DATA_LOSS
// where the log does not have its form.
absl::Status ApplyDrop(HouseholdRecord& household, const Judgement& judged, const Catalogue& catalogue, int32_t today, Applied& applied);
// One drop more, or one less, of that day waits for a person: its block is kept while any does. DATA_LOSS as ApplyDrop.
absl::Status AddPending(HouseholdRecord& household, int32_t day, const Rules& rules, int change);
// Takes a drop out of its day, and its entry's amounts from what the day was credited: for a reversal of that entry, which posts them back
// itself. What other drops of the day then gain is posted with its next drop. A day that is no longer kept is left alone.
absl::Status WithdrawEvent(HouseholdRecord& household, int32_t day, uint32_t event_id, Points reward, Points civic);

// Posts what a drop changed, from or to the town's programme. What it earns can be spent as long as its own day says, and until the day
// `spendable_until` in any case.
void Post(Purse& purse, const Judgement& judged, const Applied& applied, CatalogueId town, int32_t spendable_until = INT32_MIN);

// The reasons of a drop's entry. `applied` is nullptr where no rule matched.
DropWhy WhyOf(const DropFacts& facts, const Judgement& judged, const Applied* applied, const HouseholdAfter& after);

// What the household was credited for a day: reward points, hundredths.
int64_t EarnedOn(const HouseholdRecord& household, int32_t day);

}  // namespace fenfen
