// Setting points aside, and the one capture.
#include "ledger/points/voucher.h"

#include "tests/ledger/points/points_fixture.h"

namespace fenfen {
namespace {

// A household with 2.00 reward points.
class VoucherTest : public testing::Test {
 protected:
  VoucherTest() {
    EXPECT_OK(f.Enrol(kHome));
    EXPECT_OK(f.Drop(kHome, v1::CATEGORY_FOOD, 1000));
  }
  PointsFixture f;
};

TEST_F(VoucherTest, ReserveSetsThePriceAside) {
  EXPECT_OK(f.Reserve(kHome));
  EXPECT_EQ(f.Reward(kHome), 50);
  EXPECT_EQ(f.Held(kHome), 150);
  EXPECT_EQ(f.Household(kHome).lots[0].amount, Points(50));
  EXPECT_EQ(f.LastSentence(), "兑换“食用油”，预留 1.5 兑换积分，到潞苑超市出示券码领取");
}

TEST_F(VoucherTest, ReserveNeedsThePoints) {
  EXPECT_OK(f.Reserve(kHome));
  const absl::StatusOr<VoucherId> second = f.Reserve(kHome);
  EXPECT_EQ(ReasonOf(second), Reason::REASON_POINTS_INSUFFICIENT);
  EXPECT_EQ(RefusalOf(second.status()).zh, "积分不足：需要 1.5，可用 0.5");
  EXPECT_EQ(f.Held(kHome), 150);
}

TEST_F(VoucherTest, ReserveNeedsAnOffer) {
  EXPECT_EQ(ReasonOf(f.Reserve(kHome, "offers/none")), Reason::REASON_OFFER_UNKNOWN);
  v1::UpdateCatalogueRequest withdraw;
  *withdraw.add_offers() = SmallCatalogue().offers(0);
  withdraw.mutable_offers(0)->set_withdrawn(true);
  EXPECT_OK(f.Update(withdraw));
  EXPECT_EQ(ReasonOf(f.Reserve(kHome)), Reason::REASON_OFFER_UNKNOWN);
}

TEST_F(VoucherTest, PointsPastTheirDayCannotBeSpent) {
  f.clock.Set(absl::FromCivil(absl::CivilSecond(2027, 3, 31, 23, 59, 59), f.zone));
  EXPECT_OK(f.Reserve(kHome));
  f.clock.Set(absl::FromCivil(absl::CivilSecond(2027, 4, 1, 0, 0, 0), f.zone));
  EXPECT_EQ(ReasonOf(f.Reserve(kHome)), Reason::REASON_POINTS_INSUFFICIENT);
}

TEST_F(VoucherTest, CapturePaysTheMerchantOnce) {
  const VoucherId voucher = *f.Reserve(kHome);
  EXPECT_OK(f.Capture(kHome, voucher));
  EXPECT_EQ(f.Held(kHome), 0);
  EXPECT_EQ(f.Balance(PartitionOf(voucher), {AccountKind::kMerchant, Asset::kReward, CatalogueIdOf("merchants/m").value()}), 150);
  EXPECT_EQ(f.LastSentence(), "在潞苑超市领取“食用油”，兑换券已核销，预留的 1.5 兑换积分已支付");
  const absl::Status again = f.Capture(kHome, voucher);
  EXPECT_EQ(ReasonOf(again), Reason::REASON_VOUCHER_USED);
  EXPECT_EQ(RefusalOf(again).zh, "这张兑换券已于 2026-06-15 08:00 核销");
}

TEST_F(VoucherTest, CaptureIsTheOffersMerchantsAlone) {
  const VoucherId voucher = *f.Reserve(kHome);
  EXPECT_EQ(ReasonOf(f.Capture(kHome, voucher, "merchants/other")), Reason::REASON_VOUCHER_OTHER_MERCHANT);
  EXPECT_EQ(f.Held(kHome), 150);
}

TEST_F(VoucherTest, CaptureEndsWithTheLastDay) {
  const VoucherId voucher = *f.Reserve(kHome);
  f.clock.Set(absl::FromCivil(absl::CivilSecond(2026, 6, 23, 0, 0, 0), f.zone));
  EXPECT_EQ(ReasonOf(f.Capture(kHome, voucher)), Reason::REASON_VOUCHER_EXPIRED);
  f.clock.Set(absl::FromCivil(absl::CivilSecond(2026, 6, 22, 23, 59, 59), f.zone));
  EXPECT_OK(f.Capture(kHome, voucher));
}

TEST_F(VoucherTest, CaptureOfWhatIsNotThere) {
  EXPECT_EQ(ReasonOf(f.Capture(kHome, VoucherIdFor(HouseholdId(kHome), {1, 2}))), Reason::REASON_VOUCHER_UNKNOWN);
}

TEST_F(VoucherTest, StatementIsTheChainOfVersions) {
  EXPECT_OK(f.Capture(kHome, *f.Reserve(kHome)));
  // Newest first: capture, reservation, drop, enrolment.
  std::vector<v1::EntryKind> kinds;
  PartitionSeq seq = f.history.back().seq;
  for (auto it = f.history.rbegin(); it != f.history.rend() && seq != PartitionSeq(0); ++it) {
    if (it->partition != PartitionOf(HouseholdId(kHome)) || it->seq != seq) continue;
    kinds.push_back(RenderEntry(*it, *f.catalogue())->kind());
    seq = PreviousEntryOf(it->transaction, HouseholdId(kHome));
  }
  EXPECT_THAT(kinds,
              testing::ElementsAre(v1::ENTRY_KIND_CAPTURE, v1::ENTRY_KIND_RESERVATION, v1::ENTRY_KIND_DROP, v1::ENTRY_KIND_ENROLMENT));
}

}  // namespace
}  // namespace fenfen
