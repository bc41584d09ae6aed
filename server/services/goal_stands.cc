#include "server/services/goal_stands.h"

#include <algorithm>
#include <utility>

namespace fenfen::server {

std::optional<TeamStand> StandOfTeam(const v1::Quest& quest, const QuestDays& days, uint64_t team, const Players& players,
                                     const Catalogue& catalogue) {
  const std::optional<Players::Team> found = players.FindTeam(team);
  if (!found || found->record.dissolved() || !IsFor(quest, CatalogueId(found->record.region()), catalogue)) return std::nullopt;
  const DaySpan span{days.first, days.last};
  TeamStand stand;
  stand.title = found->record.title();
  std::vector<Players::Deeds> who;
  for (const HouseholdId member : found->members) {
    who.push_back(players.DeedsOf(member, /*since_team=*/true));
    if (TookPart(who.back(), span)) stand.took_part.push_back(member);
  }
  stand.steps = QuestProgress(quest, span, who);
  return stand;
}

std::optional<QuestStand> StandWith(const v1::Quest& quest, const QuestDays& days, HouseholdId household, const Players& players,
                                    const Catalogue& catalogue) {
  const std::optional<Players::Player> player = players.Find(household);
  const DaySpan span{days.first, days.last};
  QuestStand stand;
  if (quest.entrants() == v1::Board::ENTRANTS_TEAMS) {
    std::optional<TeamStand> team;
    if (player && player->team != 0) team = StandOfTeam(quest, days, player->team, players, catalogue);
    if (team) {
      stand.steps = std::move(team->steps);
      stand.team = player->team;
      stand.team_title = std::move(team->title);
      stand.took_part = std::find(team->took_part.begin(), team->took_part.end(), household) != team->took_part.end();
    } else if (player && !IsFor(quest, player->region, catalogue)) {
      return std::nullopt;
    }
  } else if (player) {
    if (!IsFor(quest, player->region, catalogue)) return std::nullopt;
    const Players::Deeds deeds = players.DeedsOf(household);
    stand.steps = QuestProgress(quest, span, {deeds});
    stand.took_part = TookPart(deeds, span);
  }
  stand.steps.resize(static_cast<size_t>(quest.steps_size()));
  return stand;
}

}  // namespace fenfen::server
