// The game: a team, a freeze, somebody who would not be on the boards. Streaks and boards come from the drops by themselves.
#include "absl/strings/str_cat.h"
#include "clients/ctl/demo/history/areas.h"
#include "fenfen/v1/game.grpc.pb.h"

namespace fenfen::ctl {

namespace {

using Game = v1::GameService::Stub;

absl::Status FoundTeam(Story& story) {
  v1::FoundTeamRequest found;
  found.set_household(story.Household(story.cast.rich));
  found.set_title("绿色楼门队");
  const auto founded = story.stage.Change(story.Resident(story.cast.rich), &Game::FoundTeam, found);
  if (!founded.ok()) return founded.status();
  v1::GetGameRequest ask;
  ask.set_household(found.household());
  const auto game = story.stage.Ask(story.Resident(story.cast.rich), &Game::GetGame, ask);
  if (!game.ok()) return game.status();
  for (const size_t household : {story.cast.debtor, story.cast.absorbing, story.cast.adjusted}) {
    story.stage.Advance(absl::Minutes(7));
    v1::JoinTeamRequest join;
    join.set_household(story.Household(household));
    join.set_team(game->game().team().name());
    if (auto joined = story.stage.Change(story.Resident(household), &Game::JoinTeam, join); !joined.ok()) return joined.status();
  }
  return absl::OkStatus();
}

absl::Status Hide(Story& story) {
  v1::SetPreferencesRequest choose;
  choose.set_household(story.Household(story.cast.hidden));
  choose.set_hidden(true);
  return story.stage.Change(story.Resident(story.cast.hidden), &Game::SetPreferences, choose).status();
}

// The day before was missed (drops.cc).
absl::Status Freeze(Story& story) {
  v1::UseFreezeRequest freeze;
  freeze.set_household(story.Household(story.cast.rich));
  freeze.set_day(absl::FormatCivilTime(story.first_day + story.DayAt(0.3)));
  return story.stage.Change(story.Resident(story.cast.rich), &Game::UseFreeze, freeze).status();
}

}  // namespace

absl::Status PlayGame(Story& story) {
  story.stage.MoveTo(story.At(18));
  if (story.day == story.DayAt(0.3) + 1) {
    if (absl::Status kept = Freeze(story); !kept.ok()) return kept;
  }
  static constexpr Step kSteps[] = {{0.05, FoundTeam}, {0.1, Hide}};
  return PlaySteps(story, kSteps);
}

}  // namespace fenfen::ctl
