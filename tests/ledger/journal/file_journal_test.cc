// The file journal as a Journal, and what only it promises.
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "ledger/journal/posix_file.h"
#include "tests/ledger/journal/journal_conformance.h"
#include "tests/ledger/journal/journal_fixture.h"

namespace fenfen {
namespace {

class MemoryStore final : public JournalStore {
 public:
  explicit MemoryStore(size_t uncompressed_segments) { options_.uncompressed_segments = uncompressed_segments; }
  absl::StatusOr<std::unique_ptr<Journal>> Open() override { return FileJournal::Open(disk_, options_); }
  size_t transaction_bytes_max() const override { return SmallOptions().transaction_bytes_max; }

 private:
  FileJournalOptions options_ = SmallOptions();
  MemoryFileSystem disk_;
};

// A folder that goes away with its test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fenfen-journal-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Real files, with the limits that a server has.
class PosixStore final : public JournalStore {
 public:
  absl::StatusOr<std::unique_ptr<Journal>> Open() override { return FileJournal::Open(files_, {.directory = folder_.path() + "/journal"}); }
  size_t transaction_bytes_max() const override { return limits::kTransactionBytesMax; }

 private:
  TemporaryFolder folder_;
  PosixFileSystem files_;
};

INSTANTIATE_TEST_SUITE_P(FilesInMemory, JournalConformance,
                         testing::Values([]() -> std::unique_ptr<JournalStore> { return std::make_unique<MemoryStore>(0); },
                                         []() -> std::unique_ptr<JournalStore> { return std::make_unique<MemoryStore>(1); }));
INSTANTIATE_TEST_SUITE_P(Files, JournalConformance,
                         testing::Values([]() -> std::unique_ptr<JournalStore> { return std::make_unique<PosixStore>(); }));

TEST(FileJournalTest, TheDestructorMakesEverythingDurable) {
  MemoryFileSystem disk;
  auto journal = MustOpen(disk);
  Appender appender(*journal);
  for (int n = 0; n < 50; ++n) appender.Append(absl::StrCat("entry ", n));
  journal.reset();
  EXPECT_EQ(appender.acknowledged, appender.submitted);
  const auto after = disk.AfterCrash([](size_t) { return false; });
  EXPECT_EQ(Contents(*MustOpen(*after)), appender.submitted);
}

TEST(FileJournalTest, WhatArrivesDuringASyncIsTheNextGroup) {
  MemoryFileSystem disk;
  auto journal = MustOpen(disk);
  absl::Notification syncing, go_on;
  disk.SetFault([&](absl::string_view operation, const std::string& path) {
    if (operation == "sync" && path == FirstSegment() && !syncing.HasBeenNotified()) {
      syncing.Notify();
      go_on.WaitForNotification();
    }
    return absl::OkStatus();
  });
  Appender appender(*journal);
  appender.Append("alone");
  syncing.WaitForNotification();
  for (int n = 0; n < 20; ++n) appender.Append("together");
  go_on.Notify();
  ASSERT_TRUE(journal->Flush().ok());
  const std::vector<GroupPlace> groups = GroupsOf(disk);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].records.size(), 1u);
  EXPECT_EQ(groups[1].records.size(), 20u);
}

TEST(FileJournalTest, ManySegments) {
  MemoryFileSystem disk;
  std::vector<std::string> submitted;
  for (int round = 0; round < 3; ++round) {
    auto journal = MustOpen(disk);
    Appender appender(*journal);
    for (int n = 0; n < 30; ++n) appender.AppendAndFlush(std::string(100 + n * 100, static_cast<char>('a' + n % 26)));
    EXPECT_EQ(appender.acknowledged, appender.submitted);
    submitted.insert(submitted.end(), appender.submitted.begin(), appender.submitted.end());
    EXPECT_EQ(Contents(*journal), submitted);
  }
  EXPECT_TRUE(disk.Exists(SegmentPath(kDirectory, 9)));
}

TEST(FileJournalTest, MoreSegmentsThanAreKeptOpen) {
  // So few files that some dozen segments are too many.
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = std::min<rlim_t>(256, before.rlim_cur);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  MemoryFileSystem disk;
  auto journal = MustOpen(disk);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  Appender appender(*journal);
  for (int n = 0; n < 300; ++n) {
    while (!journal->Admit().ok()) absl::SleepFor(absl::Milliseconds(1));
    appender.Append(std::string(4000, static_cast<char>(n)));
  }
  ASSERT_TRUE(journal->Flush().ok());
  ASSERT_TRUE(disk.Exists(SegmentPath(kDirectory, 32 + 10)));
  for (const uint64_t step : {1, 149, 7}) {
    for (uint64_t n = 0; n < 300; ++n) {
      const uint64_t seq = n * step % 300 + 1;
      const absl::StatusOr<JournalEntry> entry = journal->Read(PartitionId(1), PartitionSeq(seq));
      ASSERT_TRUE(entry.ok()) << entry.status();
      EXPECT_EQ(entry->bytes, appender.submitted[seq - 1]);
    }
  }
}

TEST(FileJournalTest, AJournalIsOpenOnceInAProcess) {
  MemoryFileSystem disk;
  auto journal = MustOpen(disk);
  EXPECT_TRUE(absl::IsFailedPrecondition(FileJournal::Open(disk, SmallOptions()).status()));
  journal.reset();
  MustOpen(disk);
}

TEST(FileJournalTest, AJournalIsOpenInOneProcess) {
  const TemporaryFolder folder;
  FileJournalOptions options = SmallOptions();
  options.directory = folder.path();
  int opened[2], finish[2];
  ASSERT_EQ(::pipe(opened), 0);
  ASSERT_EQ(::pipe(finish), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    PosixFileSystem files;
    const auto journal = FileJournal::Open(files, options);
    char state = journal.ok() ? 'y' : 'n';
    if (::write(opened[1], &state, 1) != 1 || ::read(finish[0], &state, 1) != 1) ::_exit(1);
    ::_exit(0);  // without closing the journal: the lock goes with the process
  }
  char state = 0;
  ASSERT_EQ(::read(opened[0], &state, 1), 1);
  EXPECT_EQ(state, 'y');
  PosixFileSystem files;
  const absl::Status refused = FileJournal::Open(files, options).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  ASSERT_EQ(::write(finish[1], &state, 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  MustOpen(files, options);
  for (const int fd : {opened[0], opened[1], finish[0], finish[1]}) ::close(fd);
}

TEST(FileJournalTest, ADamagedRecordIsFoundWhenRead) {
  MemoryFileSystem disk;
  auto journal = MustOpen(disk);
  Appender appender(*journal);
  appender.AppendAndFlush("fine");
  appender.AppendAndFlush("soon damaged");
  const uint64_t offset = GroupsOf(disk)[1].records[0];
  std::string bytes = disk.Bytes(FirstSegment());
  bytes[offset + 40] ^= 1;
  disk.Put(FirstSegment(), bytes);
  EXPECT_TRUE(journal->Read(PartitionId(1), PartitionSeq(1)).ok());
  const absl::Status status = journal->Read(PartitionId(1), PartitionSeq(2)).status();
  ASSERT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_EQ(DamageOf(status)->path, FirstSegment());
  EXPECT_EQ(DamageOf(status)->offset, offset);
}

}  // namespace
}  // namespace fenfen
