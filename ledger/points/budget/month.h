// Months as numbers, counted from January 1970, in the programme's time zone like days (ledger/core/clock.h). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "ledger/core/clock.h"

namespace fenfen {

inline int32_t MonthNumber(absl::CivilMonth month) { return static_cast<int32_t>(month - absl::CivilMonth(1970, 1)); }
inline int32_t MonthOfDay(int32_t day) { return MonthNumber(absl::CivilMonth(CivilDayOf(day))); }
inline absl::CivilMonth CivilMonthOf(int32_t month) { return absl::CivilMonth(1970, 1) + month; }
inline int32_t FirstDayOf(int32_t month) { return DayNumber(absl::CivilDay(CivilMonthOf(month))); }
inline int32_t LastDayOf(int32_t month) { return FirstDayOf(month + 1) - 1; }

// "2026-06".
inline std::string FormatMonth(int32_t month) { return absl::FormatCivilTime(CivilMonthOf(month)); }
// nullopt for anything but YYYY-MM from 1970 to 9999.
inline std::optional<int32_t> ParseMonth(absl::string_view text) {
  absl::CivilMonth month;
  if (text.size() != 7 || !absl::ParseCivilTime(absl::StrCat(text), &month) || absl::FormatCivilTime(month) != text) return std::nullopt;
  if (month < absl::CivilMonth(1970, 1)) return std::nullopt;
  return MonthNumber(month);
}

}  // namespace fenfen
