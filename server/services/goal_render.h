// Badges and quests as people see them: what is to be done, how far it is, what is left, in Chinese and English. Pure functions.
#pragma once

#include <vector>

#include "fenfen/ledger/v1/game.pb.h"
#include "fenfen/v1/game.pb.h"
#include "ledger/points/game/game_rules.h"
#include "server/services/goal_stands.h"

namespace fenfen::server {

// `reached`: the household's record of it; nullptr where it has none.
void RenderBadge(const v1::Badge& badge, const std::vector<GoalStand>& stands, const ledger::v1::GameRecord::Reached* reached,
                 const v1::GameRules& rules, v1::BadgeView& out);
void RenderQuest(const v1::Quest& quest, const QuestDays& days, const QuestStand& stand, const ledger::v1::GameRecord::Reached* reached,
                 int32_t today, const v1::GameRules& rules, v1::QuestView& out);

}  // namespace fenfen::server
