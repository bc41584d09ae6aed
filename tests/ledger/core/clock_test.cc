// Days are the civil ones of the zone, whatever was remembered before.
#include "ledger/core/clock.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace fenfen {
namespace {

TEST(ClockTest, DayNumbersAreTheCivilDaysInEveryZone) {
  // Shanghai had summer time from 1986 to 1991; São Paulo's began at midnight; Apia left a whole day out; Lord Howe moves by half an hour.
  std::vector<absl::TimeZone> zones = {absl::UTCTimeZone(), absl::FixedTimeZone(8 * 3600)};
  for (const char* name : {"Asia/Shanghai", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe"}) {
    absl::TimeZone zone;
    ASSERT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
    zones.push_back(zone);
  }
  std::mt19937_64 random(20261122);
  for (int i = 0; i < 200'000; ++i) {
    const absl::TimeZone zone = zones[random() % zones.size()];
    // Mostly near to one another, as events are; from 1985 to 2035.
    const int64_t base = 473385600 + static_cast<int64_t>(random() % 50) * 31556952;
    const absl::Time time = absl::FromUnixMillis(base * 1000 + static_cast<int64_t>(random() % 200'000'000));
    ASSERT_EQ(DayNumberOf(time, zone), DayNumber(absl::ToCivilDay(time, zone))) << absl::FormatTime(time, zone) << " " << zone.name();
  }
}

TEST(ClockTest, ADayBeginsAtItsMidnight) {
  absl::TimeZone zone;
  ASSERT_TRUE(absl::LoadTimeZone("Asia/Shanghai", &zone));
  const absl::Time midnight = absl::FromCivil(absl::CivilSecond(2026, 6, 16), zone);
  const int32_t day = DayNumber(absl::CivilDay(2026, 6, 16));
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(DayNumberOf(midnight, zone), day);
    EXPECT_EQ(DayNumberOf(midnight - absl::Nanoseconds(1), zone), day - 1);
    EXPECT_EQ(DayNumberOf(midnight + absl::Hours(24) - absl::Nanoseconds(1), zone), day);
    EXPECT_EQ(DayNumberOf(midnight + absl::Hours(24), zone), day + 1);
  }
}

}  // namespace
}  // namespace fenfen
