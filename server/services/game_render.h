// The game as people see it: a household's standing in words, boards with masked names. Pure functions of what was read. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fenfen/ledger/v1/game.pb.h"
#include "fenfen/v1/game.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/game/periods.h"
#include "ledger/points/sentence.h"
#include "ledger/projections/players.h"

namespace fenfen::server {

// "teams/0123456789abcdef", and back; nullopt for another form.
std::string TeamName(uint64_t team);
std::optional<uint64_t> ParseTeamName(absl::string_view name);

// Fills everything but the household's name, civic points and team.
struct GameFacts {
  Points civic;
  ledger::v1::GameRecord choices;
  Streak streak;
  int32_t today = 0;
};
void RenderGame(const GameFacts& facts, const v1::GameRules& rules, v1::Game& game);
void RenderTeam(uint64_t number, const Players::Team& team, HouseholdId asked, const Catalogue& catalogue, v1::Team& out);

// Who asks, so that its own place is marked: a household, or of a board of teams its team; 0 for nobody.
class BoardRenderer {
 public:
  BoardRenderer(const v1::Board& board, const Players& players, const Catalogue& catalogue, uint64_t own)
      : board_(board), players_(players), catalogue_(catalogue), own_(own) {}

  // What both have: the board, its region and period, the rule for ties.
  void Begin(const v1::Region& region, const Period& period, v1::BoardView& out) const;
  // The first places, the own one and those around it. `own`: what it has, ranked or not.
  void Open(const std::vector<Standing>& places, const Standing& own, v1::BoardView& out) const;
  // As it was closed; who left the boards since is not shown.
  void Closed(const ledger::v1::BoardResult& result, v1::BoardView& out) const;

 private:
  v1::Place PlaceOf(const Standing& standing, size_t rank) const;

  const v1::Board& board_;
  const Players& players_;
  const Catalogue& catalogue_;
  const uint64_t own_;
};

}  // namespace fenfen::server
