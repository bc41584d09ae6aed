// The file BEGINNING: its bytes, and that nothing else is taken for it.
#include "ledger/journal/beginning.h"

#include "absl/strings/escaping.h"
#include "ledger/core/crc32c.h"
#include "tests/ledger/journal/journal_fixture.h"

namespace fenfen {
namespace {

// The example of docs/formats/journal.md.
JournalBeginning Example() {
  JournalBeginning beginning;
  beginning.start.journal_id = kJournalId;
  beginning.start.segment = 3;
  beginning.start.groups = 3;
  beginning.start.last[1] = PartitionSeq(3);
  beginning.start.last[256] = PartitionSeq(6);
  beginning.cover.number = 9;
  for (std::string& digest : beginning.cover.sha256) digest = std::string(32, '\x11');
  beginning.cover.sequences[1] = PartitionSeq(4);
  beginning.cover.sequences[256] = PartitionSeq(6);
  return beginning;
}

std::string Hex(const std::string& bytes, size_t offset, size_t size) { return absl::BytesToHexString(bytes.substr(offset, size)); }

std::string Path() { return absl::StrCat(kDirectory, "/", JournalBeginning::kFile); }

TEST(BeginningTest, GoldenBytes) {
  const std::string bytes = EncodeBeginning(Example());
  ASSERT_EQ(bytes.size(), 12380u);
  EXPECT_EQ(Hex(bytes, 0, 24), "46454e46454e4231efcdab89674523010300000000000000");
  EXPECT_EQ(Hex(bytes, 24, 16), "03000000000000000900000000000000");
  const std::string digest = Hex(std::string(32, '\x11'), 0, 32);
  EXPECT_EQ(Hex(bytes, 40, 48), "00000000000000000000000000000000" + digest);
  EXPECT_EQ(Hex(bytes, 88, 48), "03000000000000000400000000000000" + digest);
  EXPECT_EQ(Hex(bytes, 12328, 48), "06000000000000000600000000000000" + digest);
  EXPECT_EQ(Hex(bytes, 12376, 4), "ee5320ef") << "crc";
  EXPECT_EQ(DecodeBeginning(bytes), Example());
}

TEST(BeginningTest, EveryFlippedBitIsFound) {
  const std::string bytes = EncodeBeginning(Example());
  for (size_t byte = 0; byte < bytes.size(); ++byte) {
    std::string flipped = bytes;
    flipped[byte] = static_cast<char>(flipped[byte] ^ (1 << byte % 8));
    EXPECT_EQ(DecodeBeginning(flipped), std::nullopt) << byte;
  }
}

TEST(BeginningTest, WhatCannotBeIsNotTaken) {
  const auto decode = [](const std::function<void(JournalBeginning&)>& change) {
    JournalBeginning beginning = Example();
    change(beginning);
    return DecodeBeginning(EncodeBeginning(beginning));
  };
  EXPECT_TRUE(decode([](JournalBeginning&) {}));
  EXPECT_FALSE(decode([](JournalBeginning& b) { b.start.segment = 1; })) << "nothing was archived";
  EXPECT_FALSE(decode([](JournalBeginning& b) { b.start.journal_id = 0; }));
  EXPECT_FALSE(decode([](JournalBeginning& b) { b.cover.number = 0; })) << "no snapshot";
  EXPECT_FALSE(decode([](JournalBeginning& b) { b.cover.sequences[1] = PartitionSeq(2); })) << "a snapshot that does not reach it";
}

TEST(BeginningTest, IsReadWholeOrRefusedWithItsName) {
  MemoryFileSystem disk;
  EXPECT_EQ(ReadBeginning(disk, kDirectory).value(), std::nullopt);
  ASSERT_TRUE(WriteBeginning(disk, kDirectory, Example()).ok());
  EXPECT_EQ(ReadBeginning(disk, kDirectory).value(), Example());
  const std::string bytes = EncodeBeginning(Example());
  for (const size_t size : {size_t{0}, size_t{1}, size_t{512}, bytes.size() - 1}) {
    disk.Put(Path(), bytes.substr(0, size));
    const absl::Status torn = ReadBeginning(disk, kDirectory).status();
    ASSERT_TRUE(DamageOf(torn)) << torn;
    EXPECT_EQ(DamageOf(torn)->path, Path());
    EXPECT_EQ(DamageOf(torn)->offset, size);
  }
  for (const std::string& damaged : {bytes + "x", std::string(bytes.size(), '\0'), "x" + bytes.substr(1)}) {
    disk.Put(Path(), damaged);
    const absl::Status status = ReadBeginning(disk, kDirectory).status();
    ASSERT_TRUE(DamageOf(status)) << status;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("the journal's beginning does not hold"));
    // Nothing is opened on the strength of it, nor made anew.
    EXPECT_EQ(FileJournal::Open(disk, SmallOptions()).status(), status);
    EXPECT_EQ(JournalReader::Open(disk, kDirectory, {.at_beginning = true}).status(), status);
    EXPECT_EQ(disk.List(kDirectory)->size(), 1u);
  }
}

}  // namespace
}  // namespace fenfen
