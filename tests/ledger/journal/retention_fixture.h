// The vocabulary of the tests about archived segments: a journal of full segments whose entries are old, and an archive beside it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ledger/core/clock.h"
#include "ledger/journal/beginning.h"
#include "tests/ledger/journal/sealing_fixture.h"

namespace fenfen {

inline constexpr char kArchive[] = "archive";
inline constexpr absl::Duration kRetention = absl::Hours(24 * 400);
// Of every entry that a Book writes.
inline const absl::Time kWritten = absl::FromUnixSeconds(1'700'000'000);

inline FileJournalOptions RetentionOptions(const Clock& clock) {
  FileJournalOptions options = SealingOptions(1);
  options.archive_directory = kArchive;
  options.retention = kRetention;
  options.clock = &clock;
  return options;
}

// A snapshot of everything up to these sequence numbers.
inline SnapshotCover CoverOf(const std::map<uint16_t, uint64_t>& last, uint64_t number = 7) {
  SnapshotCover cover;
  cover.number = number;
  for (const auto& [partition, seq] : last) cover.sequences[partition] = PartitionSeq(seq);
  for (uint16_t p = 0; p < kPartitions; ++p) cover.sha256[p] = std::string(32, static_cast<char>('a' + p % 26));
  return cover;
}

// Every entry, archived or not, in order.
inline std::vector<std::string> WholeContents(FileSystem& disk) {
  std::vector<std::string> contents;
  const auto reader = JournalReader::Open(disk, kDirectory, {.archive = kArchive});
  EXPECT_TRUE(reader.ok()) << reader.status();
  while (reader.ok()) {
    const absl::StatusOr<const Group*> group = (*reader)->Next();
    EXPECT_TRUE(group.ok()) << group.status();
    if (!group.ok() || *group == nullptr) break;
    for (const segment::Record& record : (*group)->records) contents.emplace_back(record.bytes);
  }
  return contents;
}

// Where a segment's files of one kind are.
inline bool InJournal(const MemoryFileSystem& disk, uint32_t number, const char* ending = segment::kCompressedEnding) {
  return disk.Exists(SegmentPath(kDirectory, number, ending));
}
inline bool InArchive(const MemoryFileSystem& disk, uint32_t number, const char* ending = segment::kCompressedEnding) {
  return disk.Exists(SegmentPath(kArchive, number, ending));
}
inline std::vector<std::string> NamesIn(MemoryFileSystem& disk, const char* folder) { return disk.List(folder).value(); }
inline std::string BeginningPath() { return absl::StrCat(kDirectory, "/", JournalBeginning::kFile); }

// A journal of some eight segments, all but the last two compressed; nothing is archived yet, since no snapshot is known.
inline std::unique_ptr<Book> FillOld(MemoryFileSystem& disk, const Clock& clock) {
  auto book = std::make_unique<Book>(disk, RetentionOptions(clock));
  for (int n = 0; n < 80; ++n) book->Append();
  EXPECT_EQ(book->acknowledged, 80u);
  return book;
}

}  // namespace fenfen
