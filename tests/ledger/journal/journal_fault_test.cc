// The file journal on a disk that fails, fills up or is slow.
#include "tests/ledger/journal/journal_fixture.h"

namespace fenfen {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Reason ReasonOf(const absl::Status& status) { return status.ok() ? Reason::REASON_UNSPECIFIED : RefusalOf(status).reason; }

TEST(JournalFaultTest, AFailedSyncStopsWritesForGood) {
  for (const std::string failing : {"write", "sync"}) {
    SCOPED_TRACE(failing);
    MemoryFileSystem disk;
    FileJournalOptions options = SmallOptions();
    std::vector<absl::Status> reports;
    options.report = [&](const absl::Status& status) { reports.push_back(status); };
    auto journal = MustOpen(disk, options);
    Appender appender(*journal);
    appender.AppendAndFlush("kept");

    int faults = 0;
    int after_fault = 0;
    disk.SetFault([&](absl::string_view operation, const std::string& path) {
      if (path != FirstSegment()) return absl::OkStatus();
      if (faults > 0) ++after_fault;
      if (operation != failing) return absl::OkStatus();
      ++faults;
      return absl::UnavailableError("EIO");
    });
    appender.AppendAndFlush("in doubt");
    EXPECT_EQ(ReasonOf(appender.flushed), Reason::REASON_JOURNAL_FAILED);
    EXPECT_EQ(ReasonOf(journal->Admit()), Reason::REASON_JOURNAL_FAILED);
    disk.SetFault(nullptr);
    appender.AppendAndFlush("too late");
    EXPECT_THAT(appender.acknowledged, ElementsAre("kept"));
    EXPECT_THAT(appender.failed, ElementsAre("in doubt", "too late"));
    EXPECT_EQ(faults, 1) << "tried again";
    EXPECT_EQ(after_fault, 0) << "written after a failure";
    EXPECT_THAT(Contents(*journal), testing::Contains("kept"));
    EXPECT_EQ(journal->LastDurable(PartitionId(1)), PartitionSeq(1));
    journal.reset();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0], absl::UnavailableError("EIO"));
  }
}

// A start clears away a group that a crash left in part, and its fdatasync fails. The next start reads the zeros that memory has, and the
// disk has not.
TEST(JournalFaultTest, WhatAStartClearedAwayInVainIsClearedAwayByTheNext) {
  MemoryFileSystem disk;
  {
    auto journal = MustOpen(disk);
    Appender(*journal).AppendAndFlush("kept");
    // One group, so long that sectors behind its header's hold all of the second record.
    std::vector<JournalEntry> entries;
    for (const uint64_t seq : {2, 3, 4}) entries.push_back({PartitionId(1), PartitionSeq(seq), absl::UnixEpoch(), std::string(1000, 'x')});
    journal->AppendAll(std::move(entries), [](const absl::Status&) {});
    ASSERT_TRUE(journal->Flush().ok());
  }
  // As a crash could have left it: without its first sector.
  const uint64_t begin = GroupsOf(disk).back().begin;
  std::string bytes = disk.Bytes(FirstSegment());
  bytes.replace(begin, 512 - begin % 512, 512 - begin % 512, '\0');
  disk.Put(FirstSegment(), bytes);
  disk.SetFault([](absl::string_view operation, const std::string& path) {
    return operation == "sync" && path == FirstSegment() ? absl::UnavailableError("EIO") : absl::OkStatus();
  });
  EXPECT_FALSE(FileJournal::Open(disk, SmallOptions()).ok());
  disk.SetFault(nullptr);
  {
    auto journal = MustOpen(disk);
    Appender appender(*journal);
    appender.AppendAndFlush("after");
    EXPECT_THAT(appender.acknowledged, ElementsAre("after"));
  }
  const std::unique_ptr<MemoryFileSystem> after = disk.AfterCrash([](size_t) { return false; });
  EXPECT_THAT(Contents(*MustOpen(*after)), ElementsAre("kept", "after"));
}

TEST(JournalFaultTest, WhatWasReadAfterAFailedSyncIsMadeDurableBeforeItIsServed) {
  MemoryFileSystem disk;
  {
    auto journal = MustOpen(disk);
    Appender appender(*journal);
    appender.AppendAndFlush("kept");
    disk.SetFault([](absl::string_view operation, const std::string& path) {
      return operation == "sync" && path == FirstSegment() ? absl::UnavailableError("EIO") : absl::OkStatus();
    });
    appender.AppendAndFlush("in doubt");
    EXPECT_THAT(appender.failed, ElementsAre("in doubt"));
    disk.SetFault(nullptr);
  }
  // The process starts again; the page cache still shows the entry, though the disk never got it.
  EXPECT_THAT(Contents(*MustOpen(*disk.AfterCrash([](size_t) { return false; }))), ElementsAre("kept"));
  EXPECT_THAT(Contents(*MustOpen(disk)), ElementsAre("kept", "in doubt"));
  EXPECT_THAT(Contents(*MustOpen(*disk.AfterCrash([](size_t) { return false; }))), ElementsAre("kept", "in doubt"));
}

TEST(JournalFaultTest, AFullDiskRefusesBeforeAnythingIsLostAndResumes) {
  MemoryFileSystem disk;
  FileJournalOptions options = SmallOptions();
  disk.SetCapacity(3 * options.segment_bytes);
  std::vector<absl::Status> reports;
  options.report = [&](const absl::Status& status) { reports.push_back(status); };
  auto journal = MustOpen(disk, options);
  Appender appender(*journal);
  absl::Status admitted;
  while ((admitted = journal->Admit()).ok() || ReasonOf(admitted) == Reason::REASON_OVERLOADED) {
    if (admitted.ok()) appender.AppendAndFlush(std::string(1000, 'x'));
    ASSERT_LT(appender.submitted.size(), 100u);
  }
  EXPECT_EQ(ReasonOf(admitted), Reason::REASON_STORAGE_FULL);
  EXPECT_TRUE(RefusalOf(admitted).retry_delay.has_value());
  EXPECT_EQ(appender.acknowledged, appender.submitted);
  EXPECT_EQ(Contents(*journal), appender.submitted) << "reads go on";
  EXPECT_TRUE(journal->Read(PartitionId(1), PartitionSeq(1)).ok());

  disk.SetCapacity(uint64_t{1} << 30);
  while (!journal->Admit().ok()) absl::SleepFor(absl::Milliseconds(1));
  for (int n = 0; n < 40; ++n) appender.AppendAndFlush(std::string(1000, 'y'));
  EXPECT_EQ(appender.acknowledged, appender.submitted);
  EXPECT_EQ(Contents(*journal), appender.submitted);
  journal.reset();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_TRUE(absl::IsResourceExhausted(reports[0]));
}

TEST(JournalFaultTest, WhatWasAdmittedTogetherWaitsForRoom) {
  MemoryFileSystem disk;
  FileJournalOptions options = SmallOptions();
  disk.SetCapacity(options.segment_bytes);
  auto journal = MustOpen(disk, options);
  ASSERT_TRUE(journal->Admit().ok());
  // More than one caller was admitted at once, and together they need more than the room there is.
  Appender appender(*journal);
  for (int n = 0; n < 12; ++n) appender.Append(std::string(4000, 'x'));
  while (ReasonOf(journal->Admit()) != Reason::REASON_STORAGE_FULL) absl::SleepFor(absl::Milliseconds(1));
  disk.SetCapacity(uint64_t{1} << 30);
  ASSERT_TRUE(journal->Flush().ok());
  EXPECT_EQ(appender.acknowledged, appender.submitted);
}

TEST(JournalFaultTest, ClosingOnAFullDiskTellsWhoWaits) {
  MemoryFileSystem disk;
  FileJournalOptions options = SmallOptions();
  disk.SetCapacity(options.segment_bytes);
  auto journal = MustOpen(disk, options);
  Appender appender(*journal);
  for (int n = 0; n < 12; ++n) appender.Append(std::string(4000, 'x'));
  journal.reset();
  EXPECT_EQ(appender.acknowledged.size() + appender.failed.size(), 12u);
  EXPECT_FALSE(appender.failed.empty());
  EXPECT_EQ(Contents(*MustOpen(disk)), appender.acknowledged);
}

TEST(JournalFaultTest, ANewJournalWithoutRoomIsRefused) {
  MemoryFileSystem disk;
  disk.SetCapacity(1000);
  EXPECT_TRUE(absl::IsResourceExhausted(FileJournal::Open(disk, SmallOptions()).status()));
  disk.SetCapacity(uint64_t{1} << 30);
  EXPECT_THAT(Contents(*MustOpen(disk)), IsEmpty());
}

TEST(JournalFaultTest, ADiskThatCannotMakeASegmentStopsWrites) {
  MemoryFileSystem disk;
  auto journal = MustOpen(disk);
  disk.SetFault(
      [](absl::string_view, const std::string& path) { return path == FirstSegment() ? absl::OkStatus() : absl::UnavailableError("EIO"); });
  Appender appender(*journal);
  while (appender.failed.empty() && appender.submitted.size() < 100) appender.AppendAndFlush(std::string(3000, 'x'));
  EXPECT_FALSE(appender.failed.empty());
  EXPECT_EQ(ReasonOf(journal->Admit()), Reason::REASON_JOURNAL_FAILED);
  disk.SetFault(nullptr);
  journal.reset();
  EXPECT_EQ(Contents(*MustOpen(disk)), appender.acknowledged);
}

TEST(JournalFaultTest, ASlowDiskFillsTheQueueAndShedsLoad) {
  MemoryFileSystem disk;
  FileJournalOptions options = SmallOptions();
  options.queue_bytes_max = 5'000;
  auto journal = MustOpen(disk, options);
  // The second segment first, so that room is no reason to refuse.
  while (!disk.Exists(SegmentPath(kDirectory, 2))) absl::SleepFor(absl::Milliseconds(1));
  absl::Notification go_on;
  disk.SetFault([&](absl::string_view operation, const std::string&) {
    if (operation == "sync") go_on.WaitForNotification();
    return absl::OkStatus();
  });
  Appender appender(*journal);
  absl::Status admitted;
  while ((admitted = journal->Admit()).ok()) {
    appender.Append(std::string(1000, 'x'));
    ASSERT_LE(appender.submitted.size(), 6u);
  }
  EXPECT_EQ(ReasonOf(admitted), Reason::REASON_OVERLOADED);
  EXPECT_EQ(RefusalOf(admitted).retry_delay, limits::kRetryDelayWhenBusy);
  go_on.Notify();
  ASSERT_TRUE(journal->Flush().ok());
  EXPECT_TRUE(journal->Admit().ok());
  EXPECT_EQ(appender.acknowledged, appender.submitted);
}

}  // namespace
}  // namespace fenfen
