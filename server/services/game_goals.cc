#include "server/services/game_goals.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/entry.h"
#include "ledger/points/game/award.h"
#include "ledger/points/game/choices.h"
#include "ledger/points/stored_message.h"
#include "server/services/game_backend.h"
#include "server/services/goal_render.h"

namespace fenfen::server {
namespace {

// How long before its first day a quest is shown, and how long after it closed.
constexpr int kDaysBefore = 7;
constexpr int kDaysAfter = 31;

absl::Status NoGoalHousehold() { return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", "households/HOUSEHOLD"}}, "household"); }

// What the household's partition says.
struct Seen {
  absl::Status status;
  ledger::v1::GameRecord record;
  Points civic;
};

// Reads it, and calls `then` with it once that is durable.
template <typename Then>
void ReadSeen(Backend& backend, HouseholdId household, Done done, Then then) {
  const auto seen = std::make_shared<Seen>();
  const auto reader = [&seen, household](const View& view) {
    const absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, household);
    absl::StatusOr<StoredMessage<ledger::v1::GameRecord>> game = ReadMessage<ledger::v1::GameRecord>(view, GameKey(household));
    seen->status = found.ok() ? game.status() : found.status();
    if (!seen->status.ok()) return;
    seen->record = std::move(game->message);
    seen->civic = view.Balance(CivicAccount(household));
  };
  backend.engine.Read(PartitionOf(household), reader,
                      [seen, done = std::move(done), then = std::move(then)](const absl::Status& durable) mutable {
                        if (!durable.ok() || !seen->status.ok()) return std::move(done)(durable.ok() ? seen->status : durable);
                        then(*seen);
                        std::move(done)(absl::OkStatus());
                      });
}

}  // namespace

void GameGoals::ListBadges(Call& /*call*/, const v1::ListBadgesRequest& request, v1::ListBadgesResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(NoGoalHousehold());
  ReadSeen(backend_, *household, std::move(done),
           [this, &response, household = *household, rules = backend_.game->rules.Snapshot()](const Seen& seen) {
             const Players::Deeds deeds = backend_.game->players.DeedsOf(household);
             const Lifetime lifetime{seen.civic.hundredths(), LevelOf(*rules, seen.civic).number};
             for (const v1::Badge& badge : rules->badges()) {
               RenderBadge(badge, BadgeProgress(badge, deeds, lifetime), FindReached(seen.record, badge.name()), *rules,
                           *response.add_badges());
             }
           });
}

void GameGoals::ListQuests(Call& call, const v1::ListQuestsRequest& request, v1::ListQuestsResponse& response, Done done) {
  const std::optional<HouseholdId> household = ParseHouseholdName(request.household());
  if (!household) return std::move(done)(NoGoalHousehold());
  // One that has not done anything yet is in no projection.
  const absl::StatusOr<CatalogueId> home = gate_.households.RegionOf(*household);
  if (!home.ok()) return std::move(done)(home.status());
  ReadSeen(backend_, *household, std::move(done),
           [this, &call, &response, household = *household, home = *home, rules = backend_.game->rules.Snapshot()](const Seen& seen) {
             const int32_t today = DayNumberOf(call.now(), call.zone());
             std::vector<std::pair<QuestDays, const v1::Quest*>> shown;
             for (const v1::Quest& quest : rules->quests()) {
               const QuestDays days = DaysOf(quest, call.catalogue());
               if (today + kDaysBefore >= days.first && today <= days.closing + kDaysAfter) shown.emplace_back(days, &quest);
             }
             std::stable_sort(shown.begin(), shown.end(), [](const auto& a, const auto& b) { return a.first.last < b.first.last; });
             for (const auto& [days, quest] : shown) {
               const auto* reached = FindReached(seen.record, quest->name());
               const std::optional<QuestStand> stand = StandWith(*quest, days, household, backend_.game->players, call.catalogue());
               // What it was awarded is shown wherever it lives now.
               if (reached == nullptr && (!stand || !IsFor(*quest, home, call.catalogue()))) continue;
               QuestStand none;
               none.steps.resize(static_cast<size_t>(quest->steps_size()));
               RenderQuest(*quest, days, stand ? *stand : none, reached, today, *rules, *response.add_quests());
             }
           });
}

}  // namespace fenfen::server
