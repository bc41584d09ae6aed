// Adjustments: no way by which one person adjusts; lapsing; and what is posted.
#include "ledger/points/correcting/adjustment.h"

#include "tests/ledger/points/correcting/correcting_fixture.h"

namespace fenfen {
namespace {

using testing::HasSubstr;

class AdjustmentTest : public testing::Test, public CorrectingFixture {};

TEST_F(AdjustmentTest, OneProposesAnotherApproves) {
  const absl::StatusOr<uint64_t> proposal = Propose(500);
  ASSERT_TRUE(proposal.ok());
  EXPECT_EQ(Reward(1), 0) << "nothing is posted yet";
  EXPECT_EQ(LastSentence(), "社区拟补给 5 兑换积分（漏记），须另一位工作人员核准，2026-06-29 前未核准即失效");
  EXPECT_OK(Approve(*proposal));
  EXPECT_EQ(Reward(1), 500);
  EXPECT_EQ(LastSentence(), "经两位工作人员核准，补给 5 兑换积分（漏记），可用至 2027-03-31");
  EXPECT_THAT(LastEntry().reason_en(), HasSubstr("5 reward points given (not recorded at the time), approved by two people"));
  EXPECT_EQ(ReasonOf(Approve(*proposal)), Reason::REASON_PROPOSAL_CLOSED);
  EXPECT_EQ(ReasonOf(Dismiss(*proposal)), Reason::REASON_PROPOSAL_CLOSED);
}

TEST_F(AdjustmentTest, NobodyApprovesTheirOwn) {
  const absl::StatusOr<uint64_t> proposal = Propose(500);
  ASSERT_TRUE(proposal.ok());
  EXPECT_EQ(ReasonOf(Approve(*proposal, "staff/a")), Reason::REASON_CHECKER_IS_MAKER);
  EXPECT_EQ(ReasonOf(Approve(*proposal, "staff/twin")), Reason::REASON_CHECKER_IS_MAKER) << "the same person under another name";
  EXPECT_EQ(ReasonOf(Dismiss(*proposal, "staff/a")), Reason::REASON_CHECKER_IS_MAKER);
  EXPECT_EQ(Reward(1), 0);
}

TEST_F(AdjustmentTest, UpToTheApproversLimit) {
  const absl::StatusOr<uint64_t> proposal = Propose(101);
  ASSERT_TRUE(proposal.ok());
  EXPECT_EQ(ReasonOf(Approve(*proposal, "staff/low")), Reason::REASON_CORRECTION_ABOVE_LIMIT);
  EXPECT_OK(Approve(*proposal));
}

TEST_F(AdjustmentTest, LapsesAfterItsDays) {
  const absl::StatusOr<uint64_t> proposal = Propose(500);
  ASSERT_TRUE(proposal.ok());
  clock.Set(absl::FromCivil(absl::CivilSecond(2026, 6, 30, 0, 0, 0), zone));
  EXPECT_EQ(ReasonOf(Approve(*proposal)), Reason::REASON_PROPOSAL_LAPSED);
  clock.Set(absl::FromCivil(absl::CivilSecond(2026, 6, 29, 23, 59, 59), zone));
  EXPECT_OK(Approve(*proposal));
}

TEST_F(AdjustmentTest, WhatIsTakenIsOwedWhereItIsNotThere) {
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  EXPECT_OK(Reserve(1));  // 1.5 of the 2
  const absl::StatusOr<uint64_t> reward = Propose(-200);
  const absl::StatusOr<uint64_t> civic = Propose(-500, v1::ASSET_CIVIC);
  ASSERT_TRUE(reward.ok() && civic.ok());
  EXPECT_OK(Approve(*reward));
  EXPECT_EQ(Reward(1), 0);
  EXPECT_EQ(Debt(), 150);
  EXPECT_THAT(LastSentence(), HasSubstr("收回 2 兑换积分（漏记），其中 1.5 分已经用掉"));
  EXPECT_OK(Approve(*civic));
  EXPECT_EQ(Civic(1), 0) << "never below zero";
  const absl::StatusOr<uint64_t> more = Propose(-1);
  ASSERT_TRUE(more.ok());
  EXPECT_EQ(ReasonOf(Approve(*more)), Reason::REASON_TAKEN_MORE_THAN_GIVEN);
}

TEST_F(AdjustmentTest, IsDismissedOrRefused) {
  const absl::StatusOr<uint64_t> proposal = Propose(500);
  ASSERT_TRUE(proposal.ok());
  EXPECT_OK(Dismiss(*proposal));
  EXPECT_EQ(LastSentence(), "拟补给的 5 兑换积分未获核准（材料不足以说明），积分不变");
  EXPECT_EQ(ReasonOf(Approve(*proposal)), Reason::REASON_PROPOSAL_CLOSED);
  EXPECT_EQ(ReasonOf(Approve(*proposal + 1)), Reason::REASON_PROPOSAL_UNKNOWN);
  EXPECT_EQ(ReasonOf(Propose(0)), Reason::REASON_ADJUSTMENT_AMOUNT_INVALID);
  EXPECT_EQ(ReasonOf(Propose(kAdjustmentMax + 1)), Reason::REASON_ADJUSTMENT_AMOUNT_INVALID);
  EXPECT_EQ(ReasonOf(Propose(100, v1::ASSET_UNSPECIFIED)), Reason::REASON_ADJUSTMENT_AMOUNT_INVALID);
}

TEST_F(AdjustmentTest, CanBeReversed) {
  const absl::StatusOr<uint64_t> proposal = Propose(500);
  ASSERT_TRUE(proposal.ok());
  EXPECT_EQ(ReasonOf(Reverse(last())), Reason::REASON_REVERSAL_NOTHING) << "a proposal has posted nothing";
  EXPECT_OK(Approve(*proposal));
  EXPECT_OK(Reverse(last()));
  EXPECT_EQ(Reward(1), 0);
}

}  // namespace
}  // namespace fenfen
