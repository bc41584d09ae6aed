// Request keys: which texts are UUIDv7, and that a device's key is never one.
#include "ledger/core/request_key.h"

#include <gtest/gtest.h>

namespace fenfen {
namespace {

constexpr char kText[] = "018f3c1e-7b2a-7c3d-9e4f-0123456789ab";

TEST(RequestKeyTest, ReadsAUuidV7) {
  const std::optional<RequestKey> key = ParseUuidV7(kText);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->high, 0x018f3c1e7b2a7c3du);
  EXPECT_EQ(key->low, 0x9e4f0123456789abu);
  EXPECT_EQ(FormatRequestKey(*key), kText);
  EXPECT_EQ(TimeOfUuidV7(*key), absl::FromUnixMillis(0x018f3c1e7b2a));
  EXPECT_FALSE(IsDeviceEventKey(*key));
}

TEST(RequestKeyTest, RefusesWhatIsNotOne) {
  for (const char* text : {
           "",
           "018f3c1e-7b2a-7c3d-9e4f-0123456789a",    // too short
           "018f3c1e-7b2a-7c3d-9e4f-0123456789abc",  // too long
           "018f3c1e-7b2a-4c3d-9e4f-0123456789ab",   // version 4
           "018f3c1e-7b2a-7c3d-ce4f-0123456789ab",   // another variant
           "018f3c1e-7b2a-7c3d-1e4f-0123456789ab",   // another variant
           "018f3c1e7-b2a-7c3d-9e4f-0123456789ab",   // a hyphen astray
           "018f3c1e-7b2a-7c3d-9e4f-0123456789ag",   // no hexadecimal digit
           "{18f3c1e-7b2a-7c3d-9e4f-0123456789a}",
       }) {
    EXPECT_EQ(ParseUuidV7(text), std::nullopt) << text;
  }
}

TEST(RequestKeyTest, ADevicesKeyIsNeverAUuids) {
  const RequestKey key = DeviceEventKey(CatalogueId(0xabcdef), 17);
  EXPECT_TRUE(IsDeviceEventKey(key));
  EXPECT_EQ(FormatRequestKey(key), "devices/0000000000abcdef/events/17");
  EXPECT_NE(key, DeviceEventKey(CatalogueId(0xabcdef), 18));
  EXPECT_TRUE(IsDeviceEventKey(DeviceEventKey(CatalogueId(~uint64_t{0}), (uint64_t{1} << 62) - 1)));
}

// Golden: the worked example of docs/formats/transaction.md.
TEST(RequestKeyTest, ADerivedKeyIsStable) {
  const RequestKey key = DerivedKey(absl::FromUnixSeconds(1767196800), "voucher-expiry/72057594037927943");
  EXPECT_EQ(FormatRequestKey(key), "019b7523-3400-8045-afcb-2cd9b182db56");
  EXPECT_TRUE(IsDerivedKey(key));
  EXPECT_EQ(FormatRequestKey(DerivedKey(*ParseUuidV7(kText), "stock-take")), "018f3c1e-7b2a-87fe-a07e-614b1e0b29dc");
}

TEST(RequestKeyTest, ADerivedKeyIsNobodyElses) {
  const RequestKey from = *ParseUuidV7(kText);
  const RequestKey key = DerivedKey(from, "stock-take");
  EXPECT_EQ(ParseUuidV7(FormatRequestKey(key)), std::nullopt);
  EXPECT_FALSE(IsDeviceEventKey(key));
  EXPECT_FALSE(IsDerivedKey(from));
  EXPECT_FALSE(IsDerivedKey(DeviceEventKey(CatalogueId(0x8000), 1)));
  EXPECT_NE(key, DerivedKey(from, "stock-give"));
  EXPECT_NE(key, DerivedKey(key, "stock-take"));
  EXPECT_EQ(TimeOfUuidV7(key), TimeOfUuidV7(from)) << "so it is remembered as long";
  EXPECT_EQ(TimeOfUuidV7(DerivedKey(absl::InfinitePast(), "")), absl::UnixEpoch());
}

}  // namespace
}  // namespace fenfen
