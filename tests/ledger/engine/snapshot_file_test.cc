// The form of a snapshot file: golden bytes, and what is not one.
#include "ledger/engine/snapshot_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ledger/state/memory_state.h"
#include "ledger/state/partition_form.h"
#include "tests/ledger/journal/memory_file_system.h"

namespace fenfen {
namespace {

constexpr char kPath[] = "snapshots/00000001.snap";

// An empty ledger's, but for partition 7 which holds one record.
std::string Written(MemoryFileSystem& disk) {
  SnapshotWriter writer(*disk.Create(kPath), {0x0123456789abcdef, 1, absl::FromUnixSeconds(1'700'000'000)});
  MemoryState state;
  PartitionContents contents;
  contents.partition = PartitionId(7);
  contents.last = PartitionSeq(2);
  contents.records = {{{RecordKind::kHousehold, 10'000'001}, PartitionSeq(2), "record"}};
  EXPECT_TRUE(state.Load(contents).ok());
  for (uint16_t p = 0; p < kPartitions; ++p) EXPECT_TRUE(writer.AddPartition(state.Save(PartitionId(p))).ok());
  EXPECT_TRUE(writer.AddMemos({{"catalogue", "memo"}}).ok());
  EXPECT_TRUE(writer.Finish().ok());
  EXPECT_EQ(writer.bytes(), disk.Bytes(kPath).size());
  return disk.Bytes(kPath);
}

std::string Hex(absl::string_view bytes) { return absl::BytesToHexString(bytes); }

TEST(SnapshotFile, GoldenBytes) {
  MemoryFileSystem disk;
  const std::string bytes = Written(disk);
  // docs/formats/snapshot.md shows these.
  EXPECT_EQ(Hex(bytes.substr(0, 40)), "46454e46454e5331efcdab8967452301010000000000000000401e18240a06002ab0003800000000");
  const size_t table = bytes.size() - 24 - kSnapshotSections * 64;
  EXPECT_EQ(Hex(bytes.substr(40, 7)), "01000000000000") << "partition 0, with nothing in it";
  EXPECT_EQ(Hex(bytes.substr(89, 24)), "0107020101819698000000000002067265636f7264000000") << "partition 7";
  EXPECT_EQ(Hex(bytes.substr(table - 16, 16)), "0109636174616c6f677565046d656d6f") << "the memos";
  EXPECT_EQ(Hex(bytes.substr(table + size_t{7} * 64, 64)),
            "590000000000000018000000000000000200000000000000a7c1551f00000000"
            "5c15dd23bd9c04edcd6606f65e86ea67f5994842bfcf8d8b8e6494cfd4f9f167");
  EXPECT_EQ(Hex(bytes.substr(table + kSnapshotSections * 64)), "d107000000000000152b9e3d0000000046454e46454e5345");
}

TEST(SnapshotFile, ReadsWhatWasWritten) {
  MemoryFileSystem disk;
  Written(disk);
  const auto reader = SnapshotReader::Open(*disk.OpenForRead(kPath), kPath);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->header(), (SnapshotHeader{0x0123456789abcdef, 1, absl::FromUnixSeconds(1'700'000'000)}));
  const absl::StatusOr<StoredMemos> memos = (*reader)->ReadMemos();
  ASSERT_TRUE(memos.ok()) << memos.status();
  EXPECT_EQ(memos->memos.size(), 1u);
  EXPECT_EQ(memos->Find("catalogue"), "memo");
  EXPECT_EQ(memos->Find("other"), std::nullopt);
  std::string buffer;
  const auto bytes = (*reader)->Read(7, buffer);
  ASSERT_TRUE(bytes.ok());
  const auto contents = DecodePartition(*bytes);
  ASSERT_TRUE(contents.ok()) << contents.status();
  EXPECT_EQ(contents->records[0].bytes, "record");
  EXPECT_EQ((*reader)->table()[7].seq, PartitionSeq(2));
  EXPECT_EQ((*reader)->table()[7].sha256, DigestOf(*contents));
}

TEST(SnapshotFile, ASectionInAnothersPlaceDoesNotPass) {
  MemoryFileSystem disk;
  std::string bytes = Written(disk);
  const auto reader = SnapshotReader::Open(*disk.OpenForRead(kPath), kPath);
  const SnapshotTable table = (*reader)->table();
  ASSERT_EQ(table[20].bytes, table[21].bytes);
  const std::string twenty = bytes.substr(table[20].offset, table[20].bytes);
  bytes.replace(table[21].offset, table[21].bytes, twenty);
  disk.Put(kPath, bytes);
  std::string buffer;
  const absl::Status status = (*reader)->Read(21, buffer).status();
  EXPECT_EQ(status.message(), absl::StrCat(kPath, ": damaged at byte ", table[21].offset, ": partition 21: the checksum does not hold"));
}

}  // namespace
}  // namespace fenfen
