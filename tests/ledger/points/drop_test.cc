// What a drop earns, and what it does not.
#include "ledger/points/drop.h"

#include "tests/ledger/points/points_fixture.h"

namespace fenfen {
namespace {

DropFacts FoodAt(absl::Time when) {
  return {HouseholdId(kHome), 1, v1::CATEGORY_FOOD, 800, CatalogueIdOf("stations/s1"), std::nullopt, when};
}

TEST(Drop, EarnsByWeightRoundedDown) {
  PointsFixture f;
  EXPECT_OK(f.Enrol(kHome));
  EXPECT_OK(f.Drop(kHome, v1::CATEGORY_FOOD, 804));  // 0.804 kg × 2.00 = 1.608, paid as 1.6
  EXPECT_EQ(f.Reward(kHome), 160);
  EXPECT_EQ(f.Civic(kHome), 100);
  EXPECT_EQ(f.LastSentence(), "投放厨余垃圾，0.804 公斤 × 每公斤 2 分，得 1.6 兑换积分，1 文明积分");
}

TEST(Drop, UnweighedCountsAsTheRuleAssumes) {
  PointsFixture f;
  EXPECT_OK(f.Enrol(kHome));
  EXPECT_OK(f.Drop(kHome, v1::CATEGORY_FOOD, std::nullopt));
  EXPECT_EQ(f.Reward(kHome), 100);
  EXPECT_EQ(f.LastSentence(), "投放厨余垃圾（未称重，按 0.5 公斤计）× 每公斤 2 分，得 1 兑换积分，1 文明积分");
}

TEST(Drop, IsAttributedToItsMember) {
  PointsFixture f;
  EXPECT_OK(f.Enrol(kHome));
  EXPECT_OK(f.Drop(kHome, v1::CATEGORY_FOOD, 800));
  EXPECT_EQ(f.LastEntry().member(), "households/10000001/members/1");
  EXPECT_EQ(f.LastEntry().station(), "stations/s1");
  EXPECT_EQ(f.LastEntry().rule(), "food");
  EXPECT_EQ(f.LastEntry().rule_version(), 1);
}

TEST(Drop, BeyondTheDaysDropsIsRecordedWithoutPoints) {
  PointsFixture f;
  EXPECT_OK(f.Enrol(kHome));
  for (int i = 0; i < 3; ++i) EXPECT_OK(f.Drop(kHome, v1::CATEGORY_FOOD, 500));
  EXPECT_EQ(f.Reward(kHome), 200);
  EXPECT_EQ(f.Civic(kHome), 200);
  EXPECT_EQ(f.LastEntry().reward(), 0);
  EXPECT_EQ(f.LastSentence(), "投放厨余垃圾：已记录，当天这一类计分的 2 次已用完，本次不计分；第二天可再得分");
}

TEST(Drop, BeyondTheDaysPointsEarnsWhatIsLeft) {
  PointsFixture f;
  EXPECT_OK(f.Enrol(kHome));
  EXPECT_OK(f.Drop(kHome, v1::CATEGORY_FOOD, 1000));
  EXPECT_OK(f.Drop(kHome, v1::CATEGORY_FOOD, 1000));  // 2.00 + 2.00, but 3.00 a day at most
  EXPECT_EQ(f.Reward(kHome), 300);
  EXPECT_THAT(f.LastSentence(), testing::HasSubstr("当天这一类最多 3 分，已到上限"));
}

TEST(Drop, TheNextDayCountsAnew) {
  PointsFixture f;
  EXPECT_OK(f.Enrol(kHome));
  for (int i = 0; i < 2; ++i) EXPECT_OK(f.Drop(kHome, v1::CATEGORY_FOOD, 500));
  f.clock.Set(absl::FromCivil(absl::CivilSecond(2026, 6, 16, 0, 0, 0), f.zone));
  EXPECT_OK(f.Drop(kHome, v1::CATEGORY_FOOD, 500));
  EXPECT_EQ(f.Reward(kHome), 300);
}

TEST(Drop, ALateOneCountsOnItsOwnDay) {
  PointsFixture f;
  EXPECT_OK(f.Enrol(kHome));
  for (int i = 0; i < 2; ++i) EXPECT_OK(f.Drop(kHome, v1::CATEGORY_FOOD, 500));
  const absl::Time yesterday = absl::FromCivil(absl::CivilSecond(2026, 6, 14, 23, 59, 59), f.zone);
  EXPECT_OK(f.Drop(FoodAt(yesterday)));
  EXPECT_EQ(f.LastEntry().reward(), 160);
  EXPECT_OK(f.Drop(FoodAt(yesterday)));
  EXPECT_EQ(f.LastEntry().reward(), 140);  // yesterday's 3.00, less 1.60
}

TEST(Drop, IsRefusedBeyondTheLateDaysAndAheadOfTime) {
  PointsFixture f;
  EXPECT_OK(f.Enrol(kHome));
  EXPECT_OK(f.Drop(FoodAt(f.clock.Now() - absl::Hours(24 * 7))));
  EXPECT_EQ(ReasonOf(f.Drop(FoodAt(f.clock.Now() - absl::Hours(24 * 8)))), Reason::REASON_EVENT_TOO_OLD);
  EXPECT_OK(f.Drop(FoodAt(f.clock.Now() + absl::Minutes(5))));
  EXPECT_EQ(ReasonOf(f.Drop(FoodAt(f.clock.Now() + absl::Minutes(6)))), Reason::REASON_EVENT_IN_FUTURE);
}

TEST(Drop, RefusesWhatIsNotAWeightOrACategory) {
  PointsFixture f;
  EXPECT_OK(f.Enrol(kHome));
  EXPECT_EQ(ReasonOf(f.Drop(kHome, v1::CATEGORY_FOOD, 0)), Reason::REASON_WEIGHT_NOT_POSITIVE);
  EXPECT_EQ(ReasonOf(f.Drop(kHome, v1::CATEGORY_FOOD, -5)), Reason::REASON_WEIGHT_NOT_POSITIVE);
  EXPECT_EQ(ReasonOf(f.Drop(kHome, v1::CATEGORY_FOOD, 50'001)), Reason::REASON_WEIGHT_TOO_LARGE);
  EXPECT_EQ(ReasonOf(f.Drop(kHome, v1::CATEGORY_UNSPECIFIED, 5)), Reason::REASON_CATEGORY_UNKNOWN);
  EXPECT_EQ(ReasonOf(f.Drop(kHome, 99, 5)), Reason::REASON_CATEGORY_UNKNOWN);
  EXPECT_EQ(f.history.size(), 2u);  // the catalogue and the enrolment
}

TEST(Drop, RefusesWhomItDoesNotKnow) {
  PointsFixture f;
  EXPECT_EQ(ReasonOf(f.Drop(kHome, v1::CATEGORY_FOOD, 500)), Reason::REASON_HOUSEHOLD_UNKNOWN);
  EXPECT_OK(f.Enrol(kHome, 1));
  DropFacts facts = FoodAt(f.clock.Now());
  facts.member = 2;
  EXPECT_EQ(ReasonOf(f.Drop(facts)), Reason::REASON_MEMBER_UNKNOWN);
  facts.member = 1;
  facts.station = CatalogueIdOf("stations/none");
  EXPECT_EQ(ReasonOf(f.Drop(facts)), Reason::REASON_STATION_UNKNOWN);
}

TEST(Drop, AStationCodeWorksOnceAHousehold) {
  PointsFixture f;
  EXPECT_OK(f.Enrol(kHome));
  EXPECT_OK(f.Enrol(kHome + 1));
  DropFacts facts = FoodAt(f.clock.Now());
  facts.code_step = 5;
  EXPECT_OK(f.Drop(facts));
  EXPECT_EQ(ReasonOf(f.Drop(facts)), Reason::REASON_STATION_CODE_USED);
  facts.household = HouseholdId(kHome + 1);
  EXPECT_OK(f.Drop(facts));
  facts.household = HouseholdId(kHome);
  facts.code_step = 6;
  EXPECT_OK(f.Drop(facts));
}

TEST(Drop, ACategoryWithoutARuleIsRecordedWithoutPoints) {
  PointsFixture f;
  EXPECT_OK(f.Enrol(kHome));
  EXPECT_OK(f.Drop(kHome, v1::CATEGORY_BULKY, 5000));
  EXPECT_EQ(f.Reward(kHome), 0);
  EXPECT_EQ(f.LastSentence(), "投放大件垃圾：已记录，这一类目前不计积分");
}

TEST(Drop, PostingsSumToZeroAndLotsAddUp) {
  PointsFixture f;
  EXPECT_OK(f.Enrol(kHome));
  EXPECT_OK(f.Drop(kHome, v1::CATEGORY_FOOD, 700));
  int64_t sum = 0;
  for (const Posting& posting : f.history.back().transaction.postings) sum += posting.amount.hundredths();
  EXPECT_EQ(sum, 0);
  const std::vector<Lot> lots = f.Household(kHome).lots;
  ASSERT_EQ(lots.size(), 1u);
  EXPECT_EQ(lots[0].amount, Points(140));
  EXPECT_EQ(CivilDayOf(lots[0].expires_day), absl::CivilDay(2027, 3, 31));
}

}  // namespace
}  // namespace fenfen
