// Golden bytes of the journal's form (docs/formats/journal.md, "Example"), and its small parts.
#include "ledger/journal/segment.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "tests/ledger/journal/journal_fixture.h"

namespace fenfen {
namespace {

TEST(SegmentTest, GoldenBytes) {
  MemoryFileSystem disk;
  {
    auto journal = MustOpen(disk);
    Appender appender(*journal);
    appender.AppendAndFlush("fenfen");
  }
  const std::string bytes = disk.Bytes(FirstSegment());
  ASSERT_EQ(bytes.size(), 16u << 10);
  // The header: magic and version, journal id, number, size; its checksum.
  EXPECT_EQ(absl::BytesToHexString(bytes.substr(0, 24)), "46454e46454e4a31efcdab89674523010100000000400000");
  EXPECT_TRUE(segment::AllZero(absl::string_view(bytes).substr(24, 484)));
  EXPECT_EQ(absl::BytesToHexString(bytes.substr(508, 4)), "8e68fb2d");
  // A group of one: header, record, trailer.
  EXPECT_EQ(absl::BytesToHexString(bytes.substr(512, 32)), "46475250a51795c9010000000000000050000000010000000000000000000000");
  EXPECT_EQ(absl::BytesToHexString(bytes.substr(544, 40)),
            "a46686d0060000000100000020000000010000000000000000401e18240a060066656e66656e0000");
  EXPECT_EQ(absl::BytesToHexString(bytes.substr(584, 8)), "feffffffffffffff");
  EXPECT_TRUE(segment::AllZero(absl::string_view(bytes).substr(592)));
}

TEST(SegmentTest, FileNames) {
  EXPECT_EQ(segment::FileName(1), "00000001.seg");
  EXPECT_EQ(segment::FileName(123'456'789), "123456789.seg");
  for (const uint32_t number : {1u, 99'999'999u, 100'000'000u, 4'294'967'295u}) {
    EXPECT_EQ(segment::NumberOf(segment::FileName(number)), number);
  }
  for (const char* name :
       {"", "LOCK", ".seg", "1.seg", "00000000.seg", "00000001.seg.tmp", "00000001", "+0000001.seg", "000000001.seg", "4294967296.seg"}) {
    EXPECT_EQ(segment::NumberOf(name), std::nullopt) << name;
  }
}

TEST(SegmentTest, AGroupHeaderLiesInOneSector) {
  for (uint64_t offset = 0; offset < 4096; offset += 8) {
    const uint64_t start = segment::GroupStart(offset);
    EXPECT_GE(start, offset);
    EXPECT_LE(start - offset, 24u);
    EXPECT_EQ(start / 512, (start + segment::kGroupHeaderBytes - 1) / 512);
  }
}

TEST(SegmentTest, ZeroSectorsAreCountedAsFarAsTheyLieWithin) {
  EXPECT_EQ(segment::ZeroSectors(0, ""), 0u);
  EXPECT_EQ(segment::ZeroSectors(8, std::string(504, '\0')), 1u);
  EXPECT_EQ(segment::ZeroSectors(8, std::string(505, '\0')), 2u);
  EXPECT_EQ(segment::ZeroSectors(504, std::string(8, 'x') + std::string(512, '\0') + "x"), 1u);
  EXPECT_EQ(segment::ZeroSectors(0, std::string(511, '\0') + "x" + std::string(512, '\0')), 1u);
}

TEST(SegmentTest, AHeaderWithAnyOtherByteIsRefused) {
  const segment::Header header{kJournalId, 7, 4096};
  const std::string bytes = segment::EncodeHeader(header);
  EXPECT_EQ(segment::DecodeHeader(bytes), header);
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] ^= 0x40;
    EXPECT_EQ(segment::DecodeHeader(damaged), std::nullopt) << at;
  }
  EXPECT_EQ(segment::DecodeHeader(bytes.substr(0, 511)), std::nullopt);
}

}  // namespace
}  // namespace fenfen
