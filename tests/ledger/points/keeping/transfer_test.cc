// What goes between two households, stopped after each step.
#include "ledger/points/purse.h"
#include "tests/ledger/points/keeping/household_fixture.h"

namespace fenfen {
namespace {

using Handover = ledger::v1::Transfer;

// Households 1 and 2, the first with 3.00 points that lapse in March 2027.
class TransferTest : public testing::Test {
 protected:
  TransferTest() {
    EXPECT_OK(f.Enrol(1));
    EXPECT_OK(f.Enrol(2));
    EXPECT_OK(f.Drop(1, v1::CATEGORY_FOOD, 1500));
    EXPECT_EQ(f.Reward(1), 300);
  }
  HouseholdFixture f;
};

TEST_F(TransferTest, AGiftKeepsItsDays) {
  const std::vector<Lot> lots = f.Household(1).lots;
  const absl::StatusOr<Handover> sent = f.Gift(MemberOf(1, 1), 1, 2, 120);
  ASSERT_TRUE(sent.ok());
  EXPECT_EQ(f.LastSentence(), "转赠 1.2 兑换积分给尾号 2 的家庭，有效期不变");
  EXPECT_EQ(f.Reward(1), 180);
  EXPECT_EQ(f.Reward(2), 0);
  EXPECT_EQ(f.OnTheWay(*sent), 120);
  const absl::StatusOr<Handover> taken = f.Take(*sent);
  ASSERT_TRUE(taken.ok());
  EXPECT_EQ(taken->state(), Handover::STATE_ARRIVED);
  EXPECT_EQ(f.LastSentence(), "收到尾号 1 的家庭转赠的 1.2 兑换积分，有效期不变");
  EXPECT_EQ(f.OnTheWay(*sent), 0);
  EXPECT_EQ(f.Household(2).lots, (std::vector<Lot>{{lots[0].expires_day, Points(120)}}));
  EXPECT_EQ(ReasonOf(f.Take(*sent)), Reason::REASON_TRANSFER_DECIDED);
  EXPECT_EQ(ReasonOf(f.TakeBack(*taken)), Reason::REASON_TRANSFER_DECIDED);
}

TEST_F(TransferTest, GiftsThatAreNotTaken) {
  EXPECT_EQ(ReasonOf(f.Gift(MemberOf(1, 1), 1, 1, 100)), Reason::REASON_FIELD_MALFORMED);
  EXPECT_EQ(ReasonOf(f.Gift(MemberOf(1, 1), 1, 2, 0)), Reason::REASON_FIELD_MALFORMED);
  EXPECT_EQ(ReasonOf(f.Gift(MemberOf(1, 9), 1, 2, 100)), Reason::REASON_MEMBER_UNKNOWN);
  EXPECT_EQ(ReasonOf(f.Gift(MemberOf(1, 1), 1, 2, 301)), Reason::REASON_GIFT_LIMIT_REACHED) << "3.00 a day";
  EXPECT_EQ(ReasonOf(f.Gift(MemberOf(2, 1), 2, 1, 100)), Reason::REASON_POINTS_INSUFFICIENT);
  EXPECT_OK(f.Role(MemberOf(1, 1), 1, 2, MemberRole::kMinor));
  EXPECT_EQ(ReasonOf(f.Gift(MemberOf(1, 2), 1, 2, 100)), Reason::REASON_ROLE_NOT_ALLOWED);
}

TEST_F(TransferTest, TheDaysLimits) {
  EXPECT_OK(f.Gift(MemberOf(1, 1), 1, 2, 100));
  EXPECT_EQ(ReasonOf(f.Gift(MemberOf(1, 1), 1, 2, 201)), Reason::REASON_GIFT_LIMIT_REACHED);
  EXPECT_OK(f.Gift(MemberOf(1, 1), 1, 2, 10));
  EXPECT_EQ(ReasonOf(f.Gift(MemberOf(1, 1), 1, 2, 10)), Reason::REASON_GIFT_LIMIT_REACHED) << "two a day";
  f.clock.Set(absl::FromCivil(absl::CivilSecond(2026, 6, 15, 23, 59, 59), f.zone));
  EXPECT_EQ(ReasonOf(f.Gift(MemberOf(1, 1), 1, 2, 10)), Reason::REASON_GIFT_LIMIT_REACHED);
  f.clock.Advance(absl::Seconds(1));
  EXPECT_OK(f.Gift(MemberOf(1, 1), 1, 2, 10));
}

TEST_F(TransferTest, WhatIsRefusedStaysRefusedAndComesBackOnce) {
  const std::vector<Lot> lots = f.Household(1).lots;
  const absl::StatusOr<Handover> sent = f.Gift(MemberOf(1, 1), 1, 99, 120);
  ASSERT_TRUE(sent.ok());
  EXPECT_EQ(ReasonOf(f.TakeBack(*sent)), Reason::REASON_TRANSFER_DECIDED) << "nobody refused it yet";
  const absl::StatusOr<Handover> refused = f.Take(*sent);
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->state(), Handover::STATE_REFUSED);
  EXPECT_EQ(RefusalOf(RefusalOf(*refused)).reason, Reason::REASON_HOUSEHOLD_UNKNOWN);
  EXPECT_OK(f.Enrol(99));
  EXPECT_EQ(ReasonOf(f.Take(*sent)), Reason::REASON_TRANSFER_DECIDED) << "it may be on its way back";
  EXPECT_OK(f.TakeBack(*refused));
  EXPECT_EQ(f.LastSentence(), "尾号 99 的家庭不能接收，1.2 兑换积分已退回，有效期不变");
  EXPECT_EQ(f.Household(1).lots, lots);
  EXPECT_EQ(f.OnTheWay(*sent), 0);
  EXPECT_EQ(ReasonOf(f.TakeBack(*refused)), Reason::REASON_TRANSFER_DECIDED);
}

TEST_F(TransferTest, AMergeBringsEverythingAndClosesTheOther) {
  const int64_t civic = f.Civic(1);
  EXPECT_OK(f.IssueCard(1, 101));
  EXPECT_EQ(ReasonOf(f.Merge(1, 1)), Reason::REASON_FIELD_MALFORMED);
  const absl::StatusOr<Handover> sent = f.Merge(1, 2);
  ASSERT_TRUE(sent.ok());
  EXPECT_EQ(f.LastSentence(),
            "家庭账户并入尾号 2 的家庭，带去 3 兑换积分、" + FormatPoints(Points(civic)) + " 文明积分和 2 位成员，本账户停用");
  EXPECT_EQ(f.OnTheWay(*sent), 300);
  EXPECT_EQ(f.OnTheWay(*sent, Asset::kCivic), civic);
  const HouseholdRecord closed = f.Household(1);
  EXPECT_EQ(closed.merged_into, HouseholdId(2));
  EXPECT_EQ(closed.card_hash, 0u);
  EXPECT_TRUE(closed.lots.empty());
  EXPECT_EQ(ReasonOf(f.Drop(1, v1::CATEGORY_FOOD, 500)), Reason::REASON_MEMBER_UNKNOWN);
  EXPECT_EQ(ReasonOf(f.IssueCard(1, 5)), Reason::REASON_HOUSEHOLD_CLOSED);
  EXPECT_EQ(ReasonOf(f.Merge(1, 2)), Reason::REASON_HOUSEHOLD_CLOSED);
  const absl::StatusOr<Handover> taken = f.Take(*sent);
  ASSERT_TRUE(taken.ok());
  EXPECT_EQ(f.Reward(2), 300);
  EXPECT_EQ(f.Civic(2), civic);
  EXPECT_EQ(f.Household(2).members.size(), 4u);
  EXPECT_EQ(f.RoleOf(2, 1), MemberRole::kHead) << "the head stays who it was";
  EXPECT_EQ(f.RoleOf(2, 3), MemberRole::kAdult);
}

TEST_F(TransferTest, WhatComesToAClosedHouseholdLaterFollows) {
  ASSERT_TRUE(f.Take(*f.Merge(1, 2)).ok());
  EXPECT_OK(f.People(kStaff, 1, [](const View& view, const DecisionContext& context) {
    // As a refund would.
    absl::StatusOr<Versioned<HouseholdRecord>> household = ReadHousehold(view, HouseholdId(1));
    Transaction transaction = BeginTransaction(TransactionKind::kRefund, context, context.now);
    Purse purse(view, HouseholdId(1), household->record, transaction);
    purse.Return({AccountKind::kProgramme, Asset::kReward, 7}, {{30'000, Points(50)}});
    transaction.changes.push_back({KeyOf(HouseholdId(1)), household->version, EncodeHousehold(household->record)});
    FactsWhy why;
    why.after = purse.After();
    transaction.why = EncodeWhy(why);
    return absl::StatusOr<Transaction>(transaction);
  }));
  EXPECT_OK(f.Enrol(3));
  EXPECT_EQ(ReasonOf(f.Merge(1, 3)), Reason::REASON_HOUSEHOLD_CLOSED) << "not elsewhere";
  const absl::StatusOr<Handover> sent = f.Merge(1, 2);
  ASSERT_TRUE(sent.ok());
  ASSERT_TRUE(f.Take(*sent).ok());
  EXPECT_EQ(f.Reward(1), 0);
  EXPECT_EQ(f.Reward(2), 350);
  EXPECT_EQ(f.Household(2).members.size(), 4u);
  EXPECT_EQ(ReasonOf(f.Merge(1, 2)), Reason::REASON_HOUSEHOLD_CLOSED) << "nothing is left";
}

TEST_F(TransferTest, AMergeThatIsRefusedOpensTheHouseholdAgain) {
  EXPECT_OK(f.IssueCard(1, 101));
  const HouseholdRecord before = f.Household(1);
  const absl::StatusOr<Handover> sent = f.Merge(1, 99);
  ASSERT_TRUE(sent.ok());
  const absl::StatusOr<Handover> refused = f.Take(*sent);
  ASSERT_TRUE(refused.ok());
  EXPECT_OK(f.TakeBack(*refused));
  EXPECT_EQ(f.Household(1), before);
  EXPECT_EQ(FormerNamesIn(f.history.back().transaction)->card_hash, 0u) << "the directory gets the card back";
  EXPECT_OK(f.Drop(1, v1::CATEGORY_RESIDUAL, 500));
}

TEST_F(TransferTest, OneWhoOwesOrHasOpenVouchersDoesNotMerge) {
  EXPECT_TRUE(f.Reserve(1).ok());
  EXPECT_EQ(ReasonOf(f.Merge(1, 2)), Reason::REASON_VOUCHERS_OPEN);
}

TEST_F(TransferTest, AMemberLeavesWithAShareIntoAHouseholdOfTheirOwn) {
  const absl::StatusOr<uint64_t> invitation = f.Invite(MemberOf(1, 1), 1);
  ASSERT_TRUE(invitation.ok());
  EXPECT_OK(f.Join(1, *invitation, 77));
  const std::vector<Lot> lots = f.Household(1).lots;
  EXPECT_EQ(ReasonOf(f.Split(1, 1, 100, 3)), Reason::REASON_HEAD_NEEDED);
  EXPECT_EQ(ReasonOf(f.Split(1, 3, 301, 3)), Reason::REASON_POINTS_INSUFFICIENT);
  const absl::StatusOr<Handover> sent = f.Split(1, 3, 100, 3);
  ASSERT_TRUE(sent.ok());
  EXPECT_EQ(f.LastSentence(), "3 号成员分户，带走 1 兑换积分，新户尾号 3；以往的投放和文明积分留在本户");
  EXPECT_EQ(f.RoleOf(1, 3), MemberRole::kLeft);
  ASSERT_TRUE(f.Take(*sent).ok());
  EXPECT_EQ(f.Household(3).members, (std::vector<Member>{{77, MemberRole::kHead}}));
  EXPECT_EQ(f.Household(3).card_hash, 903u);
  EXPECT_EQ(f.Household(3).lots, (std::vector<Lot>{{lots[0].expires_day, Points(100)}}));
  EXPECT_TRUE(FormerNamesIn(f.history.back().transaction).has_value()) << "for the directory";
  EXPECT_EQ(f.OnTheWay(*sent), 0);
}

TEST_F(TransferTest, ASplitIntoANumberThatIsTakenComesBack) {
  const HouseholdRecord before = f.Household(1);
  const absl::StatusOr<Handover> sent = f.Split(1, 2, 100, 2);
  ASSERT_TRUE(sent.ok());
  const absl::StatusOr<Handover> refused = f.Take(*sent);
  ASSERT_TRUE(refused.ok());
  EXPECT_OK(f.TakeBack(*refused));
  EXPECT_EQ(f.RoleOf(1, 2), MemberRole::kAdult);
  EXPECT_EQ(f.Household(1).lots, before.lots);
  EXPECT_EQ(f.Reward(2), 0);
}

}  // namespace
}  // namespace fenfen
