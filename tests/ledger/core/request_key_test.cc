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

}  // namespace
}  // namespace fenfen
