// Drops: what the devices see, in the mix and by the hours of the load model; whom attendants serve; who scans the code.
#include "absl/strings/str_cat.h"
#include "clients/ctl/demo/history/areas.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/station.grpc.pb.h"

namespace fenfen::ctl {

namespace {

constexpr int kNoon = 12;
// On so many days of twenty-one the second estate's devices are offline; what they saw comes when they are back, within the rules' seven
// days.
constexpr int kOfflineCycle = 21, kOfflineFrom = 5, kOfflineDays = 3;
constexpr double kKeenShare = 0.7;  // how often somebody keen brings recyclables
constexpr int kServedADay = 6;      // in each estate
constexpr double kFreezeDay = 0.3;  // the day that the rich household misses

bool IsOffline(const Story& story, size_t estate) {
  const int at = story.day % kOfflineCycle;
  return estate == story.active.back() && at >= kOfflineFrom && at < kOfflineFrom + kOfflineDays;
}

// What those who play a part drop every day.
void AddRegulars(const Story& story, bool morning, std::vector<std::string>* lines) {
  const Cast& cast = story.cast;
  const size_t regulars[] = {cast.rich,   cast.saver, cast.appellant, cast.plaintiff, cast.giver,
                             cast.debtor, cast.mover, cast.absorbing, cast.hidden,    cast.adjusted};
  for (const size_t household : regulars) {
    // Who saves does not throw much away.
    if (household == cast.saver && story.day % 2 != 0) continue;
    if (household == cast.rich && story.day == story.DayAt(kFreezeDay)) continue;
    if (morning) {
      lines->push_back(GivenDropLine(story.district, household, "FOOD", 900 + 50 * (story.day % 7), story.At(8, 10)));
    } else if (const bool much = household == cast.rich || household == cast.adjusted; much || story.day % 3 == 0) {
      lines->push_back(GivenDropLine(story.district, household, "RECYCLABLE", much ? 1'600 : 1'200, story.At(18, 5)));
    }
  }
}

// Those behind one identity all drop at one station within a few minutes.
void AddShared(const Story& story, std::vector<std::string>* lines) {
  for (size_t i = 0; i < story.cast.shared.size(); ++i) {
    const absl::Time time = story.At(19) + absl::Seconds(40 * static_cast<int>(i));
    lines->push_back(GivenDropLine(story.district, story.cast.shared[i], "FOOD", 1'900, time));
  }
}

absl::Status Upload(Story& story, const std::vector<std::string>& lines) {
  const std::atomic<bool> never{false};
  const absl::StatusOr<UploadReport> report = story.devices.Upload(lines, never);
  if (!report.ok()) return report.status();
  story.counts.credited += report->credited;
  story.counts.rejected += report->rejected;
  return absl::OkStatus();
}

// The drops of half a day, `share` of the day's in each estate of those that are about.
absl::Status PlayHalf(Story& story, int from_hour, int until_hour) {
  const double share = static_cast<double>(story.active.size()) / static_cast<double>(story.district.estates.size());
  const auto drops = static_cast<int64_t>(static_cast<double>(story.workspace.record().plan.drops) * share);
  std::vector<std::string> lines;
  for (const int64_t second : SecondsOfDrops(&story.random, drops)) {
    const size_t household = story.residents[static_cast<size_t>(story.random.Below(static_cast<int64_t>(story.residents.size())))];
    const std::string line = DropLineOf(story.district, household, &story.random, story.At(0) + absl::Seconds(second));
    if (second < from_hour * 3600 || second >= until_hour * 3600) continue;
    (IsOffline(story, story.district.households[household].estate) ? story.held_back : lines).push_back(line);
  }
  const bool morning = from_hour == 0;
  for (const size_t household : story.keen) {
    if (!morning || !story.random.Chance(kKeenShare)) continue;
    const absl::Time time = story.At(9) + absl::Seconds(story.random.Below(7200));
    lines.push_back(GivenDropLine(story.district, household, "RECYCLABLE", 1'500 + story.random.Below(1'500), time));
  }
  AddRegulars(story, morning, &lines);
  if (!morning) AddShared(story, &lines);
  if (!morning && !IsOffline(story, story.active.back())) {
    lines.insert(lines.end(), story.held_back.begin(), story.held_back.end());
    story.held_back.clear();
  }
  return Upload(story, lines);
}

absl::Status ServeOne(Story& story, size_t household, bool by_proxy) {
  v1::RecordDropRequest request;
  request.set_household(story.Household(household));
  request.set_station(story.Station(household));
  const bool food = story.random.Chance(0.6);
  request.set_category(food ? v1::CATEGORY_FOOD : v1::CATEGORY_RECYCLABLE);
  request.set_weight_grams(food ? 500 + story.random.Below(800) : 300 + story.random.Below(900));
  request.set_by_proxy(by_proxy);
  if (by_proxy) request.set_member(MemberNameOf(story.district, household, 2));
  const auto served = story.stage.Change(story.Attendant(household), &v1::DropService::Stub::RecordDrop, request);
  if (served.ok()) ++story.counts.by_attendants;
  return served.status();
}

// A resident who scans what the station shows.
absl::Status ScanOne(Story& story, size_t household) {
  v1::GetStationCodeRequest ask;
  ask.set_station(story.Station(household));
  const auto code = story.stage.Ask(story.Attendant(household), &v1::StationService::Stub::GetStationCode, ask);
  if (!code.ok()) return code.status();
  v1::RecordDropRequest request;
  request.set_household(story.Household(household));
  request.set_station_code(code->code());
  request.set_category(v1::CATEGORY_RESIDUAL);
  return story.stage.Change(story.Resident(household), &v1::DropService::Stub::RecordDrop, request).status();
}

}  // namespace

absl::Status PlayMorningDrops(Story& story) {
  story.stage.MoveTo(story.At(kNoon));
  return PlayHalf(story, 0, kNoon);
}

absl::Status PlayEveningDrops(Story& story) {
  story.stage.MoveTo(story.At(23, 59) + absl::Seconds(59));
  return PlayHalf(story, kNoon, 24);
}

absl::Status PlayServedDrops(Story& story) {
  story.stage.MoveTo(story.At(12, 30));
  std::vector<std::vector<size_t>> cards(story.district.estates.size());
  for (const size_t household : story.residents) {
    const DemoHousehold& resident = story.district.households[household];
    if (!resident.card.empty()) cards[resident.estate].push_back(household);
  }
  for (const size_t estate : story.active) {
    for (int i = 0; i < kServedADay && !cards[estate].empty(); ++i) {
      const size_t household = cards[estate][static_cast<size_t>(story.random.Below(static_cast<int64_t>(cards[estate].size())))];
      if (absl::Status served = ServeOne(story, household, /*by_proxy=*/false); !served.ok()) return served;
      story.stage.Advance(absl::Seconds(50));
    }
  }
  for (const size_t household : {story.cast.rich, story.cast.hidden}) {
    if (household == story.cast.rich && story.day == story.DayAt(kFreezeDay)) continue;
    if (absl::Status scanned = ScanOne(story, household); !scanned.ok()) return scanned;
  }
  // Once the consent is recorded (people.cc), whoever cannot come is served every third day.
  const bool assisted = story.day > story.DayAt(0.1) && story.day % 3 == 0;
  return assisted ? ServeOne(story, story.cast.assisted, /*by_proxy=*/true) : absl::OkStatus();
}

}  // namespace fenfen::ctl
