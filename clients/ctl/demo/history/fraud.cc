// The planted fraud: in the last third of the history an attendant credits one household heavy weights, night after night when the station
// is closed. (The household that is many is planted in the district itself.)
#include "absl/strings/str_cat.h"
#include "clients/ctl/demo/history/areas.h"
#include "fenfen/v1/drop.grpc.pb.h"

namespace fenfen::ctl {

namespace {

constexpr double kBegins = 0.65;
constexpr int kDropsANight = 4;
constexpr int64_t kGrams = 9'000;

}  // namespace

absl::Status PlayFraud(Story& story) {
  if (story.day < story.DayAt(kBegins)) return absl::OkStatus();
  story.stage.MoveTo(story.At(23, 30));
  for (int i = 0; i < kDropsANight; ++i) {
    v1::RecordDropRequest request;
    request.set_household(story.Household(story.cast.accomplice));
    request.set_station(story.Station(story.cast.accomplice));
    request.set_category(v1::CATEGORY_RECYCLABLE);
    request.set_weight_grams(kGrams + 50 * i);
    const auto credited = story.stage.Change(story.Attendant(story.cast.accomplice), &v1::DropService::Stub::RecordDrop, request);
    if (!credited.ok()) return credited.status();
    ++story.counts.by_attendants;
    story.stage.Advance(absl::Seconds(45));
  }
  return absl::OkStatus();
}

}  // namespace fenfen::ctl
