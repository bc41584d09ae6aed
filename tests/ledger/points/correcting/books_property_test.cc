// After any sequence of drops, reservations, captures, proposals, adjustments, reversals and expiries: the books' invariants, and that
// reversing all that can be reversed leaves nothing but what vouchers took.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "tests/ledger/points/correcting/correcting_fixture.h"

namespace fenfen {
namespace {

constexpr int kDays = 500;  // over which a sequence may stretch, so that lots lapse

class Books : public CorrectingFixture {
 public:
  void Step() {
    const int what = *rc::gen::inRange(0, 12);
    if (what < 4) return DropSomething();
    if (what == 4) return Later();
    if (what == 5) return ReserveAndMaybeCapture();
    if (what < 8) return Adjust();
    if (what < 11) return ReverseSomething();
    Settle(Expire());
  }

  // Invariants 1, 2 and 6, and that the record and the accounts tell the same.
  void Check() const {
    for (const CommittedTransaction& committed : history) {
      std::map<Asset, int64_t> sums;
      for (const Posting& posting : committed.transaction.postings) sums[posting.account.asset] += posting.amount.hundredths();
      for (const auto& [asset, sum] : sums) RC_ASSERT(sum == 0);
    }
    const HouseholdRecord household = Household(1);
    int64_t lots = 0;
    int32_t day_before = INT32_MIN;
    for (const Lot& lot : household.lots) {
      RC_ASSERT(lot.amount > Points(0));
      RC_ASSERT(lot.expires_day > day_before);
      day_before = lot.expires_day;
      lots += lot.amount.hundredths();
    }
    RC_ASSERT(lots == Reward(1));
    RC_ASSERT(Reward(1) >= 0);
    RC_ASSERT(Civic(1) >= 0);
    RC_ASSERT(Held(1) >= 0);
    RC_ASSERT(household.debt.hundredths() == Debt());
    RC_ASSERT(household.debt >= Points(0));
    RC_ASSERT(Programme(Asset::kReward) + Reward(1) + Held(1) + Expired() + Captured() - Debt() == 0);
    RC_ASSERT(Programme(Asset::kCivic) + Civic(1) == 0);
  }

  // Reverses the newest first, as undoing does; again for what had to wait until something else was undone.
  void ReverseAll() {
    for (bool progress = true; progress;) {
      progress = false;
      for (size_t at = history.size(); at-- > 0;) {
        const CommittedTransaction entry = history[at];
        if (entry.partition != PartitionOf(HouseholdId(1)) || !CheckReversible(entry.transaction).ok()) continue;
        const absl::Status status = Reverse(entry.seq, "staff/boss");
        progress = progress || status.ok();
        if (status.ok()) continue;
        const Reason reason = RefusalOf(status).reason;
        const bool expected = reason == Reason::REASON_REVERSED_ALREADY || reason == Reason::REASON_TAKEN_MORE_THAN_GIVEN;
        RC_ASSERT(expected);
      }
    }
  }

  int64_t Programme(Asset asset) const {
    return Balance(PartitionOf(HouseholdId(1)), {AccountKind::kProgramme, asset, CatalogueIdOf("regions/t").value()});
  }
  int64_t Expired() const {
    return Balance(PartitionOf(HouseholdId(1)), {AccountKind::kExpired, Asset::kReward, CatalogueIdOf("regions/t").value()});
  }
  int64_t Captured() const {
    return Balance(PartitionOf(HouseholdId(1)), {AccountKind::kMerchant, Asset::kReward, CatalogueIdOf("merchants/m").value()});
  }

  Books() {
    v1::UpdateCatalogueRequest request;
    for (const char* name : {"staff/boss", "staff/chief"}) {
      v1::Staff& staff = *request.add_staff();
      staff.set_name(name);
      staff.set_role(v1::ROLE_STAFF);
      staff.set_region("regions/d");
      staff.set_reversal_limit(kAdjustmentMax);
      staff.set_adjustment_limit(kAdjustmentMax);
    }
    EXPECT_OK(Update(request));
  }

 private:
  // OK or refused by a rule: never by a bound that a rule should have kept.
  static void Settle(const absl::Status& status) {
    if (status.ok()) return;
    RC_ASSERT(RefusalOf(status).reason != Reason::REASON_UNSPECIFIED);
  }
  void DropSomething() {
    const int category = *rc::gen::element<int>(v1::CATEGORY_FOOD, v1::CATEGORY_RESIDUAL);
    Settle(Drop(1, category, *rc::gen::inRange<int64_t>(1, 3000)));
  }
  void Later() { clock.Advance(absl::Hours(*rc::gen::inRange(1, kDays * 4))); }
  void ReserveAndMaybeCapture() {
    const absl::StatusOr<VoucherId> voucher = Reserve(1);
    Settle(voucher.status());
    if (voucher.ok() && *rc::gen::arbitrary<bool>()) Settle(Capture(1, *voucher));
  }
  void Adjust() {
    const int asset = *rc::gen::element<int>(v1::ASSET_REWARD, v1::ASSET_CIVIC);
    const absl::StatusOr<uint64_t> proposal = Propose(*rc::gen::inRange<int64_t>(-600, 600), asset, "staff/boss");
    Settle(proposal.status());
    if (proposal.ok()) Settle(*rc::gen::inRange(0, 4) == 0 ? Dismiss(*proposal) : Approve(*proposal, "staff/chief"));
  }
  void ReverseSomething() {
    std::vector<PartitionSeq> entries;
    for (const CommittedTransaction& entry : history) {
      if (entry.partition == PartitionOf(HouseholdId(1))) entries.push_back(entry.seq);
    }
    Settle(Reverse(*rc::gen::elementOf(entries), "staff/boss"));
  }
};

RC_GTEST_PROP(BooksProperty, HoldAfterAnySequence, ()) {
  Books books;
  const int steps = *rc::gen::inRange(1, 40);
  for (int step = 0; step < steps; ++step) {
    books.Step();
    books.Check();
  }
}

// Vouchers are not reversed, so what they hold or were captured for is what the household owes in the end.
RC_GTEST_PROP(BooksProperty, ReversingEverythingLeavesNothing, ()) {
  Books books;
  const int steps = *rc::gen::inRange(1, 25);
  for (int step = 0; step < steps; ++step) books.Step();
  books.ReverseAll();
  books.Check();
  RC_ASSERT(books.Expired() == 0);
  const int64_t vouchers = books.Held(1) + books.Captured();
  RC_ASSERT(books.Reward(1) == 0);
  RC_ASSERT(books.Debt() == vouchers);
  RC_ASSERT(books.Programme(Asset::kReward) == 0);
  RC_ASSERT(books.Civic(1) == 0);
  RC_ASSERT(books.Programme(Asset::kCivic) == 0);
}

}  // namespace
}  // namespace fenfen
