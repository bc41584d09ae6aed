#include "clients/ctl/demo/day.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fenfen::ctl {

namespace {

// Visits: food 48%, residual 38%, recyclable 13%, hazardous 1%.
struct Kind {
  const char* category;
  double share;
  double median_grams;
  double sigma;
  double weighed;  // how often there is a weight
};
constexpr Kind kKinds[] = {
    {"FOOD", 48, 800, 0.5, 0.95}, {"RESIDUAL", 38, 1'100, 0.6, 0.9}, {"RECYCLABLE", 13, 600, 0.7, 0.9}, {"HAZARDOUS", 1, 120, 0.5, 0.5}};
// Per cent of a day's drops by hour; with the morning and evening peaks of the duty windows.
constexpr double kHourlyShare[24] = {.2, .1, .1, .1, .3, 1.2, 5, 13, 11, 6, 4.5, 4, 3.5, 2.5, 2.5, 2.8, 4, 7, 12, 10.5, 6, 2.4, 1, .3};
constexpr double kGramsMin = 20, kGramsMax = 20'000;
// Days before the day of drops; the rules credit up to seven days late.
constexpr int kEarlierDays = 5;

std::string Line(const std::string& device, int64_t household, int64_t member, absl::string_view category, int64_t grams, absl::Time time) {
  return absl::StrCat("{\"device\":\"", device, "\",\"household\":", household, ",\"member\":", member, ",\"category\":\"", category,
                      "\",\"grams\":", grams, ",\"time\":\"", absl::FormatTime(absl::RFC3339_full, time, ProgrammeTimeZone()), "\"}");
}

}  // namespace

absl::TimeZone ProgrammeTimeZone() {
  static const absl::TimeZone zone = [] {
    absl::TimeZone loaded;
    // Without the system's table the zone is still what it has been since 1991: eight hours ahead, no summer time.
    return absl::LoadTimeZone("Asia/Shanghai", &loaded) ? loaded : absl::FixedTimeZone(8 * 3600);
  }();
  return zone;
}

const DemoStation& NearStation(const District& district, size_t household) {
  const std::vector<size_t>& stations = district.stations_of_estate[district.households[household].estate];
  return district.stations[stations[household % stations.size()]];
}

std::string DropLine(const District& district, SeededRandom* random, absl::Time time) {
  return DropLineOf(district, static_cast<size_t>(random->Below(static_cast<int64_t>(district.households.size()))), random, time);
}

std::string DropLineOf(const District& district, size_t index, SeededRandom* random, absl::Time time) {
  const DemoHousehold& household = district.households[index];
  const DemoStation& station = NearStation(district, index);
  double shares[std::size(kKinds)];
  for (size_t i = 0; i < std::size(kKinds); ++i) shares[i] = kKinds[i].share;
  const Kind& kind = kKinds[random->Pick(shares)];
  const double grams = std::clamp(random->LogNormal(kind.median_grams, kind.sigma), kGramsMin, kGramsMax);
  const bool weighed = random->Chance(kind.weighed);
  return Line(station.device, household.number, random->Below(household.members + 1), kind.category,
              weighed ? static_cast<int64_t>(grams) : 0, time);
}

std::string GivenDropLine(const District& district, size_t index, absl::string_view category, int64_t grams, absl::Time time) {
  return Line(NearStation(district, index).device, district.households[index].number, 1, category, grams, time);
}

std::vector<int64_t> SecondsOfDrops(SeededRandom* random, int64_t drops) {
  std::vector<int64_t> seconds(static_cast<size_t>(drops));
  for (int64_t& second : seconds) second = static_cast<int64_t>(random->Pick(kHourlyShare)) * 3600 + random->Below(3600);
  std::sort(seconds.begin(), seconds.end());
  return seconds;
}

std::vector<std::string> DayOfDrops(const District& district, SeededRandom* random, absl::CivilDay day, int64_t drops) {
  const absl::Time midnight = absl::FromCivil(day, ProgrammeTimeZone());
  std::vector<std::string> lines;
  lines.reserve(static_cast<size_t>(drops));
  for (const int64_t second : SecondsOfDrops(random, drops)) lines.push_back(DropLine(district, random, midnight + absl::Seconds(second)));
  return lines;
}

std::vector<std::string> EarlierDrops(const District& district, absl::CivilDay day) {
  std::vector<std::string> lines;
  for (const DemoHousehold& household : district.households) {
    const auto demo = std::find_if(household.openids.begin(), household.openids.end(),
                                   [](const std::string& openid) { return absl::string_view(openid).substr(0, 5) == "demo-"; });
    if (demo == household.openids.end()) continue;
    const bool rich = &household == &district.households[district.rich_household];
    const std::string& device = district.stations[district.stations_of_estate[household.estate].front()].device;
    for (int back = rich ? kEarlierDays : 1; back >= 1; --back) {
      const absl::Time morning = absl::FromCivil(day - back, ProgrammeTimeZone()) + absl::Hours(8);
      lines.push_back(Line(device, household.number, 1, "RECYCLABLE", 4'200, morning));
      lines.push_back(Line(device, household.number, 1, "FOOD", 1'500 + 100 * back, morning + absl::Hours(10)));
    }
  }
  return lines;
}

}  // namespace fenfen::ctl
