// The boards' part of GameService: which there are for a household, and one of them, closed or as it is now. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "fenfen/v1/game.pb.h"
#include "ledger/points/game/periods.h"
#include "ledger/projections/players.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class GameBoards {
 public:
  GameBoards(const Gate& gate, Backend& backend) : gate_(gate), backend_(backend) {}

  void List(Call& call, const v1::ListBoardsRequest& request, v1::ListBoardsResponse& response, Done done);
  void Get(Call& call, const v1::GetBoardRequest& request, v1::GetBoardResponse& response, Done done);
  void GetOfRegion(Call& call, const v1::GetRegionBoardRequest& request, v1::GetRegionBoardResponse& response, Done done);

 private:
  // One request on its way; shared with what waits.
  struct Asked;

  void Show(std::shared_ptr<Asked> asked);
  absl::Status Fill(const Asked& asked) const;

  const Gate& gate_;
  Backend& backend_;
};

// The ranking of a board for one period and the regions given.
Players::Ranking RankingFor(const v1::Board& board, const Period& period, std::vector<CatalogueId> regions);

}  // namespace fenfen::server
