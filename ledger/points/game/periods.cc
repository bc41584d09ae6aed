#include "ledger/points/game/periods.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "ledger/core/clock.h"

namespace fenfen {
namespace {

Period WeekOf(absl::CivilDay day) {
  const absl::CivilDay monday = absl::PrevWeekday(day + 1, absl::Weekday::monday);
  // ISO 8601: a week belongs to the year that its Thursday lies in.
  const absl::CivilDay thursday = monday + 3;
  const auto week = (absl::GetYearDay(thursday) - 1) / 7 + 1;
  return {absl::StrFormat("%04d-W%02d", thursday.year(), week), DayNumber(monday), DayNumber(monday + 6)};
}

Period MonthOf(absl::CivilMonth month) {
  return {absl::FormatCivilTime(month), DayNumber(absl::CivilDay(month)), DayNumber(absl::CivilDay(month + 1)) - 1};
}

// Exactly of the form that FormatCivilTime writes.
template <typename Civil>
std::optional<Civil> ParseCivil(absl::string_view text) {
  Civil civil;
  if (!absl::ParseCivilTime(text, &civil) || absl::FormatCivilTime(civil) != text) return std::nullopt;
  return civil;
}

std::optional<Period> ParseWeek(absl::string_view name) {
  int year = 0;
  int week = 0;
  if (name.size() != 8 || name.substr(4, 2) != "-W" || !absl::SimpleAtoi(name.substr(0, 4), &year) ||
      !absl::SimpleAtoi(name.substr(6), &week)) {
    return std::nullopt;
  }
  // The 4th of January is always in the first week.
  Period period = WeekOf(absl::CivilDay(year, 1, 4) + 7 * (week - 1));
  if (period.name != name) return std::nullopt;
  return period;
}

}  // namespace

std::optional<Period> PeriodOf(const v1::Season& season) {
  const std::optional<absl::CivilMonth> first = ParseCivil<absl::CivilMonth>(season.first_month());
  const std::optional<absl::CivilMonth> last = ParseCivil<absl::CivilMonth>(season.last_month());
  if (!first || !last || *last < *first) return std::nullopt;
  return Period{season.id(), MonthOf(*first).first_day, MonthOf(*last).last_day};
}

std::optional<Period> PeriodOf(v1::Board::Period kind, int32_t day, const v1::GameRules& rules) {
  const absl::CivilDay civil = CivilDayOf(day);
  switch (kind) {
    case v1::Board::PERIOD_DAY:
      return Period{absl::FormatCivilTime(civil), day, day};
    case v1::Board::PERIOD_WEEK:
      return WeekOf(civil);
    case v1::Board::PERIOD_MONTH:
      return MonthOf(absl::CivilMonth(civil));
    case v1::Board::PERIOD_SEASON:
      for (const v1::Season& season : rules.seasons()) {
        std::optional<Period> period = PeriodOf(season);
        if (period && day >= period->first_day && day <= period->last_day) return period;
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<Period> ParsePeriod(v1::Board::Period kind, absl::string_view name, const v1::GameRules& rules) {
  switch (kind) {
    case v1::Board::PERIOD_DAY: {
      const std::optional<absl::CivilDay> day = ParseCivil<absl::CivilDay>(name);
      return day ? PeriodOf(kind, DayNumber(*day), rules) : std::nullopt;
    }
    case v1::Board::PERIOD_WEEK:
      return ParseWeek(name);
    case v1::Board::PERIOD_MONTH: {
      const std::optional<absl::CivilMonth> month = ParseCivil<absl::CivilMonth>(name);
      if (!month) return std::nullopt;
      return MonthOf(*month);
    }
    case v1::Board::PERIOD_SEASON:
      for (const v1::Season& season : rules.seasons()) {
        if (season.id() == name) return PeriodOf(season);
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace fenfen
