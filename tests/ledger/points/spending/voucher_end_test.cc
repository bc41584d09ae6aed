// Vouchers' later fates: each once, and each point back where it came from.
#include "ledger/points/spending/voucher_end.h"

#include "ledger/points/codes.h"

#include "tests/ledger/points/spending/spending_fixture.h"

namespace fenfen {
namespace {

class VoucherEndTest : public SpendingTest {
 protected:
  // Two lots; the oil's 1.50 takes all of the first and part of the second.
  VoucherEndTest() {
    SetOffer([](v1::Offer& offer) { offer.set_refund_days(2); });
    Give(kHome, {{Today() + 3, Points(100)}, {Today() + 300, Points(100)}});
    before_ = Lots();
  }
  std::vector<Lot> before_;
};

TEST_F(VoucherEndTest, ACancelledVoucherReturnsToItsLots) {
  const VoucherId voucher = *Reserve();
  EXPECT_NE(Lots(), before_);
  EXPECT_OK(Cancel(voucher));
  EXPECT_EQ(Lots(), before_);
  EXPECT_EQ(f.Reward(kHome), 200);
  EXPECT_EQ(f.Held(kHome), 0);
  EXPECT_EQ(f.LastSentence(), "取消兑换“食用油”，1.5 兑换积分退回原处");
  EXPECT_EQ(f.LastEntry().kind(), v1::ENTRY_KIND_VOUCHER_CANCEL);
  EXPECT_EQ(f.LastEntry().voucher(), VoucherName(HouseholdId(kHome), voucher));
  EXPECT_EQ(ReasonOf(Cancel(voucher)), Reason::REASON_VOUCHER_CANCELLED);
  EXPECT_EQ(ReasonOf(f.Capture(kHome, voucher)), Reason::REASON_VOUCHER_CANCELLED);
}

TEST_F(VoucherEndTest, WhatComesBackTooLateWillLapse) {
  const VoucherId voucher = *Reserve();
  f.clock.Advance(absl::Hours(24 * 5));
  EXPECT_OK(Cancel(voucher));
  EXPECT_EQ(Lots(), before_) << "a voucher does not make points last longer";
  EXPECT_EQ(f.LastSentence(), "取消兑换“食用油”，1.5 兑换积分退回原处，其中 1 分已过原有效期，将作过期处理");
}

TEST_F(VoucherEndTest, AnExpiredVoucherReturnsToItsLotsOnce) {
  const VoucherId voucher = *Reserve();
  EXPECT_EQ(Expire(voucher).code(), absl::StatusCode::kAlreadyExists) << "its date has not passed";
  f.clock.Set(Voucher(voucher).expire_time);
  EXPECT_EQ(ReasonOf(f.Capture(kHome, voucher)), Reason::REASON_VOUCHER_EXPIRED);
  EXPECT_OK(Expire(voucher));
  EXPECT_EQ(Lots(), before_);
  EXPECT_EQ(Expire(voucher).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(Cancel(voucher)), Reason::REASON_VOUCHER_EXPIRED);
  EXPECT_EQ(ReasonOf(f.Capture(kHome, voucher)), Reason::REASON_VOUCHER_EXPIRED);
}

TEST_F(VoucherEndTest, ARefundTakesItFromTheMerchant) {
  const VoucherId voucher = *Reserve();
  EXPECT_EQ(ReasonOf(Refund(voucher)), Reason::REASON_VOUCHER_NOT_CAPTURED);
  EXPECT_OK(f.Capture(kHome, voucher));
  const PartitionSeq captured_in = f.history.back().seq;
  EXPECT_EQ(ReasonOf(Cancel(voucher)), Reason::REASON_VOUCHER_USED);
  EXPECT_OK(Refund(voucher));
  EXPECT_EQ(Lots(), before_);
  EXPECT_EQ(f.Balance(PartitionOf(voucher), {AccountKind::kMerchant, Asset::kReward, CatalogueIdOf("merchants/m").value()}), 0);
  EXPECT_EQ(Voucher(voucher).captured_in, captured_in);
  EXPECT_EQ(f.LastSentence(), "潞苑超市为“食用油”退款，1.5 兑换积分退回原处");
  EXPECT_EQ(ReasonOf(Refund(voucher)), Reason::REASON_VOUCHER_REFUNDED);
  EXPECT_EQ(ReasonOf(f.Capture(kHome, voucher)), Reason::REASON_VOUCHER_REFUNDED);
}

TEST_F(VoucherEndTest, ARefundHasItsDaysAndStopsAtAStatement) {
  const VoucherId voucher = *Reserve();
  EXPECT_OK(f.Capture(kHome, voucher));
  EXPECT_EQ(ReasonOf(Refund(voucher, "merchants/m/settlements/20260601")), Reason::REASON_REFUND_SETTLED);
  SetTime(absl::CivilSecond(2026, 6, 18, 0, 0, 0));
  EXPECT_EQ(RefusalOf(Refund(voucher)).zh, "已过退款期限（2026-06-18 00:00）");
  SetTime(absl::CivilSecond(2026, 6, 17, 23, 59, 59));
  EXPECT_OK(Refund(voucher));
}

TEST_F(VoucherEndTest, AnothersVoucherIsNotThere) {
  const VoucherId voucher = *Reserve();
  uint64_t neighbour = kHome + 1;
  while (PartitionOf(HouseholdId(neighbour)) != PartitionOf(HouseholdId(kHome))) ++neighbour;
  EXPECT_OK(f.Enrol(neighbour));
  EXPECT_EQ(ReasonOf(Cancel(voucher, neighbour)), Reason::REASON_VOUCHER_UNKNOWN);
}

TEST_F(VoucherEndTest, ScreenCodesAreGoodForTwoSteps) {
  const VoucherId voucher = *Reserve();
  CaptureFacts facts{HouseholdId(kHome), voucher, CatalogueIdOf("merchants/m"), CatalogueId(1), ScreenStepAt(f.clock.Now()) + 10};
  const absl::Time begin = ScreenStepBegin(*facts.step);
  const auto capture_at = [&](absl::Time time) {
    f.clock.Set(time);
    const DecisionContext context = f.NextContext();
    return f.Run(PartitionOf(voucher), CaptureReads(facts.household, voucher), context,
                 [&](const View& view) { return DecideCapture(view, facts, context); });
  };
  EXPECT_EQ(ReasonOf(capture_at(begin + 2 * kScreenStep)), Reason::REASON_VOUCHER_CODE_EXPIRED);
  EXPECT_EQ(ReasonOf(capture_at(begin - 2 * kScreenStep)), Reason::REASON_VOUCHER_CODE_EXPIRED);
  EXPECT_OK(capture_at(begin + 2 * kScreenStep - absl::Seconds(1)));
}

}  // namespace
}  // namespace fenfen
