// The purse: lots, balance and debt stay in step whatever is given and taken.
#include "ledger/points/purse.h"

#include "tests/ledger/points/points_fixture.h"

namespace fenfen {
namespace {

constexpr HouseholdId kOwner(7);
constexpr AccountId kBank{AccountKind::kProgramme, Asset::kReward, 1};
constexpr AccountId kLapsed{AccountKind::kExpired, Asset::kReward, 1};

class Balances final : public View {
 public:
  std::optional<RecordView> Record(const RecordKey&) const override { return std::nullopt; }
  Points Balance(const AccountId& account) const override {
    const auto found = of.find(account);
    return found == of.end() ? Points(0) : found->second;
  }
  std::map<AccountId, Points> of;
};

class PurseTest : public testing::Test {
 protected:
  // Runs `use`, takes its postings into the balances, and checks what must always hold.
  template <typename Use>
  void With(Use use) {
    Transaction transaction;
    {
      Purse purse(view, kOwner, record, transaction);
      use(purse);
      after = purse.After();
    }
    ASSERT_TRUE(CheckTransaction(transaction).ok());
    for (const Posting& posting : transaction.postings) {
      Points& balance = view.of[posting.account];
      balance = *Add(balance, posting.amount);
      EXPECT_TRUE(WithinBound(posting.account.kind, balance));
    }
    int64_t lots = 0;
    for (const Lot& lot : record.lots) {
      EXPECT_GT(lot.amount, Points(0));
      lots += lot.amount.hundredths();
    }
    EXPECT_EQ(lots, view.Balance(RewardAccount(kOwner)).hundredths());
    EXPECT_EQ(-record.debt, view.Balance(DebtAccount(kOwner)));
    EXPECT_EQ(after.reward, view.Balance(RewardAccount(kOwner)));
    EXPECT_EQ(after.civic, view.Balance(CivicAccount(kOwner)));
  }

  Balances view;
  HouseholdRecord record;
  HouseholdAfter after;
};

TEST_F(PurseTest, ClawBackOfWhatWasSpentBecomesADebtThatEarningsRepay) {
  With([](Purse& purse) { EXPECT_EQ(purse.Earn(kBank, Points(500), 100), Points(0)); });
  With([](Purse& purse) { EXPECT_OK(purse.Spend(HeldAccount(kOwner), Points(400), 50)); });
  With([](Purse& purse) { EXPECT_EQ(purse.ClawBack(kBank, Points(500), 100), Points(400)); });
  EXPECT_EQ(record.debt, Points(400));
  With([](Purse& purse) { EXPECT_EQ(purse.Earn(kBank, Points(150), 100), Points(150)); });
  EXPECT_EQ(after.reward, Points(0));
  With([](Purse& purse) { EXPECT_EQ(purse.Earn(kBank, Points(300), 100), Points(250)); });
  EXPECT_EQ(record.debt, Points(0));
  EXPECT_EQ(record.lots, (std::vector<Lot>{{100, Points(50)}}));
}

TEST_F(PurseTest, ClawBackTakesTheLotItWasCreditedToFirst) {
  With([](Purse& purse) { purse.Earn(kBank, Points(100), 10); });
  With([](Purse& purse) { purse.Earn(kBank, Points(100), 20); });
  With([](Purse& purse) { EXPECT_EQ(purse.ClawBack(kBank, Points(150), 20), Points(0)); });
  EXPECT_EQ(record.lots, (std::vector<Lot>{{10, Points(50)}}));
}

TEST_F(PurseTest, WhatExpiresAreTheLotsPastTheirDay) {
  With([](Purse& purse) { purse.Earn(kBank, Points(100), 10); });
  With([](Purse& purse) { purse.Earn(kBank, Points(70), 11); });
  With([](Purse& purse) { EXPECT_EQ(purse.Expire(kLapsed, 10), Points(0)); });
  With([](Purse& purse) { EXPECT_EQ(purse.Expire(kLapsed, 11), Points(100)); });
  EXPECT_EQ(view.Balance(kLapsed), Points(100));
}

TEST_F(PurseTest, ARefundReturnsToTheLotsItCameFrom) {
  With([](Purse& purse) { purse.Earn(kBank, Points(100), 10); });
  With([](Purse& purse) { purse.Earn(kBank, Points(100), 20); });
  const std::vector<Lot> before = record.lots;
  std::vector<Lot> taken;
  With([&](Purse& purse) { taken = *purse.Spend(HeldAccount(kOwner), Points(130), 5); });
  EXPECT_EQ(taken, (std::vector<Lot>{{10, Points(100)}, {20, Points(30)}}));
  With([&](Purse& purse) { purse.Return(HeldAccount(kOwner), taken); });
  EXPECT_EQ(record.lots, before);
}

TEST_F(PurseTest, CivicPointsDoNotGoBelowZero) {
  constexpr AccountId source{AccountKind::kProgramme, Asset::kCivic, 1};
  With([&](Purse& purse) { EXPECT_EQ(purse.Civic(source, Points(100)), Points(100)); });
  With([&](Purse& purse) { EXPECT_EQ(purse.Civic(source, Points(-300)), Points(-100)); });
}

TEST_F(PurseTest, TooLittleChangesNothing) {
  With([](Purse& purse) { purse.Earn(kBank, Points(100), 10); });
  With([](Purse& purse) { EXPECT_EQ(ReasonOf(purse.Spend(HeldAccount(kOwner), Points(101), 5)), Reason::REASON_POINTS_INSUFFICIENT); });
  EXPECT_EQ(after.reward, Points(100));
}

}  // namespace
}  // namespace fenfen
