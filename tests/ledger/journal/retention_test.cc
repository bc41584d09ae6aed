// Old segments go to the archive, when they may and not before; what is left reads as before, and says where the rest is.
#include <set>

#include "absl/time/clock.h"
#include "ledger/journal/archiving.h"
#include "ledger/journal/sealing.h"
#include "tests/ledger/journal/retention_fixture.h"

namespace fenfen {
namespace {

using testing::HasSubstr;

class RetentionTest : public testing::Test {
 protected:
  // The snapshot holds everything, and all is old: what may go goes.
  void ArchiveAll() {
    clock_.Set(kWritten + kRetention + absl::Hours(1));
    book_->journal->Covered(CoverOf(book_->last));
    book_->journal->RunOnce();
  }
  uint64_t First() const { return book_->journal->Metrics().first_segment; }

  MemoryFileSystem disk_;
  ManualClock clock_{kWritten};
  std::unique_ptr<Book> book_ = FillOld(disk_, clock_);
};

TEST_F(RetentionTest, WhatIsOldAndCoveredIsMoved) {
  const uint64_t compressed = book_->journal->Metrics().segments_compressed;
  ASSERT_GE(compressed, 4u);
  ArchiveAll();
  EXPECT_EQ(First(), compressed + 1);
  EXPECT_EQ(book_->journal->Metrics().segments_archived, compressed);
  for (uint32_t number = 1; number <= compressed; ++number) {
    for (const char* ending : {segment::kCompressedEnding, segment::kIndexEnding}) {
      EXPECT_FALSE(InJournal(disk_, number, ending)) << number << ending;
      EXPECT_TRUE(InArchive(disk_, number, ending)) << number << ending;
    }
  }
  EXPECT_EQ(WholeContents(disk_), book_->appended);
  const auto beginning = ReadBeginning(disk_, kDirectory);
  ASSERT_TRUE(beginning.ok() && *beginning);
  EXPECT_EQ((*beginning)->start.segment, compressed + 1);
  EXPECT_EQ((*beginning)->start.journal_id, kJournalId);
  EXPECT_EQ((*beginning)->cover, CoverOf(book_->last));
}

TEST_F(RetentionTest, WhatIsYoungStays) {
  book_->journal->Covered(CoverOf(book_->last));
  book_->journal->RunOnce();
  EXPECT_EQ(First(), 1u);
  clock_.Set(kWritten + kRetention);
  book_->journal->RunOnce();
  EXPECT_EQ(First(), 1u);
  EXPECT_FALSE(disk_.Exists(BeginningPath()));
  clock_.Advance(absl::Microseconds(1));
  book_->journal->RunOnce();
  EXPECT_GT(First(), 4u);
}

TEST_F(RetentionTest, WhatAStartMayNeedStays) {
  clock_.Set(kWritten + 2 * kRetention);
  book_->journal->RunOnce();
  EXPECT_EQ(First(), 1u) << "no snapshot";
  // The snapshot lacks the last entry of the third segment.
  const IndexHead third = *ReadIndexHead(disk_, kDirectory, 3);
  std::map<uint16_t, uint64_t> within;
  for (uint16_t p = 0; p < kPartitions; ++p) within[p] = third.Next().last[p].value();
  for (auto& [partition, seq] : within) {
    if (third.records_of(PartitionId(partition)) == 0) continue;
    --seq;
    break;
  }
  book_->journal->Covered(CoverOf(within));
  book_->journal->RunOnce();
  EXPECT_EQ(First(), 3u);
  // A start from that very snapshot works.
  SequenceVector after{};
  for (const auto& [partition, seq] : within) after[partition] = PartitionSeq(seq);
  size_t replayed = 0;
  EXPECT_TRUE(book_->journal->Replay(after, [&](const JournalEntry&) { return ++replayed, absl::OkStatus(); }).ok());
  EXPECT_GT(replayed, 10u);
  book_->Reopen();
  EXPECT_EQ(First(), 3u);
  EXPECT_TRUE(book_->journal->Replay(after, [](const JournalEntry&) { return absl::OkStatus(); }).ok());
}

TEST_F(RetentionTest, WithoutRetentionNothingGoes) {
  book_->options.retention = absl::ZeroDuration();
  book_->Reopen();
  ArchiveAll();
  EXPECT_EQ(First(), 1u);
  book_->ExpectHoldsAll();
}

TEST_F(RetentionTest, AnArchivedEntryIsRefusedByItsFile) {
  ArchiveAll();
  for (int opening = 0; opening < 2; ++opening) {
    std::map<uint16_t, uint64_t> seqs;
    std::set<std::string> files;
    for (size_t n = 0; n < book_->appended.size(); ++n) {
      const PartitionId partition(book_->partitions[n]);
      const PartitionSeq seq(++seqs[partition.value()]);
      const absl::StatusOr<JournalEntry> entry = book_->journal->Read(partition, seq);
      if (entry.ok()) {
        EXPECT_EQ(entry->bytes, book_->appended[n]);
        continue;
      }
      ASSERT_EQ(RefusalOf(entry.status()).reason, Reason::REASON_ENTRY_ARCHIVED) << entry.status();
      EXPECT_EQ(book_->journal->Locate(partition, seq).status(), entry.status());
      const std::string file = RefusalOf(entry.status()).facts.at(0).second;
      files.insert(file);
      // It is really there.
      const IndexHead head = *ReadIndexHead(disk_, kArchive, *segment::NumberOf(file, segment::kCompressedEnding));
      EXPECT_TRUE(head.Rank(partition, seq)) << file;
    }
    EXPECT_EQ(files.size(), First() - 1);
    EXPECT_TRUE(absl::IsNotFound(book_->journal->Read(PartitionId(7), PartitionSeq(99)).status()));
    EXPECT_TRUE(absl::IsNotFound(book_->journal->Read(PartitionId(7), PartitionSeq(0)).status()));
    book_->Reopen();
  }
  // Without the archive at hand, by all the files that it can be.
  for (const std::string& name : NamesIn(disk_, kArchive)) ASSERT_TRUE(disk_.Remove(absl::StrCat(kArchive, "/", name)).ok());
  EXPECT_THAT(std::string(book_->journal->Read(PartitionId(0), PartitionSeq(1)).status().message()), HasSubstr("00000001.seg.zst–"));
}

TEST_F(RetentionTest, AReplayThatNeedsTheArchiveSaysSo) {
  ArchiveAll();
  for (int opening = 0; opening < 2; ++opening) {
    const absl::Status status = book_->journal->Replay([](const JournalEntry&) { return absl::OkStatus(); });
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    for (const char* said : {"begins with segment", "is archived in archive", "Snapshot 7 or a newer one"}) {
      EXPECT_THAT(std::string(status.message()), HasSubstr(said));
    }
    EXPECT_EQ(book_->journal->ReplayBatches({}, [](std::shared_ptr<const JournalBatch>) { return absl::OkStatus(); }), status);
    EXPECT_EQ(JournalReader::Open(disk_, kDirectory, {}).status().code(), absl::StatusCode::kFailedPrecondition);
    book_->Reopen();
  }
}

TEST_F(RetentionTest, TheJournalGoesOnAndIsReadFromItsBeginning) {
  ArchiveAll();
  const size_t archived = book_->journal->Metrics().first_segment;
  for (int n = 0; n < 40; ++n) book_->Append();
  EXPECT_EQ(book_->acknowledged, 120u);
  EXPECT_LE(First(), archived + 2) << "the snapshot is what it was";
  book_->journal->Covered(CoverOf(book_->last, 8));
  book_->journal->RunOnce();
  EXPECT_GT(First(), archived + 2);
  book_->Reopen();
  book_->Append();
  EXPECT_EQ(WholeContents(disk_), book_->appended);
  const auto reader = JournalReader::Open(disk_, kDirectory, {.at_beginning = true});
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->beginning()->start.segment, First());
  size_t read = 0;
  while (true) {
    const absl::StatusOr<const Group*> group = (*reader)->Next();
    ASSERT_TRUE(group.ok()) << group.status();
    if (*group == nullptr) break;
    for (const segment::Record& record : (*group)->records) {
      EXPECT_EQ(record.bytes, book_->appended[(*group)->number - 1]);
      ++read;
    }
  }
  EXPECT_GT(read, 10u);
}

TEST_F(RetentionTest, ADamagedSegmentIsNotPutAway) {
  std::vector<absl::Status> reports;
  book_->options.report = [&](const absl::Status& status) { reports.push_back(status); };
  book_->Reopen();
  const std::string path = SegmentPath(kDirectory, 2, segment::kCompressedEnding);
  std::string bytes = disk_.Bytes(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  disk_.Put(path, bytes);
  ArchiveAll();
  EXPECT_EQ(First(), 2u);
  EXPECT_TRUE(InJournal(disk_, 2));
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(DamageOf(reports[0])->path, path);
  book_->Append();
  EXPECT_EQ(reports.size(), 1u);
}

TEST_F(RetentionTest, BroughtBackItIsTheWholeJournalAgain) {
  ArchiveAll();
  const uint64_t first = First();
  for (const std::string& name : NamesIn(disk_, kArchive)) {
    disk_.Put(absl::StrCat(kDirectory, "/", name), disk_.Bytes(absl::StrCat(kArchive, "/", name)));
  }
  book_->journal.reset();
  ASSERT_TRUE(disk_.Remove(BeginningPath()).ok());
  book_->Reopen();
  EXPECT_EQ(First(), 1u);
  book_->ExpectHoldsAll();
  // And goes again, to where its equal is.
  ArchiveAll();
  EXPECT_EQ(First(), first);
  EXPECT_EQ(WholeContents(disk_), book_->appended);
  for (uint32_t number = 1; number < first; ++number) EXPECT_NE(InJournal(disk_, number), InArchive(disk_, number));
}

TEST_F(RetentionTest, AnotherFileInTheArchiveIsNeverWrittenOver) {
  std::vector<absl::Status> reports;
  book_->options.report = [&](const absl::Status& status) { reports.push_back(status); };
  book_->Reopen();
  const std::string path = SegmentPath(kArchive, 2, segment::kCompressedEnding);
  for (const char* other : {"another file", ""}) {
    disk_.Put(path, other);
    const std::string here = disk_.Bytes(SegmentPath(kDirectory, 2, segment::kCompressedEnding));
    ArchiveAll();
    EXPECT_EQ(disk_.Bytes(path), other);
    EXPECT_EQ(disk_.Bytes(SegmentPath(kDirectory, 2, segment::kCompressedEnding)), here);
    ASSERT_FALSE(reports.empty());
    EXPECT_EQ(DamageOf(reports.back())->path, path);
    EXPECT_EQ(First(), 3u) << "the segment is before the beginning already";
    book_->Reopen();
    book_->Append();
  }
  // Once a person has cleared that up, the next opening finishes it.
  ASSERT_TRUE(disk_.Remove(path).ok());
  book_->Reopen();
  book_->journal->RunOnce();
  EXPECT_TRUE(InArchive(disk_, 2));
  EXPECT_EQ(WholeContents(disk_), book_->appended);
}

TEST_F(RetentionTest, TheArchiveIsNoOtherJournalsNorTheJournalItself) {
  std::vector<absl::Status> reports;
  book_->options.report = [&](const absl::Status& status) { reports.push_back(status); };
  const std::unique_ptr<FileLock> others = *disk_.Lock("archive/LOCK");
  for (const char* archive : {kArchive, kDirectory}) {
    book_->options.archive_directory = archive;
    book_->Reopen();
    ArchiveAll();
    EXPECT_EQ(First(), 1u);
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].code(), absl::StatusCode::kFailedPrecondition);
    reports.clear();
    book_->ExpectHoldsAll();
  }
}

TEST_F(RetentionTest, WithoutASegmentAtItsBeginningItIsNoNewJournal) {
  ArchiveAll();
  book_->journal.reset();
  for (const std::string& name : NamesIn(disk_, kDirectory)) {
    if (name != JournalBeginning::kFile) {
      ASSERT_TRUE(disk_.Remove(absl::StrCat(kDirectory, "/", name)).ok());
    }
  }
  EXPECT_TRUE(absl::IsDataLoss(FileJournal::Open(disk_, book_->options).status()));
}

TEST_F(RetentionTest, AReaderBesideTheServerIsToldThatTheRestWentAway) {
  clock_.Set(kWritten + kRetention + absl::Hours(1));
  const auto alone = JournalReader::Open(disk_, kDirectory, {.live = true, .at_beginning = true});
  const auto with_archive = JournalReader::Open(disk_, kDirectory, {.live = true, .archive = kArchive});
  ASSERT_TRUE((*alone)->Next().ok() && (*with_archive)->Next().ok());
  ArchiveAll();
  absl::Status status;
  while (status.ok()) {
    const absl::StatusOr<const Group*> group = (*alone)->Next();
    status = group.status();
    ASSERT_TRUE(!group.ok() || *group != nullptr) << "it is not the end";
  }
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  size_t read = 1;
  while (*(*with_archive)->Next() != nullptr) ++read;
  EXPECT_EQ(read, book_->appended.size());
}

// With the journal's own threads, beside readers and a writer.
TEST(RetentionThreadsTest, BesideReadersAndAWriter) {
  MemoryFileSystem disk;
  ManualClock clock(kWritten);
  auto book = FillOld(disk, clock);
  book->options.own_threads = true;
  book->Reopen();
  clock.Set(kWritten + 2 * kRetention);
  book->journal->Covered(CoverOf(book->last));
  Appender appender(*book->journal);
  constexpr uint64_t kSome = 3;
  const absl::Time until = absl::Now() + absl::Seconds(60);
  while (book->journal->Metrics().segments_archived < kSome && absl::Now() < until) {
    appender.Append("meanwhile");
    for (const uint16_t partition : {0, 7, 14, 21}) {
      const absl::StatusOr<JournalEntry> entry = book->journal->Read(PartitionId(partition), PartitionSeq(1));
      EXPECT_TRUE(entry.ok() || RefusalOf(entry.status()).reason == Reason::REASON_ENTRY_ARCHIVED) << entry.status();
    }
    EXPECT_TRUE(book->journal->Flush().ok());
    absl::SleepFor(absl::Milliseconds(1));  // the worker takes only what nobody else wants
  }
  EXPECT_GE(book->journal->Metrics().segments_archived, kSome);
  EXPECT_EQ(appender.acknowledged.size(), appender.submitted.size());
  book->journal.reset();
  const std::vector<std::string> whole = WholeContents(disk);
  EXPECT_TRUE(IsPrefix(book->appended, whole));
  EXPECT_EQ(whole.size(), book->appended.size() + appender.submitted.size());
}

}  // namespace
}  // namespace fenfen
