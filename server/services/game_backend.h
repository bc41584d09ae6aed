// GameBackend: what the game's service and the job that closes boards work with. All of it outlives them and is thread-safe.
#pragma once

#include "ledger/points/game/reading.h"
#include "ledger/points/game/rules_store.h"
#include "ledger/projections/players.h"
#include "server/services/board_rankings.h"

namespace fenfen::server {

struct GameBackend {
  explicit GameBackend(absl::TimeZone zone) : players(zone, {RegionInHousehold, CountedDrop, SortedRightly, ReversesDrop}) {}

  Players players;       // a projection
  GameRulesStore rules;  // likewise
  BoardRankings rankings{players};
};

}  // namespace fenfen::server
