#include "ledger/points/trust/station_place.h"

#include <algorithm>
#include <string>

#include "absl/time/civil_time.h"

namespace fenfen {
namespace {

constexpr int64_t kDaySeconds = 24 * 60 * 60;
// A degree of a meridian is some 111,320 metres.
constexpr int64_t kMillimetresPerMicrodegree = 111;  // 111.32, the rest is kept below
constexpr int64_t kRestPerThousand = 320;

bool IsPlaced(const v1::Station& station) { return station.latitude_micros() != 0 || station.longitude_micros() != 0; }

// Millionths of a degree as millimetres along a meridian.
int64_t Millimetres(int64_t microdegrees) { return microdegrees * kMillimetresPerMicrodegree + microdegrees * kRestPerThousand / 1000; }

// The cosine of a latitude in thousandths, by Bhaskara's approximation, good to two thousandths.
int64_t CosineThousandths(int64_t latitude_micros) {
  const int64_t hundredths = latitude_micros / 10'000;  // of a degree
  const int64_t square = hundredths * hundredths;
  constexpr int64_t kHalfTurnSquare = int64_t{18'000} * 18'000;
  return 1000 * (kHalfTurnSquare - 4 * square) / (kHalfTurnSquare + square);
}

// Rounded down.
int64_t SquareRoot(int64_t value) {
  if (value < 2) return value;
  int64_t root = value;
  for (int64_t next = (root + 1) / 2; next < root; next = (root + value / root) / 2) root = next;
  return root;
}

// "07:30" as seconds of the day; the catalogue's check has its form.
int64_t SecondsOfTime(const std::string& text) {
  if (text.size() != 5) return 0;
  const auto digit = [&text](size_t at) { return int64_t{text[at]} - '0'; };
  return ((digit(0) * 10 + digit(1)) * 60 + digit(3) * 10 + digit(4)) * 60;
}

bool HoldsOn(const v1::SaleWindow& window, absl::CivilDay day) {
  const int weekday = static_cast<int>(absl::GetWeekday(day)) + 1;  // Monday is 0 there
  const auto& days = window.weekdays();
  return days.empty() || std::find(days.begin(), days.end(), weekday) != days.end();
}

}  // namespace

std::optional<int64_t> MetresBetween(const v1::Station& a, const v1::Station& b) {
  if (!IsPlaced(a) || !IsPlaced(b)) return std::nullopt;
  const int64_t north = Millimetres(int64_t{a.latitude_micros()} - b.latitude_micros()) / 1000;
  int64_t turn = int64_t{a.longitude_micros()} - b.longitude_micros();
  if (turn > 180'000'000) turn -= 360'000'000;
  if (turn < -180'000'000) turn += 360'000'000;
  const int64_t middle = (int64_t{a.latitude_micros()} + b.latitude_micros()) / 2;
  const int64_t east = Millimetres(turn) / 1000 * CosineThousandths(middle) / 1000;
  return SquareRoot(north * north + east * east);
}

int64_t SecondsOutside(const v1::Station& station, absl::Time time, absl::TimeZone zone) {
  if (station.windows().empty()) return 0;
  const absl::CivilSecond civil = absl::ToCivilSecond(time, zone);
  const absl::CivilDay today(civil);
  const int64_t second = civil - absl::CivilSecond(today);
  int64_t nearest = kDaySeconds;
  for (const v1::SaleWindow& window : station.windows()) {
    for (const int64_t shift : {-1, 0, 1}) {  // just after midnight yesterday's window may be the nearest
      if (!HoldsOn(window, today + shift)) continue;
      const int64_t begin = SecondsOfTime(window.begin()) + shift * kDaySeconds;
      const int64_t end = SecondsOfTime(window.end()) + shift * kDaySeconds;
      nearest = std::min(nearest, std::max<int64_t>({0, begin - second, second - end}));
    }
  }
  return nearest;
}

}  // namespace fenfen
