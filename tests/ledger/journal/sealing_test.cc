// Full segments: their indexes and compressed forms, and the journal that reads them.
#include "ledger/journal/sealing.h"

#include "tests/ledger/journal/sealing_fixture.h"

namespace fenfen {
namespace {

TEST(SealingTest, FullSegmentsGetAnIndexAndAllButTheNewestAreCompressed) {
  MemoryFileSystem disk;
  const auto book = Fill(disk, 40, 2);
  const FileJournalMetrics metrics = book->journal->Metrics();
  EXPECT_EQ(metrics.groups, 40u);
  EXPECT_EQ(metrics.entries, 40u);
  EXPECT_EQ(metrics.syncs, 40u);
  EXPECT_GT(metrics.bytes, 40u * 1000u);
  EXPECT_EQ(metrics.last_group_entries, 1u);
  EXPECT_EQ(metrics.queued_bytes, 0u);
  ASSERT_GE(metrics.segments_sealed, 3u);
  EXPECT_EQ(metrics.segments_compressed, metrics.segments_sealed - 2);
  for (uint32_t number = 1; number <= metrics.segments; ++number) {
    SCOPED_TRACE(number);
    const bool sealed = number <= metrics.segments_sealed;
    const bool compressed = number <= metrics.segments_compressed;
    EXPECT_EQ(disk.Exists(SegmentPath(kDirectory, number, segment::kIndexEnding)), sealed);
    EXPECT_EQ(disk.Exists(SegmentPath(kDirectory, number, segment::kCompressedEnding)), compressed);
    EXPECT_EQ(disk.Exists(SegmentPath(kDirectory, number)), !compressed);
  }
  book->ExpectHoldsAll();
  book->Reopen();
  book->ExpectHoldsAll();
  EXPECT_EQ(book->journal->Metrics().segments_compressed, metrics.segments_compressed);
}

TEST(SealingTest, NothingIsCompressedUnlessAskedFor) {
  MemoryFileSystem disk;
  const auto book = Fill(disk, 40, 0);
  EXPECT_GE(book->journal->Metrics().segments_sealed, 3u);
  EXPECT_EQ(book->journal->Metrics().segments_compressed, 0u);
  EXPECT_TRUE(disk.Exists(FirstSegment()));
  book->ExpectHoldsAll();
}

TEST(SealingTest, OpeningReadsTheHeadsAndTheLastSegmentAlone) {
  MemoryFileSystem disk;
  auto book = Fill(disk, 200, 0);
  const uint64_t sealed = book->journal->Metrics().segments_sealed;
  ASSERT_GE(sealed, 15u);
  uint64_t reads = 0;
  disk.WatchReads();
  disk.SetFault([&](absl::string_view operation, const std::string& path) {
    if (operation != "read") return absl::OkStatus();
    // Of a sealed segment the header alone, and of its index the head: one read each.
    const auto number = segment::NumberOf(path.substr(sizeof kDirectory));
    if (number && *number <= sealed) ++reads;
    return absl::OkStatus();
  });
  book->Reopen();
  EXPECT_EQ(reads, sealed);
  reads = 0;
  // A snapshot that covers all but the last segments lets Replay begin there.
  SequenceVector after{};
  for (uint16_t p = 0; p < kPartitions; ++p) after[p] = book->journal->LastDurable(PartitionId(p));
  int visited = 0;
  ASSERT_TRUE(book->journal->Replay(after, [&](const JournalEntry&) { return ++visited, absl::OkStatus(); }).ok());
  EXPECT_EQ(visited, 0);
  EXPECT_EQ(reads, 0u);
  disk.SetFault(nullptr);
  book->ExpectHoldsAll();
}

TEST(SealingTest, ReplayGoesOnFromAnyPlace) {
  for (const size_t uncompressed : {0, 1}) {
    MemoryFileSystem disk;
    const auto book = Fill(disk, 60, uncompressed);
    for (size_t from = 0; from <= 60; ++from) {
      SequenceVector after{};
      std::vector<std::string> expected;
      for (size_t n = 0; n < 60; ++n) {
        if (n < from) {
          after[book->partitions[n]] = PartitionSeq(after[book->partitions[n]].value() + 1);
        } else {
          expected.push_back(book->appended[n]);
        }
      }
      std::vector<std::string> replayed, in_batches;
      EXPECT_TRUE(book->journal->Replay(after, [&](const JournalEntry& e) { return replayed.push_back(e.bytes), absl::OkStatus(); }).ok());
      EXPECT_TRUE(book->journal
                      ->ReplayBatches(after,
                                      [&](const std::shared_ptr<const JournalBatch>& batch) {
                                        for (const JournalEntryView& e : batch->entries) in_batches.emplace_back(e.bytes);
                                        return absl::OkStatus();
                                      })
                      .ok());
      EXPECT_EQ(replayed, expected) << from;
      EXPECT_EQ(in_batches, expected) << from;
    }
  }
}

TEST(SealingTest, AnIndexThatIsMissingOrDamagedIsMadeAnew) {
  MemoryFileSystem disk;
  auto book = Fill(disk, 60, 1);
  const uint32_t sealed = static_cast<uint32_t>(book->journal->Metrics().segments_sealed);
  for (uint32_t number = 1; number <= sealed; ++number) {
    const std::string path = SegmentPath(kDirectory, number, segment::kIndexEnding);
    const std::string index = disk.Bytes(path);
    const std::string other = disk.Bytes(SegmentPath(kDirectory, number % sealed + 1, segment::kIndexEnding));
    std::string flipped = index;
    flipped[100] ^= 4;
    for (const std::string& damaged : {std::string(), index.substr(0, 200), index.substr(0, index.size() - 4), flipped, other}) {
      SCOPED_TRACE(absl::StrCat("index ", number, " of ", damaged.size(), " bytes"));
      book->journal.reset();
      disk.Put(path, damaged);
      book->Reopen();
      book->ExpectHoldsAll();
      EXPECT_EQ(disk.Bytes(path), index);
    }
    book->journal.reset();
    ASSERT_TRUE(disk.Remove(path).ok());
    book->Reopen();
    book->ExpectHoldsAll();
    book->journal->RunOnce();
    EXPECT_EQ(disk.Bytes(path), index);
  }
}

TEST(SealingTest, ADamagedOffsetIsFoundWhereItIsUsedAndMended) {
  MemoryFileSystem disk;
  auto book = Fill(disk, 30, 1);
  const std::string path = SegmentPath(kDirectory, 1, segment::kIndexEnding);
  const std::string index = disk.Bytes(path);
  for (size_t at = IndexHead::kBytes; at < index.size(); ++at) {
    std::string damaged = index;
    damaged[at] ^= static_cast<char>(1 << (at % 8));
    disk.Put(path, damaged);
    book->ExpectHoldsAll();
    EXPECT_EQ(disk.Bytes(path), index);
  }
  ASSERT_TRUE(disk.Remove(path).ok());
  book->Reopen();
  book->ExpectHoldsAll();
}

TEST(SealingTest, DamageInASealedSegmentIsFoundWhereItIsRead) {
  MemoryFileSystem disk;
  auto book = Fill(disk, 30, 0);
  std::string bytes = disk.Bytes(FirstSegment());
  const uint64_t record = GroupsOf(disk)[1].records[0];
  bytes[record + 40] ^= 1;
  disk.Put(FirstSegment(), bytes);
  book->Reopen();
  const absl::Status read = book->journal->Read(PartitionId(book->partitions[1]), PartitionSeq(1)).status();
  const absl::Status replayed = book->journal->Replay([](const JournalEntry&) { return absl::OkStatus(); });
  for (const absl::Status& status : {read, replayed}) {
    ASSERT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_EQ(DamageOf(status)->path, FirstSegment());
    EXPECT_EQ(DamageOf(status)->offset, record);
  }
}

TEST(SealingTest, DamageInACompressedSegmentNamesFileAndOffset) {
  MemoryFileSystem disk;
  auto book = Fill(disk, 30, 1);
  book->options.block_cache_bytes = 0;
  book->Reopen();
  const std::string path = SegmentPath(kDirectory, 1, segment::kCompressedEnding);
  const std::string whole = disk.Bytes(path);
  for (size_t at = compressed::HeadBytes(1); at < whole.size(); at += 3) {
    std::string bytes = whole;
    bytes[at] ^= 8;
    disk.Put(path, bytes);
    const absl::Status read = book->journal->Read(PartitionId(book->partitions[0]), PartitionSeq(1)).status();
    const absl::Status replayed = book->journal->Replay([](const JournalEntry&) { return absl::OkStatus(); });
    for (const absl::Status& status : {read, replayed}) {
      ASSERT_TRUE(absl::IsDataLoss(status)) << status;
      EXPECT_EQ(DamageOf(status)->path, path);
      EXPECT_EQ(DamageOf(status)->offset, compressed::HeadBytes(1));
    }
    EXPECT_EQ(disk.Bytes(path), bytes);
  }
  book->journal.reset();
  // The head and the first block are looked at when the journal is opened.
  for (const size_t at : {20, 60}) {
    std::string bytes = whole;
    bytes[at] ^= 8;
    disk.Put(path, bytes);
    const absl::Status status = FileJournal::Open(disk, SealingOptions(1)).status();
    ASSERT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_EQ(DamageOf(status)->path, path);
  }
}

TEST(SealingTest, ASealedSegmentThatIsNotThereOrAnothersIsDamage) {
  for (const size_t uncompressed : {0, 1}) {
    MemoryFileSystem disk;
    auto book = Fill(disk, 60, uncompressed);
    book->journal.reset();
    const absl::string_view ending = uncompressed == 0 ? segment::kEnding : segment::kCompressedEnding;
    for (const uint32_t number : {1, 2, 3}) {
      const auto damaged = disk.Copy();
      ASSERT_TRUE(damaged->Remove(SegmentPath(kDirectory, number, ending)).ok());
      const absl::Status status = FileJournal::Open(*damaged, SealingOptions(uncompressed)).status();
      ASSERT_TRUE(absl::IsDataLoss(status)) << status;
      EXPECT_EQ(DamageOf(status)->path, SegmentPath(kDirectory, number));
      damaged->Put(SegmentPath(kDirectory, number, ending), disk.Bytes(SegmentPath(kDirectory, number + 1, ending)));
      EXPECT_TRUE(absl::IsDataLoss(FileJournal::Open(*damaged, SealingOptions(uncompressed)).status()));
    }
  }
}

TEST(SealingTest, AJournalWhoseEndIsMissingIsDamage) {
  MemoryFileSystem disk;
  auto book = Fill(disk, 60, 1);
  const FileJournalMetrics metrics = book->journal->Metrics();
  book->journal.reset();
  const auto last = static_cast<uint32_t>(metrics.segments_compressed);
  for (uint32_t number = last + 1; number <= metrics.segments; ++number) ASSERT_TRUE(disk.Remove(SegmentPath(kDirectory, number)).ok());
  EXPECT_TRUE(absl::IsDataLoss(FileJournal::Open(disk, SealingOptions(1)).status()));
  for (uint32_t number = 1; number <= metrics.segments_sealed; ++number) {
    ASSERT_TRUE(disk.Remove(SegmentPath(kDirectory, number, segment::kIndexEnding)).ok());
  }
  const absl::Status status = FileJournal::Open(disk, SealingOptions(1)).status();
  ASSERT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_EQ(DamageOf(status)->path, SegmentPath(kDirectory, last, segment::kCompressedEnding));
}

TEST(SealingTest, ThreadsOfItsOwnSealAndCompressToo) {
  MemoryFileSystem disk;
  FileJournalOptions options = SealingOptions(1);
  options.own_threads = true;
  auto journal = MustOpen(disk, options);
  Appender appender(*journal);
  for (int n = 0; n < 100; ++n) {
    while (!journal->Admit().ok()) absl::SleepFor(absl::Milliseconds(1));
    appender.Append(std::string(2000, static_cast<char>('a' + n % 26)));
    const uint64_t seq = static_cast<uint64_t>(n) / 2;
    const absl::Status status = journal->Read(PartitionId(1), PartitionSeq(seq)).status();
    EXPECT_TRUE(status.ok() || absl::IsNotFound(status)) << status;
  }
  ASSERT_TRUE(journal->Flush().ok());
  while (journal->Metrics().segments_compressed + 1 < journal->Metrics().segments_sealed || journal->Metrics().segments_sealed < 8) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_EQ(Contents(*journal), appender.submitted);
  journal.reset();
  EXPECT_EQ(Contents(*MustOpen(disk, options)), appender.submitted);
}

}  // namespace
}  // namespace fenfen
