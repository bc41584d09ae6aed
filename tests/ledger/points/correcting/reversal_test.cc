// Reversals: the opposite of an entry, once, by who may; and what cannot be reversed is told what to do instead.
#include "ledger/points/correcting/reversal.h"

#include "tests/ledger/points/correcting/correcting_fixture.h"

namespace fenfen {
namespace {

using testing::HasSubstr;

class ReversalTest : public testing::Test, public CorrectingFixture {};

TEST_F(ReversalTest, ADropIsTakenBackExactly) {
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  const Transaction drop = history.back().transaction;
  EXPECT_OK(Reverse(last()));
  EXPECT_EQ(Reward(1), 0);
  EXPECT_EQ(Civic(1), 0);
  EXPECT_EQ(Debt(), 0);
  EXPECT_TRUE(Household(1).lots.empty());
  std::vector<Posting> opposite;
  for (const Posting& posting : drop.postings) opposite.push_back({posting.account, -posting.amount});
  EXPECT_THAT(history.back().transaction.postings, testing::UnorderedElementsAreArray(opposite));
  const v1::Entry entry = LastEntry();
  EXPECT_EQ(entry.kind(), v1::ENTRY_KIND_REVERSAL);
  EXPECT_EQ(entry.reason_zh(), "冲正 2026-06-15 的投放记录（重复记录）：收回 2 兑换积分、1 文明积分");
  EXPECT_EQ(entry.reason_en(), "Reversed the drop of 2026-06-15 (recorded twice): 2 reward points and 1 civic points taken back");
}

TEST_F(ReversalTest, OnceAndTheSecondIsToldWhen) {
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  const PartitionSeq drop = last();
  EXPECT_OK(Reverse(drop));
  clock.Advance(absl::Minutes(5));
  const absl::Status again = Reverse(drop);
  EXPECT_EQ(ReasonOf(again), Reason::REASON_REVERSED_ALREADY);
  EXPECT_THAT(RefusalOf(again).zh, HasSubstr("2026-06-15 08:00"));
}

TEST_F(ReversalTest, WhatWasSpentBecomesADebtThatEarningsRepay) {
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  const PartitionSeq drop = last();
  EXPECT_OK(Reserve(1));  // 1.5 of the 2
  EXPECT_OK(Reverse(drop));
  EXPECT_EQ(Reward(1), 0);
  EXPECT_EQ(Debt(), 150);
  EXPECT_EQ(Household(1).debt, Points(150));
  EXPECT_THAT(LastSentence(), HasSubstr("其中 1.5 分已经用掉，记为欠分，以后所得先抵扣"));
  clock.Advance(absl::Hours(24));
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  EXPECT_EQ(Debt(), 0);
  EXPECT_EQ(Reward(1), 50);
}

TEST_F(ReversalTest, LapsedPointsComeBackForThirtyDays) {
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  clock.Set(absl::FromCivil(absl::CivilSecond(2027, 4, 1, 9, 0, 0), zone));
  EXPECT_OK(Expire());
  EXPECT_OK(Reverse(last()));
  EXPECT_EQ(Reward(1), 200);
  const int32_t until = DayNumber(absl::CivilDay(2027, 5, 1));
  EXPECT_THAT(Household(1).lots, testing::ElementsAre(Lot{until, Points(200)}));
  EXPECT_THAT(LastSentence(), HasSubstr("退回 2 兑换积分，可用至 2027-05-01"));
}

TEST_F(ReversalTest, SomeAreUndoneInAnotherWay) {
  EXPECT_EQ(ReasonOf(Reverse(last())), Reason::REASON_REVERSAL_NOTHING);  // the enrolment
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  const PartitionSeq drop = last();
  const absl::StatusOr<VoucherId> voucher = Reserve(1);
  EXPECT_OK(voucher);
  EXPECT_EQ(ReasonOf(Reverse(last())), Reason::REASON_REVERSAL_OF_VOUCHER);
  EXPECT_OK(Capture(1, *voucher));
  EXPECT_EQ(ReasonOf(Reverse(last())), Reason::REASON_REVERSAL_OF_VOUCHER);
  EXPECT_OK(Reverse(drop));
  EXPECT_EQ(ReasonOf(Reverse(last())), Reason::REASON_REVERSAL_OF_REVERSAL);
}

TEST_F(ReversalTest, UpToTheLimitOfWhoReverses) {
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 1000));
  const PartitionSeq drop = last();
  const absl::Status above = Reverse(drop, "staff/low");
  EXPECT_EQ(ReasonOf(above), Reason::REASON_CORRECTION_ABOVE_LIMIT);
  EXPECT_THAT(RefusalOf(above).zh, HasSubstr("本次 2 分，超过您的权限 1 分"));
  EXPECT_EQ(ReasonOf(Reverse(drop, "staff/nobody")), Reason::REASON_CORRECTION_ABOVE_LIMIT);
  EXPECT_EQ(ReasonOf(Reverse(drop, "staff/a", 98)), Reason::REASON_CORRECTION_REASON_UNKNOWN);
  EXPECT_EQ(ReasonOf(CheckGrounds({v1::CORRECTION_REASON_SLIP, {"short"}})), Reason::REASON_ATTACHMENT_MALFORMED);
  EXPECT_EQ(Reward(1), 200);
}

TEST(CorrectionReasons, EachHasItsWords) {
  const auto* reasons = v1::CorrectionReason_descriptor();
  for (int i = 0; i < reasons->value_count(); ++i) {
    if (reasons->value(i)->number() == v1::CORRECTION_REASON_UNSPECIFIED) continue;
    ledger::v1::Grounds grounds;
    grounds.set_reason(reasons->value(i)->number());
    const Sentence text = ReasonText(grounds);
    EXPECT_FALSE(text.zh.empty() || text.en.empty()) << reasons->value(i)->name();
  }
}

}  // namespace
}  // namespace fenfen
