// The day's credit: what all the drops of a block of days are worth together. A pure function of the drops, never of the order in which
// they came: the most valuable drop goes first (reward, then civic points; of equals the earlier, then the lower id), and each is credited
// as far as every cap that holds it has room:
//
//   COUNT caps: whole, civic points included, or not at all;
//   GRAMS caps: the part of its reward that the grams left are of its own, rounded down;
//   POINTS caps: what is left.
//
// Then come the days' bonuses, within the household's POINTS caps that hold everything. What a household has in the end is the sum.
#pragma once

#include <cstdint>
#include <vector>

#include "ledger/points/earning/day_log.h"
#include "ledger/points/earning/rules.h"

namespace fenfen {

// What one drop was credited, and what cut it most.
struct EventCredit {
  int64_t reward = 0;
  int64_t civic = 0;
  bool left_out = false;          // a COUNT cap had no room
  const CapTerms* cut = nullptr;  // nullptr where nothing did
};

struct BlockCredit {
  struct Day {
    int64_t reward = 0;  // bonuses included
    int64_t civic = 0;
    uint16_t bonuses = 0;  // those that the day has, a bit each
  };
  std::vector<Day> days;  // as the days given
  EventCredit focus;      // of the event asked for
};

// `days` are in order; `rules` those of each, nullptr for a day that is not of the block. The event `focus` of the day `focus_day` is told
// apart; of several that differ in nothing but when they happened it is taken for the last, which changes no sum.
BlockCredit CreditOf(const OpenDays& days, const std::vector<const Rules*>& rules, int32_t focus_day, const DayEvent& focus);

// The bonuses that a day's drops have earned, a bit each.
uint16_t BonusesEarned(const OpenDay& day, const Rules& rules);

}  // namespace fenfen
