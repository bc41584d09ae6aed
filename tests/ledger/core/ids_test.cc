// Ids: what places a household or a voucher in its partition, which must never change.
#include "ledger/core/ids.h"

#include <gtest/gtest.h>

#include <vector>

namespace fenfen {
namespace {

// On disk: a household's history lies where these say.
TEST(IdsTest, PartitionsOfHouseholdsNeverChange) {
  EXPECT_EQ(MixBits(0), 0xe220a8397b1dcdafu);  // the first output of SplitMix64 from seed 0
  EXPECT_EQ(PartitionOf(HouseholdId(1)), PartitionId(193));
  EXPECT_EQ(PartitionOf(HouseholdId(10'000'001)), PartitionId(84));
  EXPECT_EQ(PartitionOf(HouseholdId((uint64_t{1} << 53) - 1)), PartitionId(159));
}

TEST(IdsTest, ConsecutiveHouseholdsSpreadEvenly) {
  std::vector<int> count(kHouseholdPartitions);
  for (uint64_t n = 0; n < 60'000; ++n) ++count[PartitionOf(HouseholdId(10'000'000 + n)).value()];
  for (const int of_one : count) {
    EXPECT_GT(of_one, 150);
    EXPECT_LT(of_one, 320);
  }
}

TEST(IdsTest, AVoucherCarriesItsPartition) { EXPECT_EQ(PartitionOf(VoucherId(uint64_t{0xab} << 56 | 12345)), PartitionId(0xab)); }

TEST(IdsTest, HashesOfNamesNeverChange) {
  EXPECT_EQ(StableHash(""), 0xc3817c016ba4ff30u);
  EXPECT_EQ(CatalogueIdOf("stations/ab-12"), CatalogueId(0x3568f49330597c51u));
}

}  // namespace
}  // namespace fenfen
