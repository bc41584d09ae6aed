#include "server/services/game_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/entry.h"
#include "ledger/points/game/choices.h"
#include "ledger/points/stored_message.h"
#include "server/services/game_backend.h"
#include "server/services/game_render.h"

namespace fenfen::server {
namespace {

absl::Status NoHousehold() { return Malformed("household", "households/HOUSEHOLD"); }

}  // namespace

GameService::GameService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate),
      backend_(backend),
      boards_(gate, backend),
      goals_(gate, backend),
      get_(methods.Get("fenfen.v1.GameService.GetGame")),
      prefer_(methods.Get("fenfen.v1.GameService.SetPreferences")),
      freeze_(methods.Get("fenfen.v1.GameService.UseFreeze")),
      list_boards_(methods.Get("fenfen.v1.GameService.ListBoards")),
      get_board_(methods.Get("fenfen.v1.GameService.GetBoard")),
      list_badges_(methods.Get("fenfen.v1.GameService.ListBadges")),
      list_quests_(methods.Get("fenfen.v1.GameService.ListQuests")),
      get_region_board_(methods.Get("fenfen.v1.GameService.GetRegionBoard")),
      found_team_(methods.Get("fenfen.v1.GameService.FoundTeam")),
      join_team_(methods.Get("fenfen.v1.GameService.JoinTeam")),
      leave_team_(methods.Get("fenfen.v1.GameService.LeaveTeam")),
      get_rules_(methods.Get("fenfen.v1.GameService.GetGameRules")),
      set_rules_(methods.Get("fenfen.v1.GameService.SetGameRules")) {}

grpc::ServerUnaryReactor* GameService::GetGame(grpc::CallbackServerContext* context, const v1::GetGameRequest* request,
                                               v1::GetGameResponse* response) {
  return HandleUnary(gate_, get_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Get(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* GameService::SetPreferences(grpc::CallbackServerContext* context, const v1::SetPreferencesRequest* request,
                                                      v1::SetPreferencesResponse* response) {
  return HandleUnary(gate_, prefer_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Prefer(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* GameService::UseFreeze(grpc::CallbackServerContext* context, const v1::UseFreezeRequest* request,
                                                 v1::UseFreezeResponse* response) {
  return HandleUnary(gate_, freeze_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Freeze(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* GameService::ListBoards(grpc::CallbackServerContext* context, const v1::ListBoardsRequest* request,
                                                  v1::ListBoardsResponse* response) {
  return HandleUnary(gate_, list_boards_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { boards_.List(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* GameService::GetBoard(grpc::CallbackServerContext* context, const v1::GetBoardRequest* request,
                                                v1::GetBoardResponse* response) {
  return HandleUnary(gate_, get_board_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { boards_.Get(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* GameService::ListBadges(grpc::CallbackServerContext* context, const v1::ListBadgesRequest* request,
                                                  v1::ListBadgesResponse* response) {
  return HandleUnary(gate_, list_badges_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { goals_.ListBadges(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* GameService::ListQuests(grpc::CallbackServerContext* context, const v1::ListQuestsRequest* request,
                                                  v1::ListQuestsResponse* response) {
  return HandleUnary(gate_, list_quests_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { goals_.ListQuests(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* GameService::GetRegionBoard(grpc::CallbackServerContext* context, const v1::GetRegionBoardRequest* request,
                                                      v1::GetRegionBoardResponse* response) {
  return HandleUnary(gate_, get_region_board_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { boards_.GetOfRegion(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* GameService::FoundTeam(grpc::CallbackServerContext* context, const v1::FoundTeamRequest* request,
                                                 v1::FoundTeamResponse* response) {
  return HandleUnary(gate_, found_team_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Found(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* GameService::JoinTeam(grpc::CallbackServerContext* context, const v1::JoinTeamRequest* request,
                                                v1::JoinTeamResponse* response) {
  return HandleUnary(gate_, join_team_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Join(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* GameService::LeaveTeam(grpc::CallbackServerContext* context, const v1::LeaveTeamRequest* request,
                                                 v1::LeaveTeamResponse* response) {
  return HandleUnary(gate_, leave_team_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Leave(call, in, out, std::move(done)); });
}

grpc::ServerUnaryReactor* GameService::GetGameRules(grpc::CallbackServerContext* context, const v1::GetGameRulesRequest* request,
                                                    v1::GetGameRulesResponse* response) {
  return HandleUnary(gate_, get_rules_, context, request, response, [this](Call&, const auto&, auto& out, Done done) {
    const auto rules = backend_.game->rules.Snapshot();
    if (rules->levels().empty()) return std::move(done)(Refuse(Reason::REASON_GAME_RULES_ABSENT));
    *out.mutable_game_rules() = *rules;
    std::move(done)(absl::OkStatus());
  });
}

grpc::ServerUnaryReactor* GameService::SetGameRules(grpc::CallbackServerContext* context, const v1::SetGameRulesRequest* request,
                                                    v1::SetGameRulesResponse* response) {
  return HandleUnary(gate_, set_rules_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { SetRules(call, in, out, std::move(done)); });
}

void GameService::Get(Call& call, const v1::GetGameRequest& request, v1::GetGameResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(NoHousehold());
  const auto rules = backend_.game->rules.Snapshot();
  if (rules->levels().empty()) return std::move(done)(Refuse(Reason::REASON_GAME_RULES_ABSENT));
  struct Seen {
    absl::Status status;
    GameFacts facts;
  };
  const auto seen = std::make_shared<Seen>();
  const auto reader = [&seen, household](const View& view) {
    const absl::StatusOr<Versioned<HouseholdRecord>> record = ReadHousehold(view, *household);
    absl::StatusOr<StoredMessage<ledger::v1::GameRecord>> choices = ReadMessage<ledger::v1::GameRecord>(view, GameKey(*household));
    seen->status = record.ok() ? choices.status() : record.status();
    if (!seen->status.ok()) return;
    seen->facts.civic = view.Balance(CivicAccount(*household));
    seen->facts.choices = std::move(choices->message);
  };
  backend_.engine.Read(
      PartitionOf(*household), reader,
      [this, &call, &response, seen, rules, household = *household, done = std::move(done)](const absl::Status& durable) mutable {
        if (!durable.ok() || !seen->status.ok()) return std::move(done)(durable.ok() ? seen->status : durable);
        v1::Game& game = *response.mutable_game();
        game.set_household(HouseholdName(household));
        if (const auto player = backend_.game->players.Find(household)) seen->facts.streak = player->streak;
        seen->facts.today = DayNumberOf(call.now(), call.zone());
        RenderGame(seen->facts, *rules, game);
        const auto team = backend_.game->players.FindTeam(seen->facts.choices.team());
        if (team && !team->record.dissolved()) {
          RenderTeam(seen->facts.choices.team(), *team, household, call.catalogue(), *game.mutable_team());
        }
        std::move(done)(absl::OkStatus());
      });
}

void GameService::Submit(Call& call, HouseholdId household, ReadSet reads, State::Decide decide, v1::Entry& entry, Done done) {
  Command command{PartitionOf(household), call.key(), call.Decision().fingerprint, std::move(reads), std::move(decide)};
  backend_.engine.Submit(std::move(command), [&call, &entry, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    absl::StatusOr<v1::Entry> rendered = RenderEntry(outcome->committed, call.catalogue());
    if (!rendered.ok()) return std::move(done)(rendered.status());
    entry = *std::move(rendered);
    std::move(done)(absl::OkStatus());
  });
}

void GameService::Prefer(Call& call, const v1::SetPreferencesRequest& request, v1::SetPreferencesResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(NoHousehold());
  auto decide = [&call, household = *household, preferences = Preferences{request.hidden(), request.quiet()}](const View& view) {
    return DecidePreferences(view, household, preferences, call.Decision());
  };
  Submit(call, *household, GameReads(*household), std::move(decide), *response.mutable_entry(), std::move(done));
}

void GameService::Freeze(Call& call, const v1::UseFreezeRequest& request, v1::UseFreezeResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(NoHousehold());
  absl::CivilDay civil;
  if (request.day().size() != 10 || !absl::ParseCivilTime(request.day(), &civil)) return std::move(done)(Malformed("day", "YYYY-MM-DD"));
  const int32_t day = DayNumber(civil);
  auto decide = [this, &call, day, household = *household,
                 rules = backend_.game->rules.Snapshot()](const View& view) -> absl::StatusOr<Transaction> {
    if (rules->levels().empty()) return Refuse(Reason::REASON_GAME_RULES_ABSENT);
    absl::StatusOr<Transaction> transaction = DecideFreeze(view, household, day, *rules, call.Decision());
    const std::optional<Players::Player> player = backend_.game->players.Find(household);
    if (transaction.ok() && player && player->streak.IsMarked(day)) return Refuse(Reason::REASON_FREEZE_NOT_NEEDED, {}, "day");
    return transaction;
  };
  Submit(call, *household, GameReads(*household), std::move(decide), *response.mutable_entry(), std::move(done));
}

bool GameService::IsFree(HouseholdId household) const {
  const std::optional<Players::Player> player = backend_.game->players.Find(household);
  if (!player || player->team == 0) return true;
  const std::optional<Players::Team> team = backend_.game->players.FindTeam(player->team);
  return team && team->record.dissolved();
}

void GameService::Found(Call& call, const v1::FoundTeamRequest& request, v1::FoundTeamResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(NoHousehold());
  const TeamFacts facts{*household, TeamIdFor(*household, call.key()), request.title(), IsFree(*household)};
  response.set_team(TeamName(facts.team));
  auto decide = [&call, facts](const View& view) { return DecideTeamFounding(view, facts, call.Decision()); };
  Submit(call, *household, TeamReads(facts), std::move(decide), *response.mutable_entry(), std::move(done));
}

// What the projection says of the team is judged within the decision, after the request key: a repetition gets its former reply.
void GameService::Join(Call& call, const v1::JoinTeamRequest& request, v1::JoinTeamResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(NoHousehold());
  const std::optional<uint64_t> number = ParseTeamName(request.team());
  if (!number) return std::move(done)(Malformed("team", "teams/TEAM"));
  const std::optional<Players::Team> team = backend_.game->players.FindTeam(*number);
  const TeamFacts facts{*household, *number, team ? team->record.title() : "", IsFree(*household)};
  auto decide = [&call, facts, team](const View& view) -> absl::StatusOr<Transaction> {
    if (!team || team->record.dissolved()) return Refuse(Reason::REASON_TEAM_UNKNOWN, {}, "team");
    if (team->members.size() >= kTeamMembersMax) {
      return Refuse(Reason::REASON_TEAM_FULL, {{"limit", absl::StrCat(kTeamMembersMax)}}, "team");
    }
    return DecideTeamJoin(view, facts, call.Decision());
  };
  Submit(call, *household, TeamReads(facts), std::move(decide), *response.mutable_entry(), std::move(done));
}

void GameService::Leave(Call& call, const v1::LeaveTeamRequest& request, v1::LeaveTeamResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(NoHousehold());
  const std::optional<Players::Player> player = backend_.game->players.Find(*household);
  const std::optional<Players::Team> team = backend_.game->players.FindTeam(player ? player->team : 0);
  const TeamFacts facts{*household, team ? player->team : 0, team ? team->record.title() : "", false};
  auto decide = [&call, facts](const View& view) { return DecideTeamLeave(view, facts, call.Decision()); };
  Submit(call, *household, TeamReads(facts), std::move(decide), *response.mutable_entry(), std::move(done));
}

void GameService::SetRules(Call& call, const v1::SetGameRulesRequest& request, v1::SetGameRulesResponse& response, Done done) {
  if (!request.has_game_rules()) return std::move(done)(Refuse(Reason::REASON_FIELD_MISSING, {}, "game_rules"));
  Command command{kCataloguePartition, call.key(), call.Decision().fingerprint, GameRulesReads(), nullptr};
  command.decide = [&call, &request](const View& view) { return DecideGameRules(view, request.game_rules(), call.Decision()); };
  backend_.engine.Submit(std::move(command), [&call, &request, &response, done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    call.set_audited("gameRules");
    *response.mutable_game_rules() = request.game_rules();
    std::move(done)(absl::OkStatus());
  });
}

}  // namespace fenfen::server
