// Badges and quests: progress, and what the job awards.
#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ledger/points/game/award.h"
#include "ledger/points/game/choices.h"
#include "ledger/points/game/game_rules.h"
#include "ledger/points/stored_message.h"
#include "ledger/projections/progress.h"
#include "tests/scenarios/game_notes.h"

namespace fenfen::scenarios {
namespace {

// How a household, or its team, stands with one badge or quest today, and the award it would get.
struct Stand {
  std::vector<GoalStand> goals;
  std::vector<int64_t> targets;
  std::optional<AwardFacts> award;  // where all is reached and it can be awarded today
};

Stand BadgeStand(World& world, const Players& players, HouseholdId household, const v1::Badge& badge) {
  const Points civic(world.Balance(PartitionOf(household), CivicAccount(household)));
  const Lifetime lifetime{civic.hundredths(), LevelOf(world.Notes<GameNotes>().rules, civic).number};
  Stand stand{BadgeProgress(badge, players.DeedsOf(household), lifetime), {}, std::nullopt};
  for (const v1::Goal& goal : badge.goals()) stand.targets.push_back(goal.target());
  if (AllReached(stand.goals)) stand.award = AwardOf(household, badge);
  return stand;
}

Stand QuestStand(World& world, const Players& players, HouseholdId household, const v1::Quest& quest) {
  const QuestDays days = DaysOf(quest, *world.catalogue());
  const DaySpan span{days.first, days.last};
  const std::optional<Players::Player> player = players.Find(household);
  Stand stand;
  for (const v1::Goal& goal : quest.steps()) stand.targets.push_back(goal.target());
  stand.goals.resize(stand.targets.size());
  const bool by_team = quest.entrants() == v1::Board::ENTRANTS_TEAMS;
  if (!player || !IsFor(quest, player->region, *world.catalogue())) return stand;
  std::vector<Players::Deeds> who;
  const std::optional<Players::Team> team = players.FindTeam(player->team);
  if (!by_team) who = {players.DeedsOf(household)};
  if (by_team && team) {
    for (const HouseholdId member : team->members) who.push_back(players.DeedsOf(member, true));
  }
  stand.goals = QuestProgress(quest, span, who);
  const int32_t today = DayNumberOf(world.clock.Now(), world.zone);
  const bool open = today >= days.first && today <= days.closing && TookPart(players.DeedsOf(household, by_team), span);
  if (open && AllReached(stand.goals)) {
    stand.award = AwardOf(household, quest, days.closing);
    if (by_team && team) {
      stand.award->team = player->team;
      stand.award->team_title = team->record.title();
    }
  }
  return stand;
}

std::optional<Stand> StandWith(World& world, const Players& players, HouseholdId household, const std::string& name) {
  const v1::GameRules& rules = world.Notes<GameNotes>().rules;
  for (const v1::Badge& badge : rules.badges()) {
    if (badge.name() == name) return BadgeStand(world, players, household, badge);
  }
  for (const v1::Quest& quest : rules.quests()) {
    if (quest.name() == name) return QuestStand(world, players, household, quest);
  }
  return std::nullopt;
}

ledger::v1::GameRecord RecordOf(World& world, HouseholdId household) {
  ledger::v1::GameRecord record;
  world.Read(PartitionOf(household), [&](const View& view) {
    const auto game = ReadMessage<ledger::v1::GameRecord>(view, GameKey(household));
    if (game.ok()) record = game->message;
  });
  return record;
}

absl::Status Give(World& world, const AwardFacts& facts) {
  DecisionContext context = world.Context();
  context.key = AwardKey(facts, context.now, world.zone);
  return world.Submit(facts.household, AwardReads(facts.household), context,
                      [&world, facts, context](const View& view) { return DecideAward(view, facts, *world.catalogue(), context); });
}

// award: what the job does, for all households and their teams; what a household has already is passed over.
absl::Status AwardAll(World& world, const Step& /*step*/) {
  const std::unique_ptr<Players> players = FoldPlayers(world);
  std::vector<HouseholdId> households;
  for (uint16_t p = 0; p < kHouseholdPartitions; ++p) {
    for (const HouseholdId household : players->TouchedSince(PartitionId(p), 0)) households.push_back(household);
  }
  std::sort(households.begin(), households.end());
  const v1::GameRules& rules = world.Notes<GameNotes>().rules;
  std::vector<std::string> names;
  for (const v1::Badge& badge : rules.badges()) names.push_back(badge.name());
  for (const v1::Quest& quest : rules.quests()) names.push_back(quest.name());
  for (const HouseholdId household : households) {
    for (const std::string& name : names) {
      if (FindReached(RecordOf(world, household), name) != nullptr) continue;
      const std::optional<Stand> stand = StandWith(world, *players, household, name);
      if (!stand->award) continue;
      if (absl::Status given = Give(world, *stand->award); !given.ok()) return given;
    }
  }
  return absl::OkStatus();
}

// award-again N NAME: tried on another day, as by a server that did not know.
absl::Status AwardAgain(World& world, const Step& step) {
  if (step.words.size() != 3) return Mismatch("award-again N NAME");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[1]);
  if (!household.ok()) return household.status();
  const std::optional<Stand> stand = StandWith(world, *FoldPlayers(world), *household, step.words[2]);
  return stand && stand->award ? Give(world, *stand->award) : Mismatch("it is not reached");
}

// then awarded N NAME = yes|no
absl::Status ThenAwarded(World& world, const Step& step) {
  if (step.words.size() != 6) return Mismatch("then awarded N NAME = yes|no");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[2]);
  if (!household.ok()) return household.status();
  return ExpectSame("the award", step.words[5], FindReached(RecordOf(world, *household), step.words[3]) != nullptr ? "yes" : "no");
}

// then progress N NAME = "VALUE/TARGET …"
absl::Status ThenProgress(World& world, const Step& step) {
  if (step.words.size() != 6) return Mismatch("then progress N NAME = \"VALUE/TARGET …\"");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[2]);
  if (!household.ok()) return household.status();
  const std::optional<Stand> stand = StandWith(world, *FoldPlayers(world), *household, step.words[3]);
  if (!stand) return Mismatch(absl::StrCat("there is no ", step.words[3]));
  std::vector<std::string> goals;
  for (size_t n = 0; n < stand->goals.size(); ++n) goals.push_back(absl::StrCat(stand->goals[n].value, "/", stand->targets[n]));
  return ExpectSame("the progress", step.words[5], absl::StrJoin(goals, " "));
}

}  // namespace

void AddAwardVerbs(Verbs& verbs) {
  verbs.Add("award", AwardAll);
  verbs.Add("award-again", AwardAgain);
  verbs.Add("then awarded", ThenAwarded);
  verbs.Add("then progress", ThenProgress);
}

}  // namespace fenfen::scenarios
