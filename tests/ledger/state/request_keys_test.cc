// One effect a key, within the remembered window; never a second one beyond it.
#include "ledger/state/request_keys.h"

#include <gtest/gtest.h>

#include "ledger/core/limits.h"

namespace fenfen {
namespace {

using Verdict = RequestKeys::Verdict;

// A UUIDv7 key of a time.
RequestKey At(absl::Time time, uint64_t low) {
  return {static_cast<uint64_t>(absl::ToUnixMillis(time)) << 16 | 0x7000, uint64_t{2} << 62 | low};
}

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

TEST(RequestKeys, TellsTheSameFromAnother) {
  RequestKeys keys;
  EXPECT_EQ(keys.Find(At(kNow, 1), 10).verdict, Verdict::kNew);
  keys.Add(At(kNow, 1), 10, PartitionSeq(7));
  EXPECT_EQ(keys.Find(At(kNow, 1), 10).verdict, Verdict::kSame);
  EXPECT_EQ(keys.Find(At(kNow, 1), 10).seq, PartitionSeq(7));
  EXPECT_EQ(keys.Find(At(kNow, 1), 11).verdict, Verdict::kOther);
  EXPECT_EQ(keys.Find(At(kNow, 2), 10).verdict, Verdict::kNew);
}

TEST(RequestKeys, KeepsClientKeysForTheWindowAndForgetsThemAfter) {
  RequestKeys keys;
  for (int day = 0; day < 100; ++day) {
    const absl::Time time = kNow + absl::Hours(24 * day);
    keys.Add(At(time, 1), 1, PartitionSeq(day + 1));
    const absl::Time oldest = time - limits::kRequestKeyAgeMax;
    if (oldest >= kNow) {
      EXPECT_EQ(keys.Find(At(oldest, 1), 1).verdict, Verdict::kSame) << day;
    }
  }
  EXPECT_EQ(keys.Find(At(kNow, 1), 1).verdict, Verdict::kForgotten);
  EXPECT_EQ(keys.size(), 47u);
}

TEST(RequestKeys, KeepsDerivedKeysAsLongAsClientsOfTheirTime) {
  RequestKeys keys;
  const RequestKey derived = DerivedKey(At(kNow, 1), "stock-take");
  keys.Add(At(kNow, 1), 1, PartitionSeq(1));
  keys.Add(derived, 2, PartitionSeq(2));
  EXPECT_EQ(keys.Find(derived, 2).seq, PartitionSeq(2));
  keys.Add(At(kNow + limits::kRequestKeyAgeMax, 1), 1, PartitionSeq(3));
  EXPECT_EQ(keys.Find(derived, 2).verdict, Verdict::kSame);
  keys.Add(At(kNow + limits::kRequestKeyAgeMax + absl::Hours(72), 1), 1, PartitionSeq(4));
  EXPECT_EQ(keys.Find(derived, 2).verdict, Verdict::kForgotten) << "and never taken as new";
}

TEST(RequestKeys, KeepsADevicesLatestAndNeverTakesAForgottenOneAsNew) {
  RequestKeys keys;
  const CatalogueId device(5);
  for (uint64_t n = 1; n <= 1000; ++n) {
    ASSERT_EQ(keys.Find(DeviceEventKey(device, n), n).verdict, Verdict::kNew);
    keys.Add(DeviceEventKey(device, n), n, PartitionSeq(n));
    ASSERT_EQ(keys.Find(DeviceEventKey(device, n), n).verdict, Verdict::kSame);
    ASSERT_NE(keys.Find(DeviceEventKey(device, 1), 1).verdict, Verdict::kNew) << n;
  }
  EXPECT_LE(keys.size(), limits::kDeviceWindow);
  EXPECT_EQ(keys.Find(DeviceEventKey(device, 1), 1).verdict, Verdict::kForgotten);
  EXPECT_EQ(keys.Find(DeviceEventKey(device, 980), 979).verdict, Verdict::kOther);
  EXPECT_EQ(keys.Find(DeviceEventKey(CatalogueId(6), 1), 1).verdict, Verdict::kNew) << "another device's numbers are its own";
}

TEST(RequestKeys, TakesADevicesNumbersInAnyOrderWithinTheWindow) {
  RequestKeys keys;
  const CatalogueId device(5);
  for (const uint64_t n : {9, 3, 7, 1, 8}) keys.Add(DeviceEventKey(device, n), n, PartitionSeq(n));
  for (const uint64_t n : {1, 3, 7, 8, 9}) EXPECT_EQ(keys.Find(DeviceEventKey(device, n), n).seq, PartitionSeq(n));
  EXPECT_EQ(keys.Find(DeviceEventKey(device, 2), 2).verdict, Verdict::kNew);
}

}  // namespace
}  // namespace fenfen
