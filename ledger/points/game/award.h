// Award (奖励): a household gets what a badge or a quest is worth, once for ever. Its record of choices keeps what it was awarded; that,
// and not the request key, is what makes it once. Whether it was reached is the caller's to know: no record says so.
//
// What was awarded is not taken back by itself; a person may reverse the entry (correcting/reversal.h), and it does not come again.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "fenfen/ledger/v1/game.pb.h"
#include "fenfen/v1/game_rules.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// Badges and quests that a household's record holds. Quests are let go of a year after they closed.
inline constexpr int kAwardsMax = 400;

struct AwardFacts {
  HouseholdId household;
  std::string name;  // "badges/…" or "quests/…"
  std::string title_zh;
  std::string title_en;
  Points reward;  // 0 for none
  Points civic;
  int32_t closing_day = 0;  // of a quest, the last day on which it can be awarded; 0 for a badge
  uint64_t team = 0;        // that reached it; 0 for the household alone
  std::string team_title;
};
AwardFacts AwardOf(HouseholdId household, const v1::Badge& badge);
AwardFacts AwardOf(HouseholdId household, const v1::Quest& quest, int32_t closing_day);

// The same for the same household, badge or quest, and team, tried on the same day.
RequestKey AwardKey(const AwardFacts& facts, absl::Time now, absl::TimeZone zone);
ReadSet AwardReads(HouseholdId household);

// The day on which it was awarded; nullptr where it was not.
const ledger::v1::GameRecord::Reached* FindReached(const ledger::v1::GameRecord& record, absl::string_view name);

// Checks in this order: HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, AWARDED_ALREADY, AWARDS_TOO_MANY.
absl::StatusOr<Transaction> DecideAward(const View& view, const AwardFacts& facts, const Catalogue& catalogue,
                                        const DecisionContext& context);

}  // namespace fenfen
