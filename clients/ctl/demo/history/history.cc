#include "clients/ctl/demo/history/history.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "clients/ctl/demo/history/areas.h"
#include "clients/ctl/demo/progress_bar.h"

namespace fenfen::ctl {

namespace {

// Of all estates so many are about every day, and no fewer than two: the month is a sample of the district's.
constexpr size_t kActiveShare = 12, kActiveMin = 2;
// Of the households with WeChat each so many-th is keen.
constexpr size_t kKeenEach = 20;
constexpr int kAwardNights = 3;

struct Area {
  const char* name;
  absl::Status (*play)(Story&);
};
constexpr Area kAreas[] = {{"budgets", PlayBudgets},
                           {"the morning's drops", PlayMorningDrops},
                           {"served drops", PlayServedDrops},
                           {"people", PlayPeople},
                           {"verification", PlayVerification},
                           {"terms", PlayTerms},
                           {"shopping", PlayShopping},
                           {"the game", PlayGame},
                           {"corrections", PlayCorrections},
                           {"settlements", PlaySettlements},
                           {"trust", PlayTrust},
                           {"the fraud", PlayFraud},
                           {"the evening's drops", PlayEveningDrops}};

// Estates at even distances, the first among them; and who lives there.
void ChooseSample(Story& story) {
  const size_t all = story.district.estates.size(), some = std::min(all, std::max(kActiveMin, all / kActiveShare));
  for (size_t i = 0; i < some; ++i) story.active.push_back(i * all / some);
  size_t with_phone = 0;
  for (size_t i = 0; i < story.district.households.size(); ++i) {
    const DemoHousehold& household = story.district.households[i];
    if (std::find(story.active.begin(), story.active.end(), household.estate) == story.active.end()) continue;
    // Some drop nothing but what their part says.
    const Cast& cast = story.cast;
    const size_t apart[] = {cast.rich, cast.saver, cast.merged, cast.accomplice, cast.debtor, cast.mover, cast.reissued, cast.corrected};
    if (std::find(std::begin(apart), std::end(apart), i) != std::end(apart)) continue;
    story.residents.push_back(i);
    const bool keen = household.card.empty() && with_phone++ % kKeenEach == kKeenEach / 2 && household.openids[0] != kSharedOpenid;
    if (keen) story.keen.push_back(i);
  }
}

// Jobs that go through all households, which takes a while in Redis: points lapse at a month's end alone, and badges can wait two nights.
std::vector<std::string> LeftOutTonight(const Story& story) {
  std::vector<std::string> left_out;
  if (story.Today().day() != 1) left_out.push_back("timers/expire-lots");
  if (story.day % kAwardNights != 0) left_out.push_back("timers/award");
  return left_out;
}

absl::Status PlayDay(Story& story) {
  const auto in = [&](const char* area, const absl::Status& status) {
    return absl::Status(status.code(),
                        absl::StrCat("历史 / history, ", absl::FormatCivilTime(story.Today()), ", ", area, ": ", status.message()));
  };
  story.stage.MoveTo(story.At(0, 30));
  if (absl::Status timers = story.stage.RunTimers(LeftOutTonight(story)); !timers.ok()) return in("timers", timers);
  for (const Area& area : kAreas) {
    if (absl::Status played = area.play(story); !played.ok()) return in(area.name, played);
  }
  return absl::OkStatus();
}

absl::Status PlayDays(Story& story, const HistoryRequest& request) {
  ProgressBar bar("历史 / history, days", story.days, absl::Now(), isatty(STDERR_FILENO) == 1);
  for (story.day = 0; story.day < story.days; ++story.day) {
    if (request.stop) return absl::CancelledError("stopped");
    if (absl::Status played = PlayDay(story); !played.ok()) return played;
    std::cerr << bar.Line(story.day + 1, absl::Now()) << std::flush;
  }
  // The night after the last day.
  story.stage.MoveTo(story.At(0, 30));
  return story.stage.RunTimers();
}

}  // namespace

absl::Status PlayHistory(const HistoryRequest& request) {
  const absl::Time start = absl::Now();
  const Workspace& workspace = request.workspace;
  const DistrictPlan& plan = workspace.record().plan;
  const absl::CivilDay first_day = request.last_day - (plan.history_days - 1);
  absl::StatusOr<Cast> cast = ChooseCast(request.district);
  if (!cast.ok()) return cast.status();
  const PilotDays pilot = PilotDaysOf(first_day, static_cast<int>(plan.history_days));
  request.say(absl::StrFormat("生成历史 %s 至 %s：经真实的服务，只是时钟由演示拨动 / playing the history", absl::FormatCivilTime(first_day),
                              absl::FormatCivilTime(request.last_day)));
  absl::StatusOr<std::unique_ptr<Stage>> stage =
      Stage::Open(workspace.Path(ServerName(workspace.mode(), 0) + ".toml"), workspace.Path("log/history.jsonl"), workspace.Path("keys"),
                  absl::FromCivil(std::min(pilot.lapses, pilot.lapses_soon) - 1, ProgrammeTimeZone()), plan.seed);
  if (!stage.ok()) return stage.status();
  absl::StatusOr<std::unique_ptr<Devices>> devices = Devices::Open(workspace.Path("fleet"), stage->get());
  if (!devices.ok()) return devices.status();
  Story story{.stage = **stage,
              .devices = **devices,
              .district = request.district,
              .workspace = workspace,
              .cast = *std::move(cast),
              .random = SeededRandom(plan.seed + 2),
              .first_day = first_day,
              .days = static_cast<int>(plan.history_days)};
  ChooseSample(story);
  absl::Status played = PlayOpening(story, request.say, request.stop);
  if (played.ok()) played = PlayDays(story, request);
  absl::Status closed = (*stage)->Close();
  if (!played.ok()) return played;
  const StoryCounts& counts = story.counts;
  request.say(
      absl::StrFormat("历史完成：%d 次投放（%d 次由指导员），%d 张兑换券、%d 次核销、%d 次取消、%d 次退款，%.1f 秒 / the history is done",
                      counts.credited + counts.by_attendants, counts.by_attendants, counts.reserved, counts.captured, counts.cancelled,
                      counts.refunded, absl::ToDoubleSeconds(absl::Now() - start)));
  return closed;
}

}  // namespace fenfen::ctl
