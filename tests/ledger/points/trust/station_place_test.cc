// Ways between stations, and their hours.
#include "ledger/points/trust/station_place.h"

#include <gtest/gtest.h>

#include "absl/time/civil_time.h"

namespace fenfen {
namespace {

v1::Station At(int32_t latitude_micros, int32_t longitude_micros) {
  v1::Station station;
  station.set_latitude_micros(latitude_micros);
  station.set_longitude_micros(longitude_micros);
  return station;
}

TEST(StationPlace, TheWayInMetres) {
  const v1::Station tongzhou = At(39'902'000, 116'656'000);
  // 0.01 degrees: 1,113 m along a meridian; in that latitude 854 m along a parallel.
  EXPECT_NEAR(static_cast<double>(*MetresBetween(tongzhou, At(39'912'000, 116'656'000))), 1113, 3);
  EXPECT_NEAR(static_cast<double>(*MetresBetween(tongzhou, At(39'902'000, 116'666'000))), 854, 6);
  EXPECT_EQ(*MetresBetween(tongzhou, tongzhou), 0);
  // Tongzhou to Tian'anmen: some 22.1 km.
  EXPECT_NEAR(static_cast<double>(*MetresBetween(tongzhou, At(39'908'700, 116'397'500))), 22'070, 200);
  // Across the date line.
  EXPECT_NEAR(static_cast<double>(*MetresBetween(At(1, 179'995'000), At(1, -179'995'000))), 1113, 3);
}

TEST(StationPlace, NoWayWhereAPlaceIsNotKnown) { EXPECT_FALSE(MetresBetween(At(0, 0), At(39'902'000, 116'656'000)).has_value()); }

class Hours : public testing::Test {
 protected:
  Hours() { EXPECT_TRUE(absl::LoadTimeZone("Asia/Shanghai", &zone)); }
  void Window(const char* begin, const char* end, std::vector<int> weekdays = {}) {
    v1::SaleWindow& window = *station.add_windows();
    window.set_begin(begin);
    window.set_end(end);
    for (const int weekday : weekdays) window.add_weekdays(weekday);
  }
  // 2026-06-15 is a Monday.
  int64_t Outside(int day, int hour, int minute) const {
    return SecondsOutside(station, absl::FromCivil(absl::CivilSecond(2026, 6, day, hour, minute, 0), zone), zone);
  }
  absl::TimeZone zone;
  v1::Station station;
};

TEST_F(Hours, WithoutWindowsAlwaysOpen) { EXPECT_EQ(Outside(15, 3, 0), 0); }

TEST_F(Hours, TheNearestWindowCounts) {
  Window("07:30", "09:30");
  Window("17:30", "19:30");
  EXPECT_EQ(Outside(15, 7, 30), 0);
  EXPECT_EQ(Outside(15, 9, 30), 0);
  EXPECT_EQ(Outside(15, 9, 40), 600);
  EXPECT_EQ(Outside(15, 17, 20), 600);
  EXPECT_EQ(Outside(15, 3, 0), 4 * 3600 + 1800);
}

TEST_F(Hours, WindowsOfOtherWeekdaysDoNotCount) {
  Window("07:00", "09:00", {6, 7});
  EXPECT_EQ(Outside(20, 8, 0), 0);
  EXPECT_EQ(Outside(16, 8, 0), 24 * 3600);
}

TEST_F(Hours, JustAfterMidnightYesterdaysWindowIsNear) {
  Window("18:00", "24:00", {1});
  EXPECT_EQ(Outside(16, 0, 5), 300);
  EXPECT_EQ(Outside(15, 23, 59), 0);
}

}  // namespace
}  // namespace fenfen
