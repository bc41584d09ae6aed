// Where households stand with badges and quests: what the service shows and what the job awards go by. Pure functions of projections and
// the catalogue as they are. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fenfen/v1/game_rules.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/game/game_rules.h"
#include "ledger/projections/players.h"
#include "ledger/projections/progress.h"

namespace fenfen::server {

struct QuestStand {
  std::vector<GoalStand> steps;  // one for each; of nobody's quest all at nothing
  uint64_t team = 0;             // of a team's quest, the household's team; 0 for none
  std::string team_title;
  bool took_part = false;  // the household itself did something for it, so it gets the award once all is reached
};

// A household's, or its team's. nullopt where the quest is for other regions.
std::optional<QuestStand> StandWith(const v1::Quest& quest, const QuestDays& days, HouseholdId household, const Players& players,
                                    const Catalogue& catalogue);

// A team's, and the members that took part; nullopt where the quest is for other regions or the team is dissolved.
struct TeamStand {
  std::vector<GoalStand> steps;
  std::string title;
  std::vector<HouseholdId> took_part;
};
std::optional<TeamStand> StandOfTeam(const v1::Quest& quest, const QuestDays& days, uint64_t team, const Players& players,
                                     const Catalogue& catalogue);

}  // namespace fenfen::server
