// GameService: levels, streaks, choices, badges, quests, teams and boards. What projections tell is read after the entries that the call
// saw are durable, so whoever got a reply to a change finds it here. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "fenfen/v1/game.grpc.pb.h"
#include "ledger/points/game/rules_store.h"
#include "ledger/points/game/team.h"
#include "server/call/unary.h"
#include "server/services/backend.h"
#include "server/services/game_boards.h"
#include "server/services/game_goals.h"

namespace fenfen::server {

class GameService final : public v1::GameService::CallbackService {
 public:
  GameService(const Gate& gate, const Methods& methods, Backend& backend);
  grpc::ServerUnaryReactor* GetGame(grpc::CallbackServerContext* context, const v1::GetGameRequest* request,
                                    v1::GetGameResponse* response) override;
  grpc::ServerUnaryReactor* SetPreferences(grpc::CallbackServerContext* context, const v1::SetPreferencesRequest* request,
                                           v1::SetPreferencesResponse* response) override;
  grpc::ServerUnaryReactor* UseFreeze(grpc::CallbackServerContext* context, const v1::UseFreezeRequest* request,
                                      v1::UseFreezeResponse* response) override;
  grpc::ServerUnaryReactor* ListBoards(grpc::CallbackServerContext* context, const v1::ListBoardsRequest* request,
                                       v1::ListBoardsResponse* response) override;
  grpc::ServerUnaryReactor* GetBoard(grpc::CallbackServerContext* context, const v1::GetBoardRequest* request,
                                     v1::GetBoardResponse* response) override;
  grpc::ServerUnaryReactor* ListBadges(grpc::CallbackServerContext* context, const v1::ListBadgesRequest* request,
                                       v1::ListBadgesResponse* response) override;
  grpc::ServerUnaryReactor* ListQuests(grpc::CallbackServerContext* context, const v1::ListQuestsRequest* request,
                                       v1::ListQuestsResponse* response) override;
  grpc::ServerUnaryReactor* GetRegionBoard(grpc::CallbackServerContext* context, const v1::GetRegionBoardRequest* request,
                                           v1::GetRegionBoardResponse* response) override;
  grpc::ServerUnaryReactor* FoundTeam(grpc::CallbackServerContext* context, const v1::FoundTeamRequest* request,
                                      v1::FoundTeamResponse* response) override;
  grpc::ServerUnaryReactor* JoinTeam(grpc::CallbackServerContext* context, const v1::JoinTeamRequest* request,
                                     v1::JoinTeamResponse* response) override;
  grpc::ServerUnaryReactor* LeaveTeam(grpc::CallbackServerContext* context, const v1::LeaveTeamRequest* request,
                                      v1::LeaveTeamResponse* response) override;
  grpc::ServerUnaryReactor* GetGameRules(grpc::CallbackServerContext* context, const v1::GetGameRulesRequest* request,
                                         v1::GetGameRulesResponse* response) override;
  grpc::ServerUnaryReactor* SetGameRules(grpc::CallbackServerContext* context, const v1::SetGameRulesRequest* request,
                                         v1::SetGameRulesResponse* response) override;

 private:
  void Get(Call& call, const v1::GetGameRequest& request, v1::GetGameResponse& response, Done done);
  void Prefer(Call& call, const v1::SetPreferencesRequest& request, v1::SetPreferencesResponse& response, Done done);
  void Freeze(Call& call, const v1::UseFreezeRequest& request, v1::UseFreezeResponse& response, Done done);
  void Found(Call& call, const v1::FoundTeamRequest& request, v1::FoundTeamResponse& response, Done done);
  void Join(Call& call, const v1::JoinTeamRequest& request, v1::JoinTeamResponse& response, Done done);
  void Leave(Call& call, const v1::LeaveTeamRequest& request, v1::LeaveTeamResponse& response, Done done);
  void SetRules(Call& call, const v1::SetGameRulesRequest& request, v1::SetGameRulesResponse& response, Done done);

  // Runs a decision on a household and replies with its entry.
  void Submit(Call& call, HouseholdId household, ReadSet reads, State::Decide decide, v1::Entry& entry, Done done);
  // True where the team that the household is in is dissolved.
  bool IsFree(HouseholdId household) const;

  const Gate& gate_;
  Backend& backend_;
  GameBoards boards_;
  GameGoals goals_;
  const Method& get_;
  const Method& prefer_;
  const Method& freeze_;
  const Method& list_boards_;
  const Method& get_board_;
  const Method& list_badges_;
  const Method& list_quests_;
  const Method& get_region_board_;
  const Method& found_team_;
  const Method& join_team_;
  const Method& leave_team_;
  const Method& get_rules_;
  const Method& set_rules_;
};

}  // namespace fenfen::server
