// The stored forms' integers: golden bytes, one encoding a value, and a reader that never runs past its bytes.
#include "ledger/core/bytes.h"

#include <gtest/gtest.h>

#include <limits>

#include "absl/strings/escaping.h"

namespace fenfen {
namespace {

template <typename Write>
std::string Hex(Write write) {
  std::string out;
  ByteWriter w(out);
  write(w);
  return absl::BytesToHexString(out);
}
std::string Unhex(absl::string_view hex) { return absl::HexStringToBytes(hex); }

TEST(BytesTest, GoldenBytes) {
  EXPECT_EQ(Hex([](ByteWriter& w) { w.U8(0xab); }), "ab");
  EXPECT_EQ(Hex([](ByteWriter& w) { w.U64(0x0102030405060708); }), "0807060504030201");
  EXPECT_EQ(Hex([](ByteWriter& w) { w.Varint(0); }), "00");
  EXPECT_EQ(Hex([](ByteWriter& w) { w.Varint(127); }), "7f");
  EXPECT_EQ(Hex([](ByteWriter& w) { w.Varint(128); }), "8001");
  EXPECT_EQ(Hex([](ByteWriter& w) { w.Varint(300); }), "ac02");
  EXPECT_EQ(Hex([](ByteWriter& w) { w.Varint(std::numeric_limits<uint64_t>::max()); }), "ffffffffffffffffff01");
  EXPECT_EQ(Hex([](ByteWriter& w) { w.Zigzag(0); }), "00");
  EXPECT_EQ(Hex([](ByteWriter& w) { w.Zigzag(-1); }), "01");
  EXPECT_EQ(Hex([](ByteWriter& w) { w.Zigzag(1); }), "02");
  EXPECT_EQ(Hex([](ByteWriter& w) { w.Zigzag(-150); }), "ab02");
  EXPECT_EQ(Hex([](ByteWriter& w) { w.Zigzag(std::numeric_limits<int64_t>::min()); }), "ffffffffffffffffff01");
  EXPECT_EQ(Hex([](ByteWriter& w) { w.Bytes("分"); }), "03e58886");
}

TEST(BytesTest, ReadsWhatItWrites) {
  const uint64_t unsigned_values[] = {0, 1, 127, 128, 16383, 16384, uint64_t{1} << 53, uint64_t{1} << 63, ~uint64_t{0}};
  const int64_t signed_values[] = {0, 1, -1, 63, -64, 64, -65, std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()};
  std::string out;
  ByteWriter w(out);
  for (const uint64_t value : unsigned_values) w.Varint(value);
  for (const int64_t value : signed_values) w.Zigzag(value);
  w.U64(42);
  out += Unhex("01020304");
  w.Bytes("");
  w.Bytes("bytes");
  w.U8(7);
  ByteReader in(out);
  for (const uint64_t value : unsigned_values) EXPECT_EQ(in.Varint(), value);
  for (const int64_t value : signed_values) EXPECT_EQ(in.Zigzag(), value);
  EXPECT_EQ(in.U64(), 42u);
  EXPECT_EQ(in.U32(), 0x04030201u);
  EXPECT_EQ(in.Bytes(), "");
  EXPECT_EQ(in.Bytes(), "bytes");
  EXPECT_EQ(in.left(), 1u);
  EXPECT_FALSE(in.Finished());
  EXPECT_EQ(in.U8(), 7);
  EXPECT_TRUE(in.Finished());
}

TEST(BytesTest, OneValueHasOneEncoding) {
  for (const char* hex : {"8000", "808000", "ffffffffffffffffff02", "ffffffffffffffffff81", "80808080808080808000"}) {
    const std::string bytes = Unhex(hex);
    ByteReader in(bytes);
    EXPECT_EQ(in.Varint(), 0u);
    EXPECT_TRUE(in.failed()) << hex;
  }
}

TEST(BytesTest, AFailedReaderStaysFailedAndReadsZeros) {
  const std::string bytes = Unhex("01020304050607");
  ByteReader in(bytes);
  EXPECT_EQ(in.U64(), 0u);
  EXPECT_TRUE(in.failed());
  EXPECT_EQ(in.U8(), 0);
  EXPECT_EQ(in.Varint(), 0u);
  EXPECT_EQ(in.Bytes(), "");
  EXPECT_EQ(in.Count(), 0u);
  EXPECT_FALSE(in.Finished());
}

TEST(BytesTest, ANumberThatIsCutOffFails) {
  const std::string bytes = Unhex("ffffff");
  ByteReader number(bytes);
  EXPECT_EQ(number.U32(), 0u);
  EXPECT_TRUE(number.failed());
  ByteReader varint(bytes);
  EXPECT_EQ(varint.Varint(), 0u);
  EXPECT_TRUE(varint.failed());
  ByteReader nothing("");
  EXPECT_EQ(nothing.Varint(), 0u);
  EXPECT_TRUE(nothing.failed());
}

TEST(BytesTest, ALengthOrCountBeyondTheBytesFails) {
  for (const char* hex : {"05aabbcc", "ffffffffffffffffff01", "80"}) {
    const std::string bytes = Unhex(hex);
    ByteReader as_bytes(bytes);
    EXPECT_EQ(as_bytes.Bytes(), "");
    EXPECT_TRUE(as_bytes.failed()) << hex;
    ByteReader as_count(bytes);
    EXPECT_EQ(as_count.Count(), 0u);
    EXPECT_TRUE(as_count.failed()) << hex;
  }
}

}  // namespace
}  // namespace fenfen
