#include "clients/ctl/demo/history/story.h"

namespace fenfen::ctl {

PilotDays PilotDaysOf(absl::CivilDay first_day, int days) {
  const absl::CivilDay last = first_day + days - 1;
  const absl::CivilMonth present(last + 2);
  // The latest month that begins within the history; else the one before the present.
  const absl::CivilMonth begins(last);
  absl::CivilDay lapses = absl::CivilDay(begins - 3) + 14, soon = absl::CivilDay(present - 2) + 14;
  if (soon == lapses) soon += 1;
  return {lapses, soon};
}

absl::Status PlaySteps(Story& story, absl::Span<const Step> steps) {
  for (const Step& step : steps) {
    if (story.DayAt(step.share) != story.day) continue;
    if (absl::Status status = step.play(story); !status.ok()) return status;
    story.stage.Advance(absl::Minutes(10));
  }
  return absl::OkStatus();
}

}  // namespace fenfen::ctl
