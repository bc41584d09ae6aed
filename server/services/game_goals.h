// The part of GameService that badges and quests are: how far a household is with them. Thread-safe.
#pragma once

#include "fenfen/v1/game.pb.h"
#include "server/call/unary.h"
#include "server/services/backend.h"

namespace fenfen::server {

class GameGoals {
 public:
  GameGoals(const Gate& gate, Backend& backend) : gate_(gate), backend_(backend) {}

  void ListBadges(Call& call, const v1::ListBadgesRequest& request, v1::ListBadgesResponse& response, Done done);
  void ListQuests(Call& call, const v1::ListQuestsRequest& request, v1::ListQuestsResponse& response, Done done);

 private:
  const Gate& gate_;
  Backend& backend_;
};

}  // namespace fenfen::server
