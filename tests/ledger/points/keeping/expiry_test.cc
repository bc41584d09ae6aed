// Expiry: by the civil day of Shanghai, once, neither early nor twice; and what is told before.
#include "ledger/points/keeping/expiry.h"

#include <gmock/gmock.h>

#include "ledger/points/lots.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ExpiryTest : public testing::Test, public PointsFixture {
 protected:
  absl::Time At(int year, int month, int day, int hour = 0, int minute = 0, int second = 0) const {
    return absl::FromCivil(absl::CivilSecond(year, month, day, hour, minute, second), zone);
  }
  // Food of a kilogram at noon of a day: 2 points.
  void DropOn(int year, int month, int day) {
    clock.Set(At(year, month, day, 12));
    EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  }
  // What the job does, at the fixture's present time.
  absl::Status Expire(uint64_t household = 1) {
    const HouseholdId id(household);
    DecisionContext context{ExpiryKey(id, clock.Now(), zone), 0, {ActorKind::kSystem, 0, 0}, clock.Now(), zone};
    return PointsFixture::Run(PartitionOf(id), ExpiryReads(id), context,
                              [&](const View& view) { return DecideExpiry(view, id, *catalogue(), context); });
  }
  int64_t Expired() const {
    return Balance(PartitionOf(HouseholdId(1)), {AccountKind::kExpired, Asset::kReward, CatalogueIdOf("regions/t").value()});
  }
};

TEST_F(ExpiryTest, ALotIsGoodUntilTheEndOfItsLastDay) {
  EXPECT_OK(Enrol(1));
  DropOn(2026, 12, 31);  // until 31 March
  clock.Set(At(2027, 3, 31, 23, 59, 59));
  EXPECT_EQ(ReasonOf(Expire()), Reason::REASON_NOTHING_EXPIRED);
  EXPECT_EQ(Reward(1), 200);
  clock.Set(At(2027, 4, 1));
  EXPECT_OK(Expire());
  EXPECT_EQ(Reward(1), 0);
  EXPECT_EQ(Expired(), 200);
  EXPECT_THAT(Household(1).lots, IsEmpty());
  const v1::Entry entry = LastEntry();
  EXPECT_EQ(entry.kind(), v1::ENTRY_KIND_EXPIRY);
  EXPECT_EQ(entry.reward(), -200);
  EXPECT_EQ(entry.reason_zh(), "2 兑换积分有效期至 2027-03-31，到期未使用，已过期；以后在到期前兑换就不会作废");
  EXPECT_THAT(entry.reason_en(), HasSubstr("2 reward points could be spent until 2027-03-31 and were not, so they lapsed"));
}

// Midnight is Shanghai's: eight hours before that of UTC.
TEST_F(ExpiryTest, TheDayIsTheProgrammes) {
  EXPECT_OK(Enrol(1));
  DropOn(2026, 6, 1);
  clock.Set(absl::FromCivil(absl::CivilSecond(2027, 3, 31, 15, 59, 59), absl::UTCTimeZone()));
  EXPECT_EQ(ReasonOf(Expire()), Reason::REASON_NOTHING_EXPIRED);
  clock.Set(absl::FromCivil(absl::CivilSecond(2027, 3, 31, 16, 0, 0), absl::UTCTimeZone()));
  EXPECT_OK(Expire());
}

TEST_F(ExpiryTest, OncePerHouseholdAndDay) {
  EXPECT_OK(Enrol(1));
  DropOn(2026, 6, 1);
  clock.Set(At(2027, 4, 1, 0, 5));
  EXPECT_OK(Expire());
  const size_t entries = history.size();
  EXPECT_OK(Expire());  // the same key, the same effect
  EXPECT_EQ(history.size(), entries);
  clock.Set(At(2027, 4, 2));
  EXPECT_EQ(ReasonOf(Expire()), Reason::REASON_NOTHING_EXPIRED);
  EXPECT_EQ(Expired(), 200);
}

TEST_F(ExpiryTest, TheKeyIsOfTheHouseholdAndTheDay) {
  const absl::Time morning = At(2027, 1, 1), night = At(2027, 1, 1, 23, 59, 59);
  EXPECT_EQ(ExpiryKey(HouseholdId(1), morning, zone), ExpiryKey(HouseholdId(1), night, zone));
  EXPECT_NE(ExpiryKey(HouseholdId(1), morning, zone), ExpiryKey(HouseholdId(2), morning, zone));
  EXPECT_NE(ExpiryKey(HouseholdId(1), morning, zone), ExpiryKey(HouseholdId(1), At(2027, 1, 2), zone));
  EXPECT_LE(TimeOfUuidV7(ExpiryKey(HouseholdId(1), morning, zone)), morning);
}

TEST_F(ExpiryTest, OnlyWhatIsPastItsDayGoes) {
  EXPECT_OK(Enrol(1));
  DropOn(2026, 6, 1);
  DropOn(2027, 1, 2);
  clock.Set(At(2027, 4, 1));
  EXPECT_OK(Expire());
  EXPECT_EQ(Reward(1), 200);
  EXPECT_THAT(Household(1).lots, ElementsAre(Lot{DayNumber(absl::CivilDay(2028, 3, 31)), Points(200)}));
}

TEST_F(ExpiryTest, NobodyOfThatNumber) { EXPECT_EQ(ReasonOf(Expire(77)), Reason::REASON_HOUSEHOLD_UNKNOWN); }

TEST_F(ExpiryTest, NoticesComeThirtyAndSevenDaysAhead) {
  EXPECT_OK(Enrol(1));
  DropOn(2026, 6, 1);
  const HouseholdRecord household = Household(1);
  const int32_t last = DayNumber(absl::CivilDay(2027, 3, 31));
  EXPECT_THAT(ExpiryNotices(household, last - 31), IsEmpty());
  for (const auto& [ahead, days] : {std::pair(30, 30), std::pair(8, 30), std::pair(7, 7), std::pair(0, 7)}) {
    const std::vector<ExpiryNotice> notices = ExpiryNotices(household, last - ahead);
    ASSERT_EQ(notices.size(), 1u) << ahead;
    EXPECT_EQ(notices[0].days_ahead, days) << ahead;
    EXPECT_EQ(notices[0].notice_day, last - days);
    EXPECT_EQ(notices[0].expires_day, last);
    EXPECT_EQ(notices[0].amount, Points(200));
  }
  EXPECT_THAT(ExpiryNotices(household, last + 1), IsEmpty());
  EXPECT_EQ(ExpiryNotices(household, last - 30)[0].sentence.zh, "2 兑换积分将于 2027-03-31 之后过期，还有 30 天，请在此之前兑换");
  EXPECT_EQ(ExpiryNotices(household, last - 1)[0].sentence.en,
            "2 reward points lapse after 2027-03-31, in 1 day; please spend them before");
  EXPECT_THAT(ExpiryNotices(household, last)[0].sentence.zh, HasSubstr("今天（2027-03-31）最后一天可用"));
}

}  // namespace
}  // namespace fenfen
