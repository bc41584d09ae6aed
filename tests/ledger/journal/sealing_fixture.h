// The vocabulary of the tests about full segments: a journal without threads of its own, so that everything happens in one order.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/ledger/journal/journal_fixture.h"

namespace fenfen {

inline FileJournalOptions SealingOptions(size_t uncompressed_segments) {
  FileJournalOptions options = SmallOptions();
  options.own_threads = false;
  options.uncompressed_segments = uncompressed_segments;
  return options;
}

// A journal and what was appended to it, to partitions 0, 7 … 256 in turn.
struct Book {
  Book(MemoryFileSystem& disk_in, FileJournalOptions options_in) : disk(disk_in), options(std::move(options_in)) { Reopen(); }

  void Reopen() {
    journal.reset();
    journal = MustOpen(disk, options);
  }
  // One group by itself; then the journal does what its threads would do.
  void Append() {
    const auto partition = static_cast<uint16_t>(appended.size() * 7 % 259 % kPartitions);
    std::string bytes = absl::StrCat("entry ", appended.size(), " ");
    while (bytes.size() < 1000 + appended.size() % 5 * 200) absl::StrAppend(&bytes, bytes.size() * appended.size(), ",");
    appended.push_back(bytes);
    partitions.push_back(partition);
    journal->Append({PartitionId(partition), PartitionSeq(++last[partition]), absl::FromUnixSeconds(1'700'000'000), std::move(bytes)},
                    [this](const absl::Status& status) { acknowledged += status.ok() ? 1 : 0; });
    journal->Flush().IgnoreError();
    journal->RunOnce();
  }
  void ExpectHoldsAll() {
    EXPECT_EQ(Contents(*journal), appended);
    std::map<uint16_t, uint64_t> seqs;
    for (size_t n = 0; n < appended.size(); ++n) {
      const absl::StatusOr<JournalEntry> entry = journal->Read(PartitionId(partitions[n]), PartitionSeq(++seqs[partitions[n]]));
      ASSERT_TRUE(entry.ok()) << entry.status();
      EXPECT_EQ(entry->bytes, appended[n]);
    }
  }

  MemoryFileSystem& disk;
  FileJournalOptions options;
  std::vector<std::string> appended;
  std::vector<uint16_t> partitions;
  std::map<uint16_t, uint64_t> last;
  size_t acknowledged = 0;
  std::unique_ptr<FileJournal> journal;
};

inline std::unique_ptr<Book> Fill(MemoryFileSystem& disk, int entries, size_t uncompressed) {
  auto book = std::make_unique<Book>(disk, SealingOptions(uncompressed));
  for (int n = 0; n < entries; ++n) book->Append();
  EXPECT_EQ(book->acknowledged, static_cast<size_t>(entries));
  return book;
}

}  // namespace fenfen
