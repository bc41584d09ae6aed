// Whether the badges and quests of the game's rules say something. A part of CheckGameRules, with its ways of telling. Pure functions.
#pragma once

#include "ledger/points/game/game_rules.h"

namespace fenfen {

void CheckGoals(const v1::GameRules& rules, GameRulesFault fault);

}  // namespace fenfen
