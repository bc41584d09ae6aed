#include "server/jobs/close_boards_job.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/game/board_close.h"
#include "ledger/points/game/game_rules.h"
#include "ledger/points/game/periods.h"
#include "server/services/game_backend.h"
#include "server/services/game_boards.h"

namespace fenfen::server {
namespace {

constexpr absl::Duration kBoardsPeriod = absl::Minutes(15);

class CloseRun {
 public:
  CloseRun(const JobContext& context, const Lease& lease)
      : context_(context),
        lease_(lease),
        now_(context.clock.Now()),
        rules_(context.backend.game->rules.Snapshot()),
        catalogue_(context.catalogue.Snapshot()) {}

  absl::Status Run() {
    const int32_t today = DayNumberOf(now_, context_.zone);
    for (const v1::Board& board : rules_->boards()) {
      // Periods that can be closed, and not so long over that what they are made of is gone.
      const int32_t newest = today - kBoardGraceDays - 1;
      for (int32_t day = newest - kBoardCloseDays + 1; day <= newest; ++day) {
        const std::optional<Period> period = PeriodOf(board.period(), day, *rules_);
        if (!period || period->last_day != day) continue;
        if (absl::Status status = Close(board, *period); !status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Close(const v1::Board& board, const Period& period) {
    bool closed = false;
    const RecordKey key = BoardClosingKey(board.name(), period.name);
    const absl::Status read =
        context_.backend.engine.ReadAndWait(kCataloguePartition, [&](const View& view) { closed = view.Record(key).has_value(); });
    if (!read.ok() || closed) return read;
    absl::StatusOr<std::vector<ledger::v1::BoardResult>> results = Results(board, period);
    if (!results.ok()) return results.status();
    const size_t count = results->size();
    for (size_t first = 0, part = 0; part == 0 || first < count; first += kResultsATransaction, ++part) {
      if (!lease_.Held()) return absl::AbortedError("the lease is another's");
      BoardCloseFacts facts{board.name(), period.name, {}, first + kResultsATransaction >= count, static_cast<uint32_t>(count)};
      for (size_t i = first; i < count && i < first + kResultsATransaction; ++i) facts.results.push_back(std::move((*results)[i]));
      if (absl::Status status = Write(std::move(facts), part); !status.ok()) return status;
    }
    context_.log.Write(Log::Level::kInfo, "board closed",
                       {{"board", board.name()}, {"period", period.name}, {"regions", absl::StrCat(count)}});
    return absl::OkStatus();
  }

  absl::Status Write(BoardCloseFacts facts, size_t part) {
    const RequestKey key = BoardCloseKey(facts, part, now_, context_.zone);
    Command command{kCataloguePartition, key, 0, BoardCloseReads(facts), nullptr};
    command.decide = [facts = std::move(facts), decision = context_.Decision(key, now_)](const View& view) {
      return DecideBoardClose(view, facts, decision);
    };
    const absl::StatusOr<Outcome> outcome = context_.backend.engine.SubmitAndWait(std::move(command));
    // Closed by another since it was looked at.
    if (!outcome.ok() && RefusalOf(outcome.status()).reason == Reason::REASON_BOARD_CLOSED) return absl::OkStatus();
    return outcome.status();
  }

  // Of every region of the board's level in which somebody is ranked, in the order of their names.
  absl::StatusOr<std::vector<ledger::v1::BoardResult>> Results(const v1::Board& board, const Period& period) {
    std::map<std::string, std::vector<CatalogueId>> regions;
    for (const CatalogueId home : context_.backend.game->players.Regions()) {
      if (const v1::Region* region = RegionOfLevel(*catalogue_, home, board.level())) regions[region->name()].push_back(home);
    }
    std::vector<ledger::v1::BoardResult> results;
    for (auto& [region, homes] : regions) {
      if (!lease_.Held()) return absl::AbortedError("the lease is another's");
      std::vector<ledger::v1::BoardPlace> places;
      for (const Standing& standing : context_.backend.game->players.Rank(RankingFor(board, period, std::move(homes)))) {
        ledger::v1::BoardPlace& place = places.emplace_back();
        place.set_entrant(standing.entrant);
        place.set_score(standing.score);
        place.set_second(standing.second);
        place.set_reached_ms(standing.reached_ms);
      }
      if (!places.empty()) results.push_back(MakeBoardResult(board.name(), period.name, region, std::move(places), board.places()));
    }
    return results;
  }

  const JobContext& context_;
  const Lease& lease_;
  const absl::Time now_;
  const std::shared_ptr<const v1::GameRules> rules_;
  const std::shared_ptr<const Catalogue> catalogue_;
};

}  // namespace

TimerJob CloseBoardsJob(const JobContext& context) {
  return {"close-boards", kBoardsPeriod, [context](const Lease& lease) { return CloseRun(context, lease).Run(); }};
}

}  // namespace fenfen::server
