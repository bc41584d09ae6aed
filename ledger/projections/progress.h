// Progress: how far a household, or a team, is with the goals of a badge or a quest (v1::Goal), from what Players keeps of it. Pure
// functions.
//
//   QuestProgress(quest, {first_day, last_day}, {players.DeedsOf(household)})     one for each step
//
// A quest is counted by the drops' own days, so that the outcome is the same in whatever order late ones arrive. Its days must lie within
// the last History::kDays.
#pragma once

#include <cstdint>
#include <vector>

#include "fenfen/v1/game_rules.pb.h"
#include "ledger/projections/players.h"

namespace fenfen {

struct GoalStand {
  int64_t value = 0;  // the most it came to, as the goal's target
  bool reached = false;
  int32_t day = 0;  // of a quest's step, the day on which it was reached
};

// One for each step. `who`: the household, or every member of the team, with what it did since it joined; a team's value is the sum.
std::vector<GoalStand> QuestProgress(const v1::Quest& quest, DaySpan days, const std::vector<Players::Deeds>& who);

// What of a badge's goals stands in no record of deeds.
struct Lifetime {
  int64_t civic = 0;  // civic points, hundredths
  int level = 0;
};
// One for each goal.
std::vector<GoalStand> BadgeProgress(const v1::Badge& badge, const Players::Deeds& deeds, const Lifetime& lifetime);

// True where there are some and all are reached.
bool AllReached(const std::vector<GoalStand>& stands);
// True where it did something within the days that counts.
bool TookPart(const Players::Deeds& deeds, DaySpan days);

}  // namespace fenfen
