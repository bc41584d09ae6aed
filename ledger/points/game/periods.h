// Periods: a day, a week, a month or a season by its name, as boards are ranked and closed by them. Pure functions.
//
//   PeriodOf(v1::Board::PERIOD_WEEK, day, rules)->name            "2026-W25": the ISO week of that day
//   ParsePeriod(v1::Board::PERIOD_MONTH, "2026-06", rules)->first_day
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "fenfen/v1/game_rules.pb.h"

namespace fenfen {

// How long after a period's end its boards stay open for late events: 7 days.
inline constexpr int kBoardGraceDays = 7;
// How long after that they can still be closed exactly, of a period of days, a week or a month.
inline constexpr int kBoardCloseDays = 7;

// Days as DayNumber gives them, both included.
struct Period {
  std::string name;  // "2026-06-15", "2026-W25", "2026-06", or the season's id
  int32_t first_day = 0;
  int32_t last_day = 0;

  // The first day on which its boards can be closed.
  int32_t closes_on() const { return last_day + kBoardGraceDays + 1; }
  friend bool operator==(const Period&, const Period&) = default;
};

// The period that a day lies in; nullopt where no season is declared for it.
std::optional<Period> PeriodOf(v1::Board::Period kind, int32_t day, const v1::GameRules& rules);
// By its name; nullopt for any other text.
std::optional<Period> ParsePeriod(v1::Board::Period kind, absl::string_view name, const v1::GameRules& rules);
// A season's; nullopt where its months are not months in order.
std::optional<Period> PeriodOf(const v1::Season& season);

}  // namespace fenfen
