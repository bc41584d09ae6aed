// What rules can say, and what they are told where they say nothing.
#include "ledger/points/earning/rules.h"

#include "google/protobuf/util/json_util.h"
#include "ledger/points/earning/earn.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {
namespace {

v1::RuleSet Parse(const std::string& json) {
  v1::RuleSet rules;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &rules);
  EXPECT_TRUE(parsed.ok()) << parsed.ToString();
  return rules;
}

// The fixture with these rules in force, on the first of July at eight, and a household with two members.
class RulesTest : public testing::Test {
 protected:
  void Given(const std::string& json) {
    v1::UpdateCatalogueRequest update;
    *update.mutable_rule_set() = Parse(json);
    update.mutable_rule_set()->set_version(2);
    ASSERT_TRUE(f.Update(update).ok());
    At(7, 1, 8, 0);
    ASSERT_TRUE(f.Enrol(kHome).ok());
  }
  void At(int month, int day, int hour, int minute) {
    f.clock.Set(absl::FromCivil(absl::CivilSecond(2026, month, day, hour, minute, 0), f.zone));
  }
  // What a drop gives in reward points, hundredths.
  int64_t Earn(int category, int64_t grams, const std::string& material = "", int64_t pieces = 0) {
    DropFacts facts{HouseholdId(kHome), 1, category, std::nullopt, CatalogueIdOf("stations/s1"), std::nullopt, f.clock.Now()};
    if (grams > 0) facts.grams = grams;
    facts.material = material;
    facts.pieces = pieces;
    const int64_t before = f.Reward(kHome);
    EXPECT_OK(f.Drop(facts));
    return f.Reward(kHome) - before;
  }
  // The paths of the mistakes in a rule set.
  std::vector<std::string> Mistakes(const std::string& json) {
    v1::UpdateCatalogueRequest update;
    *update.mutable_rule_set() = Parse(json);
    update.mutable_rule_set()->set_version(2);
    std::vector<std::string> paths;
    const DecisionContext context = f.NextContext();
    EXPECT_TRUE(f.state
                    .Read(kCataloguePartition,
                          [&](const View& view, PartitionSeq) {
                            for (const v1::RowError& error : PlanCatalogueUpdate(view, update, context).errors) {
                              EXPECT_FALSE(error.zh().empty() || error.en().empty());
                              paths.push_back(error.field());
                            }
                          })
                    .ok());
    return paths;
  }
  PointsFixture f;
};

// What order two drops of a day count in goes by their minutes, also before eight in the morning, which is before 00:00 UTC.
TEST_F(RulesTest, ADropsMinuteIsTheOneThatHasBegun) {
  Given(R"({"rules": [{"id": "food", "category": "CATEGORY_FOOD", "reward_per_kg": 200}]})");
  const auto minute = [this](int hour, int minute, int second) {
    DropFacts facts{HouseholdId(kHome),
                    0,
                    v1::CATEGORY_FOOD,
                    std::nullopt,
                    CatalogueIdOf("stations/s1"),
                    std::nullopt,
                    absl::FromCivil(absl::CivilSecond(2026, 7, 1, hour, minute, second), f.zone)};
    return Judge(facts, {}, *f.catalogue(), f.zone).event.minute;
  };
  EXPECT_EQ(minute(0, 0, 0), -480);
  EXPECT_EQ(minute(7, 11, 30), -49);
  EXPECT_EQ(minute(7, 12, 0), -48);
  EXPECT_EQ(minute(7, 59, 59), -1);
  EXPECT_EQ(minute(8, 0, 59), 0);
  EXPECT_EQ(minute(23, 59, 59), 959);
}

TEST_F(RulesTest, TheFirstRuleThatMatchesPays) {
  Given(R"({"rules": [
    {"id": "paper", "match": {"materials": ["paper"]}, "reward_per_kg": 1000},
    {"id": "here", "category": "CATEGORY_FOOD", "match": {"regions": ["regions/e"], "windows": [{"begin_time": "17:30",
      "end_time": "19:30"}]},
     "reward_per_kg": 500},
    {"id": "bottle", "match": {"materials": ["bottle"]}, "reward_per_piece": 5},
    {"id": "food", "category": "CATEGORY_FOOD", "reward_per_kg": 200}]})");
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 1000), 200);
  At(7, 1, 18, 0);
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 1000), 500) << "an estate's own rule, at the hours it names, stands above the general one";
  EXPECT_EQ(Earn(v1::CATEGORY_RECYCLABLE, 1500, "paper"), 1500);
  EXPECT_EQ(Earn(v1::CATEGORY_RECYCLABLE, 0, "bottle", 7), 35);
  EXPECT_EQ(Earn(v1::CATEGORY_RECYCLABLE, 1500), 0);
}

TEST_F(RulesTest, CampaignsMultiplyAndRoundDownOnceAtTheEnd) {
  Given(R"({"rules": [{"id": "food", "category": "CATEGORY_FOOD", "reward_per_kg": 333}],
    "campaigns": [
      {"id": "a", "title_zh": "甲", "title_en": "A", "begin_time": "2026-07-01T00:00:00+08:00",
      "end_time": "2026-07-02T00:00:00+08:00", "reward_percent": 150},
      {"id": "b", "title_zh": "乙", "title_en": "B", "begin_time": "2026-07-01T00:00:00+08:00",
      "end_time": "2026-07-03T00:00:00+08:00", "reward_percent": 150}]})");
  // 0.5 kg × 3.33 × 1.5 × 1.5 = 3.74625; rounded on the way it would be 3.72.
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 500), 374);
  At(7, 2, 8, 0);
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 500), 249);
  At(7, 3, 0, 0);
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 500), 166);
}

TEST_F(RulesTest, AMonthlyCapOverTheMonthsEnd) {
  Given(R"({"late_days_max": 7, "rules": [{"id": "food", "category": "CATEGORY_FOOD", "reward_per_kg": 200}],
    "caps": [{"id": "monthly", "title_zh": "每月积分", "title_en": "Points a month", "scope": "CAP_SCOPE_HOUSEHOLD",
              "period": "CAP_PERIOD_MONTH", "unit": "CAP_UNIT_POINTS", "limit": 450}]})");
  At(7, 30, 8, 0);
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 2000), 400);
  At(7, 31, 23, 59);
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 2000), 50);
  EXPECT_THAT(f.LastSentence(), testing::HasSubstr("每月积分最多 4.5 分，已到上限；下个月可再得分"));
  At(8, 1, 0, 0);
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 2000), 400);
  DropFacts late{
      HouseholdId(kHome), 1, v1::CATEGORY_FOOD, 2000, CatalogueIdOf("stations/s1"), std::nullopt, f.clock.Now() - absl::Hours(30)};
  EXPECT_OK(f.Drop(late));
  EXPECT_EQ(f.LastEntry().reward(), 0) << "July is used up";
}

TEST_F(RulesTest, BonusesComeOnceADay) {
  Given(R"({"rules": [{"id": "all", "civic_per_drop": 10}],
    "bonuses": [{"id": "first", "title_zh": "每日首投", "title_en": "First of the day", "kind": "BONUS_KIND_FIRST_DROP", "reward": 20},
                {"id": "correct", "title_zh": "分类全对", "title_en": "All correct", "kind": "BONUS_KIND_ALL_CATEGORIES",
                 "required_categories": ["CATEGORY_FOOD", "CATEGORY_RESIDUAL"], "reward": 100}]})");
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 0), 20);
  EXPECT_THAT(f.LastSentence(), testing::HasSubstr("含“每日首投”奖励"));
  EXPECT_EQ(Earn(v1::CATEGORY_RESIDUAL, 0), 100);
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 0), 0);
  At(7, 2, 8, 0);
  EXPECT_EQ(Earn(v1::CATEGORY_RESIDUAL, 0), 20);
}

TEST_F(RulesTest, TheDaysBestDropsCountWhateverTheirOrder) {
  Given(
      R"({"late_days_max": 7, "rules": [{"id": "food", "category": "CATEGORY_FOOD", "reward_per_kg": 200, "civic_per_drop": 10,
      "daily_drops_max": 2}]})");
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 1000), 200);
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 500), 100);
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 800), 60) << "it takes the place of the lesser one";
  EXPECT_EQ(f.Civic(kHome), 20);
}

TEST_F(RulesTest, PointsExpireAsThePolicySays) {
  const auto last_day = [](const char* json, absl::CivilDay day) { return CivilDayOf(Rules(Parse(json)).ExpiryDay(DayNumber(day))); };
  const absl::CivilDay earned(2026, 11, 15);
  EXPECT_EQ(last_day(R"({"expiry_grace_months": 3})", earned), absl::CivilDay(2027, 3, 31));
  EXPECT_EQ(last_day(R"({"expiry_policy": "EXPIRY_POLICY_ROLLING", "expiry_months": 3})", earned), absl::CivilDay(2027, 2, 28));
  EXPECT_EQ(last_day(R"({"expiry_policy": "EXPIRY_POLICY_NEVER"})", earned), absl::CivilDay(9999, 12, 31));
}

TEST_F(RulesTest, EachMistakeIsNamedByItsPath) {
  EXPECT_THAT(
      Mistakes(R"({"effective_date": "2026-06-15", "late_days_max": 31, "gift_limits": {"daily_gifts": 10001, "daily_amount": -1},
    "rules": [{"id": "Food", "reward_per_kg": -1, "match": {"regions": ["regions/none"], "windows": [{"begin_time": "8:00",
      "end_time": "09:00"}]}},
              {"id": "twice", "match": {"member_roles": ["aunt"]}}, {"id": "twice"}],
    "campaigns": [{"id": "c", "title_zh": "活动", "title_en": "C", "begin_time": "tomorrow", "end_time": "2026-07-02T00:00:00+08:00"}],
    "caps": [{"id": "w", "title_zh": "周", "title_en": "W", "scope": "CAP_SCOPE_HOUSEHOLD", "period": "CAP_PERIOD_WEEK",
      "unit": "CAP_UNIT_COUNT"},
             {"id": "m", "title_zh": "月", "title_en": "M", "scope": "CAP_SCOPE_HOUSEHOLD", "period": "CAP_PERIOD_MONTH"}],
    "bonuses": [{"id": "b", "title_zh": "奖", "title_en": "B", "kind": "BONUS_KIND_ALL_CATEGORIES"}]})"),
      testing::UnorderedElementsAre("rule_set.effective_date", "rule_set.late_days_max", "rule_set.gift_limits.daily_gifts",
                                    "rule_set.gift_limits.daily_amount", "rule_set.rules[0].id", "rule_set.rules[0].reward_per_kg",
                                    "rule_set.rules[0].match.regions[0]", "rule_set.rules[0].match.windows[0].begin_time",
                                    "rule_set.rules[1].match.member_roles[0]", "rule_set.rules[2].id", "rule_set.campaigns[0].begin_time",
                                    "rule_set.caps[1].unit", "rule_set.caps", "rule_set.bonuses[0].required_categories"));
}

TEST_F(RulesTest, NewRulesAreInForceFromTheNextDayAndOldDaysKeepTheirs) {
  Given(R"({"late_days_max": 7, "rules": [{"id": "food", "category": "CATEGORY_FOOD", "reward_per_kg": 200}]})");
  v1::UpdateCatalogueRequest update;
  *update.mutable_rule_set() =
      Parse(R"({"late_days_max": 7, "rules": [{"id": "food", "category": "CATEGORY_FOOD", "reward_per_kg": 300}]})");
  update.mutable_rule_set()->set_version(3);
  EXPECT_OK(f.Update(update));
  EXPECT_OK(f.Update(update)) << "the same again, whatever the day";
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 1000), 200);
  At(7, 2, 0, 0);
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 1000), 300);
  EXPECT_OK(f.Drop(
      {HouseholdId(kHome), 1, v1::CATEGORY_FOOD, 1000, CatalogueIdOf("stations/s1"), std::nullopt, f.clock.Now() - absl::Minutes(1)}));
  EXPECT_EQ(f.LastEntry().reward(), 200);
  EXPECT_EQ(f.LastEntry().rule_version(), 2);
}

TEST_F(RulesTest, AWithdrawnDropMakesRoomForAnother) {
  Given(R"({"rules": [{"id": "food", "category": "CATEGORY_FOOD", "reward_per_kg": 200, "daily_drops_max": 1}]})");
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 1000), 200);
  HouseholdRecord household = f.Household(kHome);
  const int32_t day = DayNumberOf(f.clock.Now(), f.zone);
  EXPECT_EQ(EarnedOn(household, day), 200);
  EXPECT_OK(WithdrawEvent(household, day, EventIdOf(f.history.back().transaction.key), Points(200), Points(0)));
  EXPECT_EQ(EarnedOn(household, day), 0);
  const absl::StatusOr<OpenDays> days = ReadDays(household.days, day, day);
  ASSERT_TRUE(days.ok());
  EXPECT_TRUE(days->front().events.empty());
  EXPECT_OK(WithdrawEvent(household, day, 1, Points(200), Points(0))) << "what is not there is left alone";
}

TEST_F(RulesTest, AFullLogRecordsWithoutCredit) {
  Given(R"({"rules": [{"id": "food", "category": "CATEGORY_FOOD", "reward_per_drop": 1}]})");
  for (size_t n = 0; n < kEventsMax; ++n) EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 0), 1);
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 0), 0);
  EXPECT_THAT(f.LastSentence(), testing::HasSubstr("近期投放次数过多"));
  At(7, 2, 8, 0);
  EXPECT_EQ(Earn(v1::CATEGORY_FOOD, 0), 1);
}

}  // namespace
}  // namespace fenfen
