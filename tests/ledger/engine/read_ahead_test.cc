// ReadAhead gives what the journal gives, entry by entry, and asks it seldom.
#include "ledger/engine/read_ahead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/ledger/engine/manual_journal.h"

namespace fenfen {
namespace {

constexpr PartitionId kSeven{7};

// Entries of the test's making, and how they were asked for.
class AskedJournal final : public ManualJournal {
 public:
  void Put(PartitionId partition, uint64_t entries, size_t bytes = 100) {
    for (uint64_t seq = 1; seq <= entries; ++seq) entries_[{partition, PartitionSeq(seq)}] = Text(partition, seq, bytes);
    last_[partition] = PartitionSeq(entries);
  }
  static std::string Text(PartitionId partition, uint64_t seq, size_t bytes = 100) {
    std::string text = absl::StrCat(partition.value(), ":", seq, " ");
    text.resize(std::max(bytes, text.size()), 'x');
    return text;
  }

  absl::StatusOr<JournalEntry> Read(PartitionId partition, PartitionSeq seq) override {
    absl::MutexLock lock(&mutex_);
    ++asked_;
    if (!trouble_.ok()) return trouble_;
    const auto found = entries_.find({partition, seq});
    if (found == entries_.end()) return absl::NotFoundError("no such entry");
    return JournalEntry{partition, seq, absl::UnixEpoch(), found->second};
  }
  absl::Status ReadRanges(const std::vector<Range>& ranges, Visitor visitor) override {
    std::vector<JournalEntry> found;
    {
      absl::MutexLock lock(&mutex_);
      ++asked_;
      if (!trouble_.ok()) return trouble_;
      size_t bytes = 0;
      for (const Range& range : ranges) {
        for (auto entry = entries_.lower_bound({range.partition, range.first});
             entry != entries_.end() && entry->first <= std::pair(range.partition, range.last); ++entry) {
          found.push_back({entry->first.first, entry->first.second, absl::UnixEpoch(), entry->second});
          bytes += entry->second.size();
        }
      }
      longest_ = std::max(longest_, bytes);
    }
    for (JournalEntry& entry : found) {
      if (absl::Status status = visitor(std::move(entry)); !status.ok()) return status;
    }
    return absl::OkStatus();
  }
  PartitionSeq LastDurable(PartitionId partition) const override {
    const auto found = last_.find(partition);
    return found == last_.end() ? PartitionSeq(0) : found->second;
  }

  void Remove(PartitionId partition, uint64_t seq) { entries_.erase({partition, PartitionSeq(seq)}); }
  void SetTrouble(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    trouble_ = std::move(status);
  }
  int asked() const {
    absl::MutexLock lock(&mutex_);
    return asked_;
  }
  size_t longest() const {
    absl::MutexLock lock(&mutex_);
    return longest_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::map<std::pair<PartitionId, PartitionSeq>, std::string> entries_;  // as last_ is: changed while nobody reads
  std::map<PartitionId, PartitionSeq> last_;
  absl::Status trouble_ ABSL_GUARDED_BY(mutex_);
  int asked_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t longest_ ABSL_GUARDED_BY(mutex_) = 0;
};

void ExpectAll(ReadAhead& reader, PartitionId partition, uint64_t first, uint64_t last, size_t bytes = 100) {
  for (uint64_t seq = first; seq <= last; ++seq) {
    const absl::StatusOr<std::string> entry = reader.Read(partition, PartitionSeq(seq));
    ASSERT_TRUE(entry.ok()) << entry.status();
    ASSERT_EQ(*entry, AskedJournal::Text(partition, seq, bytes));
  }
}

TEST(ReadAheadTest, ManyEntriesInOrderAreFewQuestions) {
  AskedJournal journal;
  journal.Put(kSeven, 20'000);
  ReadAhead reader(journal);
  ExpectAll(reader, kSeven, 1, 20'000);
  EXPECT_LE(journal.asked(), 30);
  EXPECT_TRUE(absl::IsNotFound(reader.Read(kSeven, PartitionSeq(20'001)).status()));
}

TEST(ReadAheadTest, EveryPartitionInTurn) {
  AskedJournal journal;
  for (uint16_t p = 0; p < kPartitions; ++p) journal.Put(PartitionId(p), p % 150u);
  ReadAhead reader(journal);
  for (uint16_t p = 0; p < kPartitions; ++p) ExpectAll(reader, PartitionId(p), 1, p % 150u);
}

TEST(ReadAheadTest, OutOfOrderEachIsReadByItself) {
  AskedJournal journal;
  journal.Put(kSeven, 3000);
  ReadAhead reader(journal);
  ExpectAll(reader, kSeven, 1000, 1200);
  ExpectAll(reader, kSeven, 5, 6);
  ExpectAll(reader, kSeven, 2999, 3000);
  ExpectAll(reader, kSeven, 1150, 2500);
  // Forward and back within what is there.
  for (uint64_t seq : {100, 900, 200, 201, 202, 260, 203, 3000, 1}) ExpectAll(reader, kSeven, seq, seq);
}

// What the first of them are does not tell how long the others are: memory is bounded by what was seen last.
TEST(ReadAheadTest, LongEntriesAreReadFewAtATime) {
  AskedJournal journal;
  journal.Put(kCataloguePartition, 40, 600'000);
  journal.Put(kSeven, 200, 100'000);
  ReadAhead reader(journal);
  ExpectAll(reader, kSeven, 1, 200, 100'000);
  ExpectAll(reader, kCataloguePartition, 1, 40, 600'000);
  EXPECT_LE(journal.longest(), 64 * 100'000u);
}

TEST(ReadAheadTest, WhatIsAppendedMeanwhileIsFound) {
  AskedJournal journal;
  journal.Put(kSeven, 10);
  ReadAhead reader(journal);
  ExpectAll(reader, kSeven, 1, 10);
  EXPECT_TRUE(absl::IsNotFound(reader.Read(kSeven, PartitionSeq(11)).status()));
  journal.Put(kSeven, 500);
  ExpectAll(reader, kSeven, 11, 500);
}

TEST(ReadAheadTest, AnErrorIsTheJournalsAndPasses) {
  AskedJournal journal;
  journal.Put(kSeven, 5000);
  ReadAhead reader(journal);
  ExpectAll(reader, kSeven, 1, 10);
  journal.SetTrouble(absl::UnavailableError("away"));
  uint64_t seq = 11;
  // What was read before is there.
  while (reader.Read(kSeven, PartitionSeq(seq)).ok()) ++seq;
  EXPECT_LE(seq, 5000u);
  EXPECT_EQ(reader.Read(kSeven, PartitionSeq(seq)).status(), absl::UnavailableError("away"));
  journal.SetTrouble(absl::OkStatus());
  ExpectAll(reader, kSeven, seq, 5000);
}

TEST(ReadAheadTest, OneThatIsMissingIsNotPassedOver) {
  AskedJournal journal;
  journal.Put(kSeven, 500);
  journal.Remove(kSeven, 300);
  ReadAhead reader(journal);
  ExpectAll(reader, kSeven, 1, 299);
  EXPECT_TRUE(absl::IsNotFound(reader.Read(kSeven, PartitionSeq(300)).status()));
  ExpectAll(reader, kSeven, 301, 500);
}

TEST(ReadAheadTest, ItMayEndWhileItReads) {
  AskedJournal journal;
  journal.Put(kSeven, 100'000);
  for (uint64_t n = 1; n < 200; n += 7) {
    ReadAhead reader(journal);
    ExpectAll(reader, kSeven, 1, n);
  }
}

}  // namespace
}  // namespace fenfen
