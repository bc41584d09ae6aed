// Badges and quests: their rules and faults, and the award, once and on record.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/points/game/award.h"
#include "ledger/points/game/choices.h"
#include "ledger/points/game/game_rules.h"
#include "ledger/points/stored_message.h"
#include "tests/ledger/points/game/game_rules_faults.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {
namespace {

using Goal = v1::Goal;

v1::Goal GoalFor(Goal::Measure measure, int64_t target) {
  Goal goal;
  goal.set_measure(measure);
  goal.set_target(target);
  return goal;
}

v1::GameRules RulesWithGoals() {
  v1::GameRules rules;
  v1::Level& level = *rules.add_levels();
  level.set_title_zh("新手");
  level.set_title_en("Beginner");
  rules.set_freeze_days_back(7);
  v1::Badge& badge = *rules.add_badges();
  badge.set_name("badges/ten");
  badge.set_title_zh("十次");
  badge.set_title_en("Ten");
  *badge.add_goals() = GoalFor(Goal::MEASURE_DROPS, 10);
  v1::Quest& quest = *rules.add_quests();
  quest.set_name("quests/week");
  quest.set_title_zh("一周");
  quest.set_title_en("A week");
  quest.set_first_day("2026-06-15");
  quest.set_last_day("2026-06-21");
  quest.set_entrants(v1::Board::ENTRANTS_HOUSEHOLDS);
  *quest.add_steps() = GoalFor(Goal::MEASURE_DAYS, 7);
  quest.mutable_steps(0)->add_categories(v1::CATEGORY_FOOD);
  return rules;
}

TEST(Goals, GoodOnesAreTakenAndFaultsNamed) {
  EXPECT_THAT(FaultsOf(RulesWithGoals()), testing::IsEmpty());
  v1::GameRules rules = RulesWithGoals();
  v1::Badge& badge = *rules.mutable_badges(0);
  badge.set_name("badge/ten");
  badge.set_civic(-1);
  badge.mutable_goals(0)->add_categories(v1::CATEGORY_FOOD);
  *badge.add_goals() = GoalFor(Goal::MEASURE_LEVEL, 2);
  *badge.add_goals() = GoalFor(Goal::MEASURE_DAYS, 2);
  EXPECT_THAT(FaultsOf(rules),
              testing::ElementsAre("game_rules.badges.name/1", "game_rules.badges.civic/1", "game_rules.badges.goals.categories/1",
                                   "game_rules.badges.goals.target/1", "game_rules.badges.goals.measure/1"));
  rules = RulesWithGoals();
  v1::Quest& quest = *rules.mutable_quests(0);
  *rules.add_quests() = quest;
  quest.set_last_day("2026-07-16");
  quest.mutable_steps(0)->set_target(33);
  quest.add_regions("t");
  *quest.add_steps() = GoalFor(Goal::MEASURE_LEVEL, 1);
  rules.mutable_quests(1)->set_entrants(v1::Board::ENTRANTS_TEAMS);
  rules.mutable_quests(1)->mutable_steps(0)->set_measure(Goal::MEASURE_STREAK);
  rules.mutable_quests(1)->set_title_en("");
  EXPECT_THAT(FaultsOf(rules),
              testing::ElementsAre("game_rules.quests.regions/1", "game_rules.quests.last_day/1", "game_rules.quests.steps.target/1",
                                   "game_rules.quests.steps.measure/1", "game_rules.quests.name/2", "game_rules.quests.title_en/2",
                                   "game_rules.quests.steps.measure/2"));
}

TEST(Goals, NoMoreThanTwentyQuestsHaveADayInCommon) {
  v1::GameRules rules = RulesWithGoals();
  for (int n = 2; n <= 21; ++n) {
    v1::Quest quest = rules.quests(0);
    quest.set_name("quests/q" + std::to_string(n));
    quest.set_last_day("2026-06-20");
    quest.mutable_steps(0)->set_target(1);
    if (n % 2 == 0) quest.set_first_day("2026-06-20");
    *rules.add_quests() = quest;
  }
  EXPECT_THAT(FaultsOf(rules), testing::ElementsAre("game_rules.quests.first_day/21"));
}

class AwardTest : public testing::Test, protected PointsFixture {
 protected:
  AwardTest() { EXPECT_OK(Enrol(1)); }
  absl::Status Award(const AwardFacts& facts) {
    DecisionContext context = NextContext();
    context.key = AwardKey(facts, clock.Now(), zone);
    return PointsFixture::Run(PartitionOf(facts.household), AwardReads(facts.household), context,
                              [&](const View& view) { return DecideAward(view, facts, *catalogue(), context); });
  }
  ledger::v1::GameRecord Record(uint64_t household) const {
    ledger::v1::GameRecord record;
    EXPECT_TRUE(state
                    .Read(PartitionOf(HouseholdId(household)),
                          [&](const View& view, PartitionSeq) {
                            record = ReadMessage<ledger::v1::GameRecord>(view, GameKey(HouseholdId(household)))->message;
                          })
                    .ok());
    return record;
  }
  static AwardFacts Facts(uint64_t household, const char* name, int64_t reward, int64_t civic) {
    AwardFacts facts;
    facts.household = HouseholdId(household);
    facts.name = name;
    facts.title_zh = "一周";
    facts.title_en = "A week";
    facts.reward = Points(reward);
    facts.civic = Points(civic);
    return facts;
  }
};

TEST_F(AwardTest, ComesOnceWithItsPointsOrWithout) {
  EXPECT_OK(Award(Facts(1, "quests/week", 300, 50)));
  EXPECT_EQ(Reward(1), 300);
  EXPECT_EQ(Civic(1), 50);
  EXPECT_EQ(Household(1).lots.size(), 1u);
  clock.Advance(absl::Hours(24));
  EXPECT_EQ(ReasonOf(Award(Facts(1, "quests/week", 300, 50))), Reason::REASON_AWARDED_ALREADY) << "with another key";
  EXPECT_OK(Award(Facts(1, "badges/week", 0, 0)));
  EXPECT_TRUE(history.back().transaction.postings.empty());
  EXPECT_EQ(Record(1).reached_size(), 2);
  EXPECT_EQ(ReasonOf(Award(Facts(9, "badges/week", 0, 0))), Reason::REASON_HOUSEHOLD_UNKNOWN);
}

TEST_F(AwardTest, QuestsOfYearsPastAreLetGoAndBadgesKept) {
  AwardFacts quest = Facts(1, "quests/week", 0, 0);
  quest.closing_day = DayNumberOf(clock.Now(), zone);
  EXPECT_OK(Award(quest));
  EXPECT_OK(Award(Facts(1, "badges/first", 0, 0)));
  clock.Advance(absl::Hours(24 * 366));
  EXPECT_OK(Award(Facts(1, "badges/second", 0, 0)));
  EXPECT_EQ(Record(1).reached_size(), 3);
  clock.Advance(absl::Hours(24));
  EXPECT_OK(Award(Facts(1, "badges/third", 0, 0)));
  EXPECT_EQ(Record(1).reached_size(), 3);
  const ledger::v1::GameRecord record = Record(1);
  EXPECT_EQ(FindReached(record, "quests/week"), nullptr);
}

TEST_F(AwardTest, ARecordHoldsSoMany) {
  for (int n = 0; n < kAwardsMax; ++n) EXPECT_OK(Award(Facts(1, ("badges/b" + std::to_string(n)).c_str(), 0, 0)));
  EXPECT_EQ(ReasonOf(Award(Facts(1, "badges/more", 0, 0))), Reason::REASON_AWARDS_TOO_MANY);
}

}  // namespace
}  // namespace fenfen
