// Progress: goals of badges and quests, counted by the drops' own days, whatever the order in which they came.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "ledger/projections/progress.h"

namespace fenfen {
namespace {

using Goal = v1::Goal;
using Event = History::Event;
using testing::ElementsAre;

constexpr DaySpan kDays{100, 106};

Event Drop(int32_t day, v1::Category category, int64_t grams = 0) {
  Event event;
  event.day = day;
  event.category = static_cast<uint8_t>(category);
  event.grams = grams;
  event.civic = 50;
  event.counted = true;
  return event;
}
Event Found(int32_t day, History::Inspection inspection) {
  Event event = Drop(day, v1::CATEGORY_UNSPECIFIED);
  event.inspection = inspection;
  return event;
}
Players::Deeds Deeds(std::vector<Event> events) { return {std::move(events), {}, {}}; }

void AddStep(v1::Quest& quest, Goal::Measure measure, int64_t target, std::vector<v1::Category> categories = {}) {
  Goal& goal = *quest.add_steps();
  goal.set_measure(measure);
  goal.set_target(target);
  for (const v1::Category category : categories) goal.add_categories(category);
}

// What each measure comes to over the days.
int64_t ValueOf(Goal::Measure measure, const Players::Deeds& deeds, std::vector<v1::Category> categories = {}) {
  v1::Quest quest;
  AddStep(quest, measure, 1, std::move(categories));
  return QuestProgress(quest, kDays, {deeds})[0].value;
}

TEST(Progress, MeasuresCountWhatLiesInTheDays) {
  const Players::Deeds deeds =
      Deeds({Drop(99, v1::CATEGORY_FOOD, 9000), Drop(100, v1::CATEGORY_FOOD, 800), Drop(100, v1::CATEGORY_RESIDUAL),
             Drop(101, v1::CATEGORY_FOOD, 200), Drop(103, v1::CATEGORY_HAZARDOUS, 50), Found(104, History::Inspection::kCorrect),
             Found(104, History::Inspection::kWrong), Drop(107, v1::CATEGORY_FOOD, 9000)});
  EXPECT_EQ(ValueOf(Goal::MEASURE_DROPS, deeds), 6);
  EXPECT_EQ(ValueOf(Goal::MEASURE_DROPS, deeds, {v1::CATEGORY_FOOD, v1::CATEGORY_HAZARDOUS}), 3);
  EXPECT_EQ(ValueOf(Goal::MEASURE_DAYS, deeds), 4);
  EXPECT_EQ(ValueOf(Goal::MEASURE_CIVIC, deeds), 300);
  EXPECT_EQ(ValueOf(Goal::MEASURE_GRAMS, deeds), 1050);
  EXPECT_EQ(ValueOf(Goal::MEASURE_GRAMS, deeds, {v1::CATEGORY_FOOD}), 1000);
  EXPECT_EQ(ValueOf(Goal::MEASURE_CORRECT, deeds), 1);
  EXPECT_EQ(ValueOf(Goal::MEASURE_STREAK, deeds), 2);
  EXPECT_EQ(ValueOf(Goal::MEASURE_CATEGORIES, deeds), 2);
}

TEST(Progress, AFreezeJoinsTheDaysOnItsTwoSides) {
  Players::Deeds deeds = Deeds({Drop(100, v1::CATEGORY_FOOD), Drop(101, v1::CATEGORY_FOOD), Drop(103, v1::CATEGORY_FOOD)});
  for (const int32_t day : {100, 101, 103}) deeds.streak.Mark(day);
  EXPECT_EQ(ValueOf(Goal::MEASURE_STREAK, deeds), 2);
  deeds.streak.Keep(102);
  EXPECT_EQ(ValueOf(Goal::MEASURE_STREAK, deeds), 3);
}

TEST(Progress, StepsInOrderBeginTheDayAfterTheOneBefore) {
  v1::Quest quest;
  AddStep(quest, Goal::MEASURE_DROPS, 2, {v1::CATEGORY_FOOD});
  AddStep(quest, Goal::MEASURE_DROPS, 1, {v1::CATEGORY_RESIDUAL});
  std::vector<Event> events = {Drop(100, v1::CATEGORY_FOOD), Drop(101, v1::CATEGORY_RESIDUAL), Drop(102, v1::CATEGORY_FOOD),
                               Drop(102, v1::CATEGORY_RESIDUAL)};
  EXPECT_TRUE(AllReached(QuestProgress(quest, kDays, {Deeds(events)}))) << "in any order";
  quest.set_in_order(true);
  std::vector<GoalStand> stands = QuestProgress(quest, kDays, {Deeds(events)});
  EXPECT_TRUE(stands[0].reached);
  EXPECT_EQ(stands[0].day, 102);
  EXPECT_EQ(stands[1].value, 0) << "those before and on that day do not count";
  events.push_back(Drop(103, v1::CATEGORY_RESIDUAL));
  EXPECT_TRUE(AllReached(QuestProgress(quest, kDays, {Deeds(events)})));
  std::reverse(events.begin(), events.end());
  EXPECT_TRUE(AllReached(QuestProgress(quest, kDays, {Deeds(events)}))) << "whatever the order in which they came";
  stands = QuestProgress(quest, {102, 102}, {Deeds(events)});
  EXPECT_FALSE(stands[0].reached);
  EXPECT_EQ(stands[1].value, 0);
}

TEST(Progress, AStepReachedOnTheLastDayLeavesNoneForTheNext) {
  v1::Quest quest;
  quest.set_in_order(true);
  AddStep(quest, Goal::MEASURE_DROPS, 1);
  AddStep(quest, Goal::MEASURE_DROPS, 1);
  const std::vector<GoalStand> stands = QuestProgress(quest, {100, 100}, {Deeds({Drop(100, v1::CATEGORY_FOOD)})});
  EXPECT_TRUE(stands[0].reached);
  EXPECT_FALSE(stands[1].reached);
}

TEST(Progress, ATeamsValuesAddUp) {
  v1::Quest quest;
  AddStep(quest, Goal::MEASURE_GRAMS, 1500);
  AddStep(quest, Goal::MEASURE_DAYS, 3);
  const std::vector<Players::Deeds> who = {Deeds({Drop(100, v1::CATEGORY_FOOD, 1000)}),
                                           Deeds({Drop(100, v1::CATEGORY_FOOD, 300), Drop(101, v1::CATEGORY_FOOD, 200)}), Deeds({})};
  const std::vector<GoalStand> stands = QuestProgress(quest, kDays, who);
  EXPECT_EQ(stands[0].value, 1500);
  EXPECT_EQ(stands[0].day, 101);
  EXPECT_TRUE(AllReached(stands));
  EXPECT_TRUE(TookPart(who[0], kDays));
  EXPECT_FALSE(TookPart(who[2], kDays));
  EXPECT_FALSE(AllReached(QuestProgress(quest, kDays, {}))) << "of nobody";
}

TEST(Progress, ABadgeGoesByWhatThereEverWas) {
  v1::Badge badge;
  for (const Goal::Measure measure : {Goal::MEASURE_DROPS, Goal::MEASURE_CIVIC, Goal::MEASURE_GRAMS, Goal::MEASURE_CORRECT,
                                      Goal::MEASURE_STREAK, Goal::MEASURE_CATEGORIES, Goal::MEASURE_LEVEL}) {
    badge.add_goals()->set_measure(measure);
  }
  Players::Deeds deeds = Deeds({Drop(1, v1::CATEGORY_FOOD), Drop(1, v1::CATEGORY_RESIDUAL), Drop(2, v1::CATEGORY_HAZARDOUS)});
  deeds.streak.Mark(1);
  deeds.streak.Mark(2);
  deeds.ever = {70, 3, 12'345};
  std::vector<int64_t> values;
  for (const GoalStand& stand : BadgeProgress(badge, deeds, {9900, 4})) values.push_back(stand.value);
  EXPECT_THAT(values, ElementsAre(70, 9900, 12'345, 3, 2, 2, 4));
}

}  // namespace
}  // namespace fenfen
