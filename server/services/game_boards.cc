#include "server/services/game_boards.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/entry.h"
#include "ledger/points/game/board_close.h"
#include "ledger/points/game/game_rules.h"
#include "ledger/points/stored_message.h"
#include "server/services/game_backend.h"
#include "server/services/game_render.h"
#include "server/services/render.h"

namespace fenfen::server {
namespace {

// How many periods back a list looks for the last that was closed: of day boards that is two weeks.
constexpr int kPeriodsBack = 15;

// The last period that is closed, by its record; empty for none.
std::string LastClosed(const View& view, const v1::Board& board, int32_t today, const v1::GameRules& rules) {
  int32_t day = today;
  for (int n = 0; n < kPeriodsBack; ++n) {
    const std::optional<Period> period = PeriodOf(board.period(), day, rules);
    if (period && view.Record(BoardClosingKey(board.name(), period->name))) return period->name;
    day = period ? period->first_day - 1 : day - kBoardGraceDays;
  }
  return "";
}

}  // namespace

Players::Ranking RankingFor(const v1::Board& board, const Period& period, std::vector<CatalogueId> regions) {
  Players::Ranking ranking;
  ranking.period = {period.first_day, period.last_day};
  ranking.measure = board.measure();
  ranking.entrants = board.entrants();
  ranking.inspected_min = static_cast<uint32_t>(board.inspected_min());
  ranking.regions = std::move(regions);
  return ranking;
}

struct GameBoards::Asked {
  std::shared_ptr<const Catalogue> catalogue;
  std::shared_ptr<const v1::GameRules> rules;
  const v1::Board* board = nullptr;    // of rules
  const v1::Region* region = nullptr;  // of catalogue
  Period period;
  std::string name;          // of the ranking, where it is open
  Players::Ranking ranking;  // likewise
  uint64_t own = 0;
  int32_t today = 0;
  bool closed = false;
  ledger::v1::BoardResult result;  // where it is closed
  absl::Status read;
  v1::BoardView* view = nullptr;
  Done done;
};

void GameBoards::List(Call& call, const v1::ListBoardsRequest& request, v1::ListBoardsResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(Malformed("household", "households/HOUSEHOLD"));
  const absl::StatusOr<CatalogueId> home = gate_.households.RegionOf(*household);
  if (!home.ok()) return std::move(done)(home.status());
  const auto rules = backend_.game->rules.Snapshot();
  const int32_t today = DayNumberOf(call.now(), call.zone());
  const absl::Status found;
  const auto reader = [&](const View& view) {
    response.clear_boards();
    for (const v1::Board& board : rules->boards()) {
      const v1::Region* region = RegionOfLevel(call.catalogue(), *home, board.level());
      if (region == nullptr) continue;
      v1::BoardSummary& out = *response.add_boards();
      *out.mutable_board() = board;
      out.set_region(region->name());
      out.set_region_display_name(region->display_name());
      if (const std::optional<Period> period = PeriodOf(board.period(), today, *rules)) out.set_period(period->name);
      out.set_closed_period(LastClosed(view, board, today, *rules));
    }
  };
  ReadThenReply(backend_.engine, kCataloguePartition, reader, found, std::move(done));
}

void GameBoards::Get(Call& call, const v1::GetBoardRequest& request, v1::GetBoardResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(Malformed("household", "households/HOUSEHOLD"));
  const absl::StatusOr<CatalogueId> home = gate_.households.RegionOf(*household);
  if (!home.ok()) return std::move(done)(home.status());
  auto asked = std::make_shared<Asked>();
  asked->rules = backend_.game->rules.Snapshot();
  asked->catalogue = call.catalogue_ptr();
  asked->board = FindBoard(*asked->rules, request.board());
  if (asked->board == nullptr) return std::move(done)(Refuse(Reason::REASON_BOARD_UNKNOWN, {}, "board"));
  asked->region = RegionOfLevel(*asked->catalogue, *home, asked->board->level());
  if (asked->region == nullptr) return std::move(done)(Refuse(Reason::REASON_REGION_UNKNOWN, {}, "board"));
  asked->own = household->value();
  if (asked->board->entrants() == v1::Board::ENTRANTS_TEAMS) {
    const std::optional<Players::Player> player = backend_.game->players.Find(*household);
    asked->own = player ? player->team : 0;
  }
  asked->today = DayNumberOf(call.now(), call.zone());
  const std::optional<Period> period = request.period().empty() ? PeriodOf(asked->board->period(), asked->today, *asked->rules)
                                                                : ParsePeriod(asked->board->period(), request.period(), *asked->rules);
  if (!period) return std::move(done)(Refuse(Reason::REASON_BOARD_PERIOD_UNKNOWN, {{"period", request.period()}}, "period"));
  asked->period = *period;
  asked->view = response.mutable_board();
  asked->done = std::move(done);
  Show(std::move(asked));
}

void GameBoards::GetOfRegion(Call& call, const v1::GetRegionBoardRequest& request, v1::GetRegionBoardResponse& response, Done done) {
  auto asked = std::make_shared<Asked>();
  asked->rules = backend_.game->rules.Snapshot();
  asked->catalogue = call.catalogue_ptr();
  asked->board = FindBoard(*asked->rules, request.board());
  if (asked->board == nullptr) return std::move(done)(Refuse(Reason::REASON_BOARD_UNKNOWN, {}, "board"));
  asked->region = asked->catalogue->Find<v1::Region>(request.region());
  const bool fits =
      asked->region != nullptr && RegionOfLevel(*asked->catalogue, CatalogueIdOf(request.region()), asked->board->level()) == asked->region;
  if (!fits) return std::move(done)(Refuse(Reason::REASON_REGION_UNKNOWN, {}, "region"));
  asked->today = DayNumberOf(call.now(), call.zone());
  const std::optional<Period> period = request.period().empty() ? PeriodOf(asked->board->period(), asked->today, *asked->rules)
                                                                : ParsePeriod(asked->board->period(), request.period(), *asked->rules);
  if (!period) return std::move(done)(Refuse(Reason::REASON_BOARD_PERIOD_UNKNOWN, {{"period", request.period()}}, "period"));
  asked->period = *period;
  asked->view = response.mutable_board();
  asked->done = std::move(done);
  Show(std::move(asked));
}

void GameBoards::Show(std::shared_ptr<Asked> asked) {
  const auto reader = [&asked](const View& view) {
    asked->closed = view.Record(BoardClosingKey(asked->board->name(), asked->period.name)).has_value();
    const RecordKey key = BoardResultKey(asked->board->name(), asked->period.name, asked->region->name());
    absl::StatusOr<StoredMessage<ledger::v1::BoardResult>> result = ReadMessage<ledger::v1::BoardResult>(view, key);
    asked->read = result.status();
    if (result.ok()) asked->result = std::move(result->message);
  };
  backend_.engine.Read(kCataloguePartition, reader, [this, asked](const absl::Status& durable) {
    if (!durable.ok()) return std::move(asked->done)(durable);
    if (!asked->read.ok() || asked->closed) return std::move(asked->done)(asked->read.ok() ? Fill(*asked) : asked->read);
    asked->name = absl::StrCat(asked->board->name(), "/", asked->period.name, "/", asked->region->name());
    asked->ranking = RankingFor(*asked->board, asked->period,
                                backend_.game->rankings.RegionsWithin(*asked->catalogue, CatalogueIdOf(asked->region->name())));
    if (!backend_.game->rankings.IsSlow(asked->name, asked->ranking)) return std::move(asked->done)(Fill(*asked));
    const absl::Status posted = backend_.slow_lane.Post([this, asked] { std::move(asked->done)(Fill(*asked)); });
    if (!posted.ok()) std::move(asked->done)(posted);
  });
}

absl::Status GameBoards::Fill(const Asked& asked) const {
  const BoardRenderer renderer(*asked.board, backend_.game->players, *asked.catalogue, asked.own);
  renderer.Begin(*asked.region, asked.period, *asked.view);
  if (asked.closed) {
    renderer.Closed(asked.result, *asked.view);
    return absl::OkStatus();
  }
  // Not begun, or so long over that what it was made of is not kept any more.
  if (asked.today < asked.period.first_day || asked.today >= asked.period.closes_on() + kBoardCloseDays) {
    asked.view->Clear();
    return Refuse(Reason::REASON_BOARD_PERIOD_UNKNOWN, {{"period", asked.period.name}}, "period");
  }
  const BoardRankings::Places places = backend_.game->rankings.Rank(asked.name, asked.ranking);
  const Standing own = asked.own == 0 ? Standing() : backend_.game->players.StandingOf(asked.ranking, asked.own);
  renderer.Open(*places, own, *asked.view);
  return absl::OkStatus();
}

}  // namespace fenfen::server
