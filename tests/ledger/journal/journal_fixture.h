// The vocabulary of the file journal's tests: a small journal on a MemoryFileSystem.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "ledger/core/errors.h"
#include "ledger/journal/file_journal.h"
#include "ledger/journal/journal_reader.h"
#include "ledger/journal/segment_files.h"
#include "tests/ledger/journal/memory_file_system.h"

namespace fenfen {

inline constexpr char kDirectory[] = "journal";
inline constexpr uint64_t kJournalId = 0x0123456789abcdefu;

inline FileJournalOptions SmallOptions() {
  FileJournalOptions options;
  options.directory = kDirectory;
  options.segment_bytes = 16u << 10;
  options.transaction_bytes_max = 4u << 10;
  options.group_bytes_max = 8u << 10;
  options.queue_bytes_max = 64u << 10;
  options.uncompressed_segments = 0;  // tests of compression set it
  options.room_retry_delay = absl::Milliseconds(5);
  options.new_journal_id = kJournalId;
  return options;
}

inline std::string FirstSegment() { return SegmentPath(kDirectory, 1); }

// Opens; the test goes on only if that works.
inline std::unique_ptr<FileJournal> MustOpen(FileSystem& disk, FileJournalOptions options = SmallOptions()) {
  absl::StatusOr<std::unique_ptr<FileJournal>> journal = FileJournal::Open(disk, std::move(options));
  EXPECT_TRUE(journal.ok()) << journal.status();
  return journal.ok() ? *std::move(journal) : nullptr;
}

// Everything in partition 1, in order.
inline std::vector<std::string> Contents(Journal& journal) {
  std::vector<std::string> contents;
  const absl::Status status = journal.Replay([&](const JournalEntry& entry) {
    contents.push_back(entry.bytes);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  return contents;
}

// Appends to partition 1, numbering by itself, and collects who was told OK and who was not.
class Appender {
 public:
  explicit Appender(Journal& journal) : journal_(journal), last_(journal.LastDurable(PartitionId(1)).value()) {}

  void Append(const std::string& bytes) {
    submitted.push_back(bytes);
    journal_.Append({PartitionId(1), PartitionSeq(++last_), absl::FromUnixSeconds(1'700'000'000), bytes},
                    [this, bytes](const absl::Status& status) { (status.ok() ? acknowledged : failed).push_back(bytes); });
  }
  // One group by itself.
  void AppendAndFlush(const std::string& bytes) {
    Append(bytes);
    flushed = journal_.Flush();
  }

  // Who was told OK so far, from any thread.
  std::vector<std::string> AcknowledgedNow() {
    absl::MutexLock held(&mutex_);
    return acknowledged;
  }

  std::vector<std::string> submitted;
  // After a Flush.
  std::vector<std::string> acknowledged;
  std::vector<std::string> failed;
  absl::Status flushed;

 private:
  Journal& journal_;
  uint64_t last_;
  absl::Mutex mutex_;
};

inline bool IsPrefix(const std::vector<std::string>& shorter, const std::vector<std::string>& longer) {
  return shorter.size() <= longer.size() && std::equal(shorter.begin(), shorter.end(), longer.begin());
}

// Counts a journal's groups: their first bytes and ends, of one segment.
struct GroupPlace {
  uint64_t begin;
  uint64_t end;
  std::vector<uint64_t> records;  // their offsets
};
inline std::vector<GroupPlace> GroupsOf(FileSystem& disk) {
  std::vector<GroupPlace> places;
  const auto reader = JournalReader::Open(disk, kDirectory, {});
  EXPECT_TRUE(reader.ok()) << reader.status();
  while (true) {
    const absl::StatusOr<const Group*> group = (*reader)->Next();
    EXPECT_TRUE(group.ok()) << group.status();
    if (!group.ok() || *group == nullptr) return places;
    GroupPlace place{(*group)->offset, (*group)->offset + (*group)->bytes, {}};
    for (const segment::Record& record : (*group)->records) place.records.push_back(record.offset);
    places.push_back(std::move(place));
  }
}

}  // namespace fenfen
