// What the game's verbs share: the rules that a scenario set, teams by the names that it gives them, and the players folded anew.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "fenfen/v1/game_rules.pb.h"
#include "ledger/projections/players.h"
#include "tests/scenarios/verbs.h"

namespace fenfen::scenarios {

struct GameNotes {
  v1::GameRules rules;
  std::map<std::string, uint64_t> teams;  // by the name that a scenario gives them
  std::map<uint64_t, std::string> titles;
};

// From the whole journal.
std::unique_ptr<Players> FoldPlayers(World& world);

// Badges and quests, a part of AddGameVerbs.
void AddAwardVerbs(Verbs& verbs);

}  // namespace fenfen::scenarios
