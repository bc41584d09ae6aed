// Verbs of spending over the points fixture: households with points, offers with terms, vouchers' ends, stock.
#pragma once

#include <functional>
#include <string>

#include "fenfen/ledger/v1/spending.pb.h"
#include "ledger/points/purse.h"
#include "ledger/points/spending/stock.h"
#include "ledger/points/spending/voucher_end.h"
#include "ledger/points/stored_message.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {

class SpendingTest : public testing::Test {
 protected:
  SpendingTest() { EXPECT_OK(f.Enrol(kHome)); }

  // Points out of nowhere, in lots of these days.
  void Give(uint64_t household, const std::vector<Lot>& lots) {
    const DecisionContext context = f.NextContext();
    const HouseholdId id(household);
    EXPECT_OK(f.Run(PartitionOf(id), {{KeyOf(id)}, PurseAccounts(id)}, context, [&](const View& view) -> absl::StatusOr<Transaction> {
      absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, id);
      Transaction transaction = BeginTransaction(TransactionKind::kAdjustment, context, context.now);
      Purse purse(view, id, found->record, transaction);
      for (const Lot& lot : lots) purse.Earn({AccountKind::kProgramme, Asset::kReward, 1}, lot.amount, lot.expires_day);
      transaction.changes.push_back({KeyOf(id), found->version, EncodeHousehold(found->record)});
      transaction.why = EncodeWhy(FactsWhy{purse.After(), {}});
      return transaction;
    }));
  }
  void Give(uint64_t household, int64_t amount) { Give(household, {{Today() + 300, Points(amount)}}); }
  int32_t Today() const { return DayNumberOf(f.clock.Now(), f.zone); }
  void SetTime(absl::CivilSecond time) { f.clock.Set(absl::FromCivil(time, f.zone)); }

  // The oil with other terms.
  void SetOffer(const std::function<void(v1::Offer&)>& change) {
    v1::UpdateCatalogueRequest update;
    *update.add_offers() = SmallCatalogue().offers(0);
    change(*update.mutable_offers(0));
    EXPECT_OK(f.Update(update));
  }
  absl::StatusOr<VoucherId> Reserve(ReserveFacts facts = {}) { return ReserveUnder(f.NextContext(), facts); }
  absl::StatusOr<VoucherId> ReserveUnder(const DecisionContext& context, ReserveFacts facts) {
    if (facts.household == HouseholdId(0)) facts.household = HouseholdId(kHome);
    if (facts.offer == CatalogueId(0)) facts.offer = CatalogueIdOf("offers/oil");
    const VoucherId voucher = VoucherIdFor(facts.household, context.key);
    const absl::Status status = f.Run(PartitionOf(facts.household), ReserveReads(facts.household, voucher), context,
                                      [&](const View& view) { return DecideReserve(view, facts, *f.catalogue(), context); });
    if (!status.ok()) return status;
    return voucher;
  }
  absl::Status Cancel(VoucherId voucher, uint64_t household = kHome) {
    const DecisionContext context = f.NextContext();
    return f.Run(PartitionOf(voucher), Ends(household, voucher), context,
                 [&](const View& view) { return DecideVoucherCancel(view, HouseholdId(household), voucher, context); });
  }
  absl::Status Expire(VoucherId voucher) {
    const DecisionContext context = f.NextContext();
    return f.Run(PartitionOf(voucher), Ends(kHome, voucher), context,
                 [&](const View& view) { return DecideVoucherExpiry(view, HouseholdId(kHome), voucher, context); });
  }
  absl::Status Refund(VoucherId voucher, const std::string& settlement = "") {
    const DecisionContext context = f.NextContext();
    const RefundFacts facts{HouseholdId(kHome), voucher, CatalogueIdOf("merchants/m"), false, settlement};
    return f.Run(PartitionOf(voucher), Ends(kHome, voucher), context, [&](const View& view) { return DecideRefund(view, facts, context); });
  }
  static ReadSet Ends(uint64_t household, VoucherId voucher) {
    return VoucherEndReads(HouseholdId(household), voucher, CatalogueIdOf("merchants/m"));
  }
  VoucherRecord Voucher(VoucherId id) const {
    VoucherRecord record;
    EXPECT_OK(f.state.Read(PartitionOf(id), [&](const View& view, PartitionSeq) { record = ReadVoucher(view, id)->record; }));
    return record;
  }
  std::vector<Lot> Lots() const { return f.Household(kHome).lots; }

  PointsFixture f;
};

}  // namespace fenfen
