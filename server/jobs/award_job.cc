// A run looks at the households for which something came since the run before on this server; at all of them in its first run, on a new day
// (an adjustment may raise a level without a drop) and under new rules. What was awarded is in each household's record, so a household that
// is looked at again, by this server or another, gets nothing again.
#include "server/jobs/award_job.h"

#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/points/game/award.h"
#include "ledger/points/game/choices.h"
#include "ledger/points/game/game_rules.h"
#include "ledger/points/stored_message.h"
#include "ledger/projections/progress.h"
#include "server/jobs/batch.h"
#include "server/services/game_backend.h"
#include "server/services/goal_stands.h"

namespace fenfen::server {
namespace {

constexpr absl::Duration kAwardPeriod = absl::Minutes(10);
// Servers' clocks differ, and what another server took comes here a little later.
constexpr absl::Duration kMargin = absl::Minutes(10);

// How far the run before came.
struct Looked {
  std::shared_ptr<const v1::GameRules> rules;
  int32_t day = 0;
  absl::Time began;
};

class AwardRun {
 public:
  AwardRun(const JobContext& context, const Lease& lease)
      : context_(context),
        lease_(lease),
        now_(context.clock.Now()),
        today_(DayNumberOf(now_, context.zone)),
        players_(context.backend.game->players),
        rules_(context.backend.game->rules.Snapshot()),
        catalogue_(context.catalogue.Snapshot()) {}

  absl::Status Run(Looked& looked) {
    for (const v1::Quest& quest : rules_->quests()) {
      const QuestDays days = DaysOf(quest, *catalogue_);
      if (today_ >= days.first && today_ <= days.closing) quests_.emplace_back(&quest, days);
    }
    const bool all = looked.rules != rules_ || looked.day != today_;
    const int64_t since_ms = all ? 0 : absl::ToUnixMillis(looked.began - kMargin);
    if (!rules_->badges().empty() || !quests_.empty()) {
      for (uint16_t p = 0; p < kHouseholdPartitions; ++p) {
        if (absl::Status status = LookAt(PartitionId(p), players_.TouchedSince(PartitionId(p), since_ms)); !status.ok()) return status;
      }
      if (absl::Status status = LookAtTeams(); !status.ok()) return status;
    }
    if (awarded_ > 0) context_.log.Write(Log::Level::kInfo, "awards", {{"count", absl::StrCat(awarded_)}});
    looked = {rules_, today_, now_};
    return absl::OkStatus();
  }

 private:
  struct Seen {
    ledger::v1::GameRecord record;
    Points civic;
  };
  using SeenMap = std::map<HouseholdId, Seen>;

  absl::Status Read(PartitionId partition, const std::vector<HouseholdId>& households, SeenMap& seen) {
    if (!lease_.Held()) return absl::AbortedError("the lease is another's");
    std::vector<RecordKey> records;
    std::vector<AccountId> accounts;
    for (const HouseholdId household : households) {
      records.push_back(GameKey(household));
      accounts.push_back(CivicAccount(household));
    }
    return context_.backend.engine.ReadAndWait(partition, [&](const View& view) {
      view.Expect(records, accounts);
      for (const HouseholdId household : households) {
        const auto game = ReadMessage<ledger::v1::GameRecord>(view, GameKey(household));
        if (game.ok()) seen[household] = {game->message, view.Balance(CivicAccount(household))};
      }
    });
  }

  absl::Status LookAt(PartitionId partition, const std::vector<HouseholdId>& touched) {
    for (size_t first = 0; first < touched.size(); first += kHouseholdsABatch) {
      const auto end = std::min(touched.size(), first + kHouseholdsABatch);
      SeenMap seen;
      const absl::Status read =
          Read(partition, {touched.begin() + static_cast<ptrdiff_t>(first), touched.begin() + static_cast<ptrdiff_t>(end)}, seen);
      if (!read.ok()) return read;
      std::vector<AwardFacts> due;
      for (const auto& [household, what] : seen) LookAtOne(household, what, due);
      if (absl::Status status = Award(std::move(due)); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  void LookAtOne(HouseholdId household, const Seen& seen, std::vector<AwardFacts>& due) {
    const std::optional<Players::Player> player = players_.Find(household);
    if (!player) return;
    if (player->team != 0) teams_.insert(player->team);
    const Players::Deeds deeds = players_.DeedsOf(household);
    const Lifetime lifetime{seen.civic.hundredths(), LevelOf(*rules_, seen.civic).number};
    for (const v1::Badge& badge : rules_->badges()) {
      if (FindReached(seen.record, badge.name()) != nullptr) continue;
      if (AllReached(BadgeProgress(badge, deeds, lifetime))) due.push_back(AwardOf(household, badge));
    }
    for (const auto& [quest, days] : quests_) {
      if (quest->entrants() == v1::Board::ENTRANTS_TEAMS || FindReached(seen.record, quest->name()) != nullptr) continue;
      if (!IsFor(*quest, player->region, *catalogue_)) continue;
      if (AllReached(QuestProgress(*quest, {days.first, days.last}, {deeds}))) due.push_back(AwardOf(household, *quest, days.closing));
    }
  }

  // Those of which a member was touched.
  absl::Status LookAtTeams() {
    for (const uint64_t team : teams_) {
      for (const auto& [quest, days] : quests_) {
        if (quest->entrants() != v1::Board::ENTRANTS_TEAMS) continue;
        const std::optional<TeamStand> stand = StandOfTeam(*quest, days, team, players_, *catalogue_);
        if (!stand || !AllReached(stand->steps)) continue;
        if (absl::Status status = AwardTeam(*quest, days, team, *stand); !status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status AwardTeam(const v1::Quest& quest, const QuestDays& days, uint64_t team, const TeamStand& stand) {
    std::vector<AwardFacts> due;
    for (const HouseholdId member : stand.took_part) {
      SeenMap seen;
      if (absl::Status status = Read(PartitionOf(member), {member}, seen); !status.ok()) return status;
      const auto at = seen.find(member);
      if (at == seen.end() || FindReached(at->second.record, quest.name()) != nullptr) continue;
      AwardFacts& facts = due.emplace_back(AwardOf(member, quest, days.closing));
      facts.team = team;
      facts.team_title = stand.title;
    }
    return Award(std::move(due));
  }

  absl::Status Award(std::vector<AwardFacts> due) {
    std::vector<Command> commands;
    for (AwardFacts& facts : due) {
      const RequestKey key = AwardKey(facts, now_, context_.zone);
      Command command{PartitionOf(facts.household), key, 0, AwardReads(facts.household), nullptr};
      command.decide = [facts = std::move(facts), catalogue = catalogue_, decision = context_.Decision(key, now_)](const View& view) {
        return DecideAward(view, facts, *catalogue, decision);
      };
      commands.push_back(std::move(command));
    }
    absl::StatusOr<std::vector<absl::StatusOr<Outcome>>> outcomes = SubmitInBatches(context_.backend.engine, lease_, std::move(commands));
    if (!outcomes.ok()) return outcomes.status();
    for (const absl::StatusOr<Outcome>& outcome : *outcomes) {
      if (outcome.ok()) {
        if (!outcome->replayed) ++awarded_;
        continue;
      }
      // Awarded by another since it was looked at; merged into another household; its record full. Not so with anything else.
      const Reason reason = RefusalOf(outcome.status()).reason;
      if (reason == Reason::REASON_AWARDED_ALREADY || reason == Reason::REASON_HOUSEHOLD_CLOSED) continue;
      if (reason == Reason::REASON_AWARDS_TOO_MANY) continue;
      return outcome.status();
    }
    return absl::OkStatus();
  }

  const JobContext& context_;
  const Lease& lease_;
  const absl::Time now_;
  const int32_t today_;
  const Players& players_;
  const std::shared_ptr<const v1::GameRules> rules_;
  const std::shared_ptr<const Catalogue> catalogue_;
  std::vector<std::pair<const v1::Quest*, QuestDays>> quests_;  // those that can be reached today
  std::set<uint64_t> teams_;                                    // of the households that were looked at
  size_t awarded_ = 0;
};

}  // namespace

TimerJob AwardJob(const JobContext& context) {
  return {"award", kAwardPeriod,
          [context, looked = std::make_shared<Looked>()](const Lease& lease) { return AwardRun(context, lease).Run(*looked); }};
}

}  // namespace fenfen::server
