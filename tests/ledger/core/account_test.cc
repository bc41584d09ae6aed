// Accounts: which may go below zero, and their numbers on disk.
#include "ledger/core/account.h"

#include <gtest/gtest.h>

namespace fenfen {
namespace {

TEST(AccountTest, OnlyAProgrammeGoesBelowZeroAndItNeverGoesAbove) {
  EXPECT_TRUE(WithinBound(AccountKind::kProgramme, Points(0)));
  EXPECT_TRUE(WithinBound(AccountKind::kProgramme, Points(-1)));
  EXPECT_FALSE(WithinBound(AccountKind::kProgramme, Points(1)));
  for (const AccountKind kind : {AccountKind::kHousehold, AccountKind::kVoucherHeld, AccountKind::kMerchant}) {
    EXPECT_TRUE(WithinBound(kind, Points(0)));
    EXPECT_TRUE(WithinBound(kind, Points(1)));
    EXPECT_FALSE(WithinBound(kind, Points(-1)));
  }
}

TEST(AccountTest, NumbersOnDisk) {
  EXPECT_EQ(static_cast<int>(AccountKind::kProgramme), 1);
  EXPECT_EQ(static_cast<int>(AccountKind::kHousehold), 2);
  EXPECT_EQ(static_cast<int>(AccountKind::kVoucherHeld), 3);
  EXPECT_EQ(static_cast<int>(AccountKind::kMerchant), 4);
  EXPECT_EQ(static_cast<int>(Asset::kReward), 1);
  EXPECT_EQ(static_cast<int>(Asset::kCivic), 2);
}

}  // namespace
}  // namespace fenfen
