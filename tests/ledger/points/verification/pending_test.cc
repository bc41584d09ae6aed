// Drops that wait: what their records hold, how many there may be, and what a rule set may say of them.
#include "ledger/points/verification/pending.h"

#include "fenfen/v1/verification.pb.h"
#include "ledger/points/earning/rules_check.h"
#include "ledger/points/stored_message.h"
#include "tests/ledger/points/verification/verification_fixture.h"

namespace fenfen {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PendingTest : public testing::Test, public VerificationFixture {
 protected:
  PendingTest() {
    v1::UpdateCatalogueRequest update;
    *update.mutable_rule_set() = SmallCatalogue().rule_set();
    update.mutable_rule_set()->set_version(2);
    *update.mutable_rule_set()->add_verification_policies() = Policy("all", v1::CREDIT_TIMING_INSPECTED, 720);
    EXPECT_OK(Update(update));
    clock.Advance(absl::Hours(48));
    EXPECT_OK(Enrol(1));
  }
  ledger::v1::PendingDrop Stored(uint64_t id) const {
    ledger::v1::PendingDrop drop;
    EXPECT_OK(state.Read(PartitionOf(HouseholdId(1)), [&](const View& view, PartitionSeq) {
      drop = ReadMessage<ledger::v1::PendingDrop>(view, PendingDropKey(id))->message;
    }));
    return drop;
  }
};

TEST_F(PendingTest, ItsRecordHoldsWhatItIsJudgedByAndThenWhatBecameOfIt) {
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  const uint64_t id = LastPending();
  EXPECT_EQ(id >> 56, PartitionOf(HouseholdId(1)).value());
  ledger::v1::PendingDrop drop = Stored(id);
  EXPECT_EQ(drop.state(), ledger::v1::PendingDrop::STATE_WAITING);
  EXPECT_EQ(drop.cause(), ledger::v1::PendingDrop::CAUSE_POLICY);
  EXPECT_EQ(drop.policy(), "all");
  EXPECT_EQ(drop.rule_version(), 2u);
  EXPECT_EQ(drop.recorded().grams(), 1000);
  EXPECT_EQ(drop.member(), 1u);
  EXPECT_EQ(drop.due_micros(), absl::ToUnixMicros(clock.Now() + absl::Hours(720)));
  EXPECT_EQ(LastEntry().kind(), v1::ENTRY_KIND_PENDING_DROP);
  EXPECT_EQ(LastEntry().rule(), "");
  EXPECT_EQ(LastEntry().station(), "stations/s1");
  EXPECT_EQ(Reward(1), 0);
  clock.Advance(absl::Hours(1));
  Finding found;
  found.grams = 500;
  EXPECT_OK(Release(1, id, found));
  drop = Stored(id);
  EXPECT_EQ(drop.state(), ledger::v1::PendingDrop::STATE_RELEASED);
  EXPECT_EQ(drop.reward(), 100);
  EXPECT_EQ(drop.civic(), 100);
  EXPECT_EQ(drop.found().grams(), 500);
  EXPECT_EQ(drop.found().verification(), v1::VERIFICATION_KIND_INSPECTED);
  EXPECT_EQ(drop.recorded().grams(), 1000);
  EXPECT_EQ(LastEntry().kind(), v1::ENTRY_KIND_RELEASE);
  EXPECT_EQ(LastEntry().reward(), 100);
  EXPECT_EQ(LastEntry().rule(), "food");
  EXPECT_EQ(LastEntry().rule_version(), 2);
  EXPECT_EQ(LastEntry().station(), "stations/s1");
  EXPECT_EQ(LastEntry().member(), "households/1/members/1");
  EXPECT_EQ(Pending(1), 0u);
}

TEST_F(PendingTest, AnothersDropIsNotThere) {
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  EXPECT_EQ(ReasonOf(Release(1, LastPending() + 1)), Reason::REASON_PENDING_DROP_UNKNOWN);
}

TEST_F(PendingTest, OneMoreThanMayWaitIsRecordedWithoutCredit) {
  uint64_t first = 0;
  for (uint32_t n = 0; n < kPendingMax; ++n) {
    EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
    if (n == 0) first = LastPending();
  }
  EXPECT_EQ(Pending(1), kPendingMax);
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  EXPECT_EQ(LastEntry().kind(), v1::ENTRY_KIND_DROP);
  EXPECT_EQ(Reward(1), 0);
  EXPECT_THAT(LastSentence(), HasSubstr("近期投放次数过多"));
  EXPECT_OK(Reject(1, first, v1::REJECTION_REASON_OTHER));
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  EXPECT_EQ(LastEntry().kind(), v1::ENTRY_KIND_PENDING_DROP);
}

// A day is kept while a drop of it waits, with all that its caps ask for, however long that is.
TEST_F(PendingTest, ItKeepsItsDayOpenBeyondTheWindow) {
  EXPECT_OK(Drop(1, v1::CATEGORY_RESIDUAL, 500));
  EXPECT_OK(Release(1, LastPending()));
  EXPECT_OK(Drop(1, v1::CATEGORY_RESIDUAL, 500));
  EXPECT_OK(Release(1, LastPending()));
  EXPECT_OK(Drop(1, v1::CATEGORY_RESIDUAL, 500));
  const uint64_t third = LastPending();
  EXPECT_EQ(Civic(1), 100);
  clock.Advance(absl::Hours(24 * 29));
  EXPECT_OK(Drop(1, v1::CATEGORY_RESIDUAL, 500));
  EXPECT_OK(Release(1, LastPending()));
  EXPECT_EQ(Civic(1), 150);
  EXPECT_OK(Release(1, third));
  EXPECT_EQ(Civic(1), 150) << "two of its day were credited before";
  EXPECT_OK(Drop(1, v1::CATEGORY_RESIDUAL, 500));
  EXPECT_OK(Release(1, LastPending()));
  // Nothing waits on it any more, so it was let go of.
  const absl::StatusOr<OpenDays> days = ReadDays(Household(1).days, INT32_MIN, INT32_MAX);
  ASSERT_TRUE(days.ok());
  EXPECT_EQ(days->size(), 1u);
}

TEST_F(PendingTest, TheMembersRoleOfThatTimeCounts) {
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  EXPECT_EQ(Stored(LastPending()).role_plus_one(), static_cast<uint32_t>(MemberRole::kAdult) + 1);
  const DropFacts facts = FactsOf(Stored(LastPending()));
  EXPECT_EQ(facts.role, MemberRole::kAdult);
}

TEST(PolicyCheck, EachMistakeIsNamedByItsPath) {
  v1::RuleSet rules;
  rules.set_version(1);
  rules.set_monthly_bags_max(kMonthlyBagsMax + 1);
  *rules.add_verification_policies() = Policy("a", v1::CREDIT_TIMING_UNSPECIFIED, 1);
  *rules.add_verification_policies() = Policy("b", v1::CREDIT_TIMING_IMMEDIATE, 1);
  *rules.add_verification_policies() = Policy("c", v1::CREDIT_TIMING_INSPECTED, 0);
  *rules.add_verification_policies() = Policy("d", v1::CREDIT_TIMING_DELAYED, kWaitHoursMax + 1);
  *rules.add_verification_policies() = Policy("d", v1::CREDIT_TIMING_DELAYED, 1);
  *rules.add_verification_policies() = Policy("e", v1::CREDIT_TIMING_DELAYED, 1);
  rules.mutable_verification_policies(5)->mutable_match()->add_regions("regions/nowhere");
  std::vector<std::string> paths;
  CheckRuleSet(rules, {0, [](absl::string_view) { return false; }},
               [&](absl::string_view path, absl::string_view, absl::string_view) { paths.emplace_back(path); });
  EXPECT_THAT(paths, ElementsAre("rule_set.monthly_bags_max", "rule_set.verification_policies[0].timing",
                                 "rule_set.verification_policies[1].wait_hours", "rule_set.verification_policies[2].wait_hours",
                                 "rule_set.verification_policies[3].wait_hours", "rule_set.verification_policies[4].id",
                                 "rule_set.verification_policies[5].match.regions[0]"));
  std::vector<std::string> regions;
  ForEachRegion(rules, [&](absl::string_view name) { regions.emplace_back(name); });
  EXPECT_THAT(regions, ElementsAre("regions/nowhere"));
}

}  // namespace
}  // namespace fenfen
