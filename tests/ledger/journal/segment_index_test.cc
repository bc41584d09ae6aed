// Golden bytes of an index file (docs/formats/journal.md, "Index"), and what it finds.
#include "ledger/journal/segment_index.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "ledger/journal/journal_index.h"
#include "tests/ledger/journal/journal_fixture.h"

namespace fenfen {
namespace {

// Segment 2, behind one group: partition 1 had one record before, partition 256 five.
JournalStart SomeStart() {
  JournalStart start{kJournalId, 2, 1, {}};
  start.last[1] = PartitionSeq(1);
  start.last[256] = PartitionSeq(5);
  return start;
}

SegmentIndex SomeIndex() {
  SegmentIndex index(SomeStart());
  index.AddGroup({{PartitionId(256), PartitionSeq(6), 544}, {PartitionId(1), PartitionSeq(2), 600}}, 656);
  index.AddGroup({{PartitionId(1), PartitionSeq(3), 688}}, 744);
  return index;
}

TEST(SegmentIndexTest, GoldenBytes) {
  const std::string bytes = SomeIndex().Encode();
  ASSERT_EQ(bytes.size(), 3136u + 12u);
  EXPECT_EQ(absl::BytesToHexString(bytes.substr(0, 48)),
            "46454e46454e5831efcdab896745230102000000e802000001000000000000000200000000000000030000005fa6b806");
  EXPECT_EQ(absl::BytesToHexString(bytes.substr(48, 36)), "000000000000000000000000010000000000000002000000000000000000000000000000");
  EXPECT_EQ(absl::BytesToHexString(bytes.substr(48 + 256 * 12, 12)), "050000000000000001000000");
  EXPECT_EQ(absl::BytesToHexString(bytes.substr(3132, 4)), "d334962c");
  EXPECT_EQ(absl::BytesToHexString(bytes.substr(3136)), "58020000b002000020020000");
}

TEST(SegmentIndexTest, TheHeadSaysWhatIsBeforeAndBehind) {
  const std::string bytes = SomeIndex().Encode();
  const std::optional<IndexHead> head = DecodeIndexHead(absl::string_view(bytes).substr(0, IndexHead::kBytes));
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(*head, SomeIndex().Head());
  EXPECT_TRUE(OffsetsHold(*head, absl::string_view(bytes).substr(IndexHead::kBytes)));
  JournalStart next = SomeStart();
  next.segment = 3;
  next.groups = 3;
  next.last[1] = PartitionSeq(3);
  next.last[256] = PartitionSeq(6);
  EXPECT_EQ(head->Next(), next);
  EXPECT_EQ(head->Rank(PartitionId(1), PartitionSeq(1)), std::nullopt);
  EXPECT_EQ(head->Rank(PartitionId(1), PartitionSeq(2)), 0u);
  EXPECT_EQ(head->Rank(PartitionId(1), PartitionSeq(3)), 1u);
  EXPECT_EQ(head->Rank(PartitionId(1), PartitionSeq(4)), std::nullopt);
  EXPECT_EQ(head->Rank(PartitionId(2), PartitionSeq(1)), std::nullopt);
  EXPECT_EQ(head->Rank(PartitionId(256), PartitionSeq(6)), 2u);
  EXPECT_EQ(head->Rank(PartitionId(257), PartitionSeq(1)), std::nullopt);
}

TEST(SegmentIndexTest, AnyOtherByteIsRefused) {
  const std::string bytes = SomeIndex().Encode();
  const absl::string_view offsets = absl::string_view(bytes).substr(IndexHead::kBytes);
  for (size_t at = 0; at < IndexHead::kBytes; ++at) {
    std::string damaged = bytes.substr(0, IndexHead::kBytes);
    damaged[at] ^= 0x20;
    EXPECT_EQ(DecodeIndexHead(damaged), std::nullopt) << at;
  }
  EXPECT_EQ(DecodeIndexHead(absl::string_view(bytes).substr(0, IndexHead::kBytes - 1)), std::nullopt);
  for (size_t at = 0; at < offsets.size(); ++at) {
    std::string damaged(offsets);
    damaged[at] ^= 0x20;
    EXPECT_FALSE(OffsetsHold(SomeIndex().Head(), damaged)) << at;
  }
  EXPECT_FALSE(OffsetsHold(SomeIndex().Head(), offsets.substr(4)));
}

// Ten segments of two groups; partition 1 is in all of them, partition 2 in every third.
TEST(JournalIndexTest, FindsEveryRecordWhetherSealedOrOpen) {
  JournalIndex index;
  std::map<std::pair<uint16_t, uint64_t>, std::pair<uint32_t, uint32_t>> places;  // to segment, offset
  uint64_t last[3] = {};
  for (uint32_t number = 1; number <= 10; ++number) {
    for (uint32_t group = 0; group < 2; ++group) {
      std::vector<IndexedRecord> records;
      for (const uint16_t partition : {1, 1, 2}) {
        if (partition == 2 && number % 3 != 0) continue;
        const uint32_t offset = 544 + 1000 * group + 40 * static_cast<uint32_t>(records.size());
        records.push_back({PartitionId(partition), PartitionSeq(++last[partition]), offset});
        places[{partition, last[partition]}] = {number, offset};
      }
      EXPECT_EQ(index.AddGroup({kJournalId, number, 16u << 10}, records, 1500 + 1000 * group), group == 0);
    }
  }
  for (uint32_t sealed = 0; sealed < 10; ++sealed) {
    EXPECT_EQ(index.LastSealed(), sealed);
    for (const auto& [name, place] : places) {
      const auto position = index.Find(PartitionId(name.first), PartitionSeq(name.second));
      ASSERT_TRUE(position.has_value());
      EXPECT_EQ(position->segment, place.first);
      EXPECT_EQ(position->sealed, place.first <= sealed);
      if (!position->sealed) {
        EXPECT_EQ(position->value, place.second);
      }
    }
    for (const uint16_t partition : {0, 1, 2, 256, 257}) {
      const uint64_t behind = partition == 1 || partition == 2 ? last[partition] + 1 : 1;
      EXPECT_FALSE(index.Find(PartitionId(partition), PartitionSeq(behind)).has_value());
      EXPECT_FALSE(index.Find(PartitionId(partition), PartitionSeq(0)).has_value());
    }
    const auto full = index.NextToSeal();
    EXPECT_EQ(full == nullptr, sealed == 9) << "the last segment may grow";
    if (full != nullptr) index.Seal(full->Head());
  }
}

TEST(JournalIndexTest, ReplayStartsAtTheFirstSegmentThatHoldsSomethingNew) {
  JournalIndex index;
  EXPECT_EQ(index.StartFor({}), JournalStart());
  for (uint32_t number = 1; number <= 4; ++number) {
    index.AddGroup({kJournalId, number, 16u << 10}, {{PartitionId(static_cast<uint16_t>(number)), PartitionSeq(1), 544}}, 600);
  }
  while (const auto full = index.NextToSeal()) index.Seal(full->Head());
  SequenceVector after{};
  EXPECT_EQ(index.StartFor(after).segment, 1u);
  after[2] = PartitionSeq(1);
  EXPECT_EQ(index.StartFor(after).segment, 1u);
  after[1] = PartitionSeq(7);
  EXPECT_EQ(index.StartFor(after).segment, 3u);
  EXPECT_EQ(index.StartFor(after).groups, 2u);
  EXPECT_EQ(index.StartFor(after).last[2], PartitionSeq(1));
  EXPECT_EQ(index.StartFor(after).last[3], PartitionSeq(0));
  after[3] = after[4] = PartitionSeq(1);
  EXPECT_EQ(index.StartFor(after).segment, 4u) << "the open segment";
}

}  // namespace
}  // namespace fenfen
