// Reading a journal beside a server that writes it, as the independent checker does: everything durable is seen, nothing is taken for
// damage.
#include <atomic>
#include <filesystem>
#include <thread>

#include "absl/cleanup/cleanup.h"
#include "ledger/journal/posix_file.h"
#include "tests/ledger/journal/journal_fixture.h"

namespace fenfen {
namespace {

// How many records a reader finds, and how many it must.
uint64_t CountLive(FileSystem& files, const std::string& directory) {
  const auto reader = JournalReader::Open(files, directory, {.live = true});
  EXPECT_TRUE(reader.ok()) << reader.status();
  uint64_t records = 0;
  while (reader.ok()) {
    const absl::StatusOr<const Group*> group = (*reader)->Next();
    EXPECT_TRUE(group.ok()) << group.status();
    if (!group.ok() || *group == nullptr) break;
    records += (*group)->records.size();
  }
  return records;
}

void ReadBeside(FileSystem& files, const std::string& directory, size_t uncompressed_segments) {
  FileJournalOptions options = SmallOptions();
  options.directory = directory;
  options.uncompressed_segments = uncompressed_segments;
  auto journal = MustOpen(files, options);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint64_t seq = 1; !stop; ++seq) {
      while (!journal->Admit().ok()) absl::SleepFor(absl::Microseconds(50));
      journal->Append({PartitionId(1), PartitionSeq(seq), absl::FromUnixSeconds(0), std::string(seq * 37 % 4000, static_cast<char>(seq))},
                      [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
    }
  });
  const absl::Time end = absl::Now() + absl::Seconds(2);
  int rounds = 0;
  for (; absl::Now() < end || rounds < 5; ++rounds) {
    const uint64_t durable = journal->LastDurable(PartitionId(1)).value();
    EXPECT_GE(CountLive(files, directory), durable);
  }
  stop = true;
  writer.join();
  ASSERT_TRUE(journal->Flush().ok());
  EXPECT_EQ(CountLive(files, directory), journal->LastDurable(PartitionId(1)).value());
}

// A group's header may be there before all of its records.
TEST(LiveReadingTest, AGroupThatWasHalfWrittenIsWholeAtTheNextLook) {
  MemoryFileSystem disk;
  {
    auto journal = MustOpen(disk);
    Appender appender(*journal);
    appender.AppendAndFlush("fenfen");
  }
  const std::string whole = disk.Bytes(FirstSegment());
  std::string half = whole;
  half[576] ^= 1;  // a byte of the record
  disk.Put(FirstSegment(), half);
  absl::StatusOr<std::unique_ptr<File>> file = disk.OpenForRead(FirstSegment());
  ASSERT_TRUE(file.ok()) << file.status();
  const auto reader = SegmentReader::Open(*std::move(file), FirstSegment(), 1);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(absl::IsDataLoss((*reader)->Next(1).status()));
  disk.Put(FirstSegment(), whole);
  const absl::StatusOr<const Group*> group = (*reader)->Next(1);
  ASSERT_TRUE(group.ok()) << group.status();
  ASSERT_NE(*group, nullptr);
  EXPECT_EQ((*group)->records.size(), 1u);
}

TEST(LiveReadingTest, BesideFilesInMemory) {
  MemoryFileSystem disk;
  ReadBeside(disk, kDirectory, 0);
}

TEST(LiveReadingTest, BesideFiles) {
  std::string folder = (std::filesystem::temp_directory_path() / "fenfen-live-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const absl::Cleanup remove = [&] { std::filesystem::remove_all(folder); };
  PosixFileSystem files;
  ReadBeside(files, folder, 0);
}

TEST(LiveReadingTest, BesideSegmentsThatAreBeingCompressed) {
  std::string folder = (std::filesystem::temp_directory_path() / "fenfen-live-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const absl::Cleanup remove = [&] { std::filesystem::remove_all(folder); };
  PosixFileSystem files;
  ReadBeside(files, folder, 1);
}

}  // namespace
}  // namespace fenfen
