// What every Journal must do. A journal's test includes this and instantiates the suite with a factory of stores:
//
//   INSTANTIATE_TEST_SUITE_P(File, JournalConformance, testing::Values(MakeFileStore));
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/core/transaction.h"
#include "ledger/journal/journal.h"

namespace fenfen {

// A transaction that a journal takes whatever it makes of it: `text` as its why, and a request key of its own.
inline std::string BytesOf(uint16_t partition, uint64_t seq, std::string text) {
  Transaction transaction;
  transaction.kind = TransactionKind::kDrop;
  transaction.key = {partition + 1u, seq};
  transaction.event_time = absl::FromUnixSeconds(1'700'000'000);
  transaction.why = std::move(text);
  return EncodeTransaction(transaction);
}
inline std::string TextOf(absl::string_view bytes) {
  const absl::StatusOr<Transaction> transaction = DecodeTransaction(bytes);
  EXPECT_TRUE(transaction.ok()) << transaction.status();
  return transaction.ok() ? transaction->why : "";
}

// A place that holds one journal, from test to test a new one.
class JournalStore {
 public:
  virtual ~JournalStore() = default;
  // Opens the journal; again, once the one before is gone.
  virtual absl::StatusOr<std::unique_ptr<Journal>> Open() = 0;
  virtual size_t transaction_bytes_max() const = 0;
};
using JournalStoreFactory = std::function<std::unique_ptr<JournalStore>()>;

class JournalConformance : public testing::TestWithParam<JournalStoreFactory> {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    journal_.reset();
    absl::StatusOr<std::unique_ptr<Journal>> journal = store_->Open();
    ASSERT_TRUE(journal.ok()) << journal.status();
    journal_ = *std::move(journal);
  }

  static JournalEntry Entry(uint16_t partition, uint64_t seq, std::string text) {
    return {PartitionId(partition), PartitionSeq(seq), absl::FromUnixMicros(1'700'000'000'123'456 + static_cast<int64_t>(seq)),
            BytesOf(partition, seq, std::move(text))};
  }
  // Appends and remembers; `done` notes the order.
  void Append(uint16_t partition, std::string text) {
    const uint64_t seq = ++last_[partition];
    JournalEntry entry = Entry(partition, seq, std::move(text));
    expected_[partition].push_back(entry.bytes);
    journal_->Append(std::move(entry), [this, partition, seq](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_EQ(journal_->LastDurable(PartitionId(partition)).value() >= seq, true) << "told before it can be read";
      done_.push_back(absl::StrCat(partition, ":", seq));
    });
  }
  // The same, with a text that makes the entry that long.
  void AppendLong(uint16_t partition, size_t bytes, char fill) {
    size_t text = bytes;
    while (Entry(partition, last_[partition] + 1, std::string(text, fill)).bytes.size() > bytes) --text;
    Append(partition, std::string(text, fill));
  }
  void FlushOk() { ASSERT_TRUE(journal_->Flush().ok()); }

  // Everything by Replay and by Read equals what was appended.
  void ExpectHoldsAll() {
    std::map<uint16_t, std::vector<std::string>> replayed;
    const absl::Status status = journal_->Replay([&](const JournalEntry& entry) {
      std::vector<std::string>& of = replayed[entry.partition.value()];
      of.push_back(entry.bytes);
      EXPECT_EQ(entry.seq.value(), of.size());
      EXPECT_EQ(entry.record_time, Entry(0, entry.seq.value(), "").record_time);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(replayed, expected_);
    for (const auto& [partition, entries] : expected_) {
      EXPECT_EQ(journal_->LastDurable(PartitionId(partition)).value(), entries.size());
      for (uint64_t seq = 1; seq <= entries.size(); ++seq) {
        const absl::StatusOr<JournalEntry> entry = journal_->Read(PartitionId(partition), PartitionSeq(seq));
        ASSERT_TRUE(entry.ok()) << entry.status();
        EXPECT_EQ(entry->bytes, entries[seq - 1]);
        EXPECT_EQ(entry->record_time, Entry(0, seq, "").record_time);
      }
    }
  }

  std::unique_ptr<JournalStore> store_ = GetParam()();
  std::vector<std::string> done_;
  std::map<uint16_t, uint64_t> last_;
  std::map<uint16_t, std::vector<std::string>> expected_;
  std::unique_ptr<Journal> journal_;
};

TEST_P(JournalConformance, ANewJournalIsEmptyAndTakesWork) {
  EXPECT_TRUE(journal_->Admit().ok());
  FlushOk();
  ExpectHoldsAll();
  for (const uint16_t partition : {0, 255, 256}) EXPECT_EQ(journal_->LastDurable(PartitionId(partition)), PartitionSeq(0));
}

TEST_P(JournalConformance, EntriesAreToldInOrderAndCanBeRead) {
  for (int n = 0; n < 20; ++n) Append(static_cast<uint16_t>(n % 3), absl::StrCat("entry ", n));
  FlushOk();
  ASSERT_EQ(done_.size(), 20u);
  for (size_t n = 0; n < 20; ++n) EXPECT_EQ(done_[n], absl::StrCat(n % 3, ":", n / 3 + 1));
  ExpectHoldsAll();
}

TEST_P(JournalConformance, WhatIsNotThereIsNotFound) {
  Append(7, "one");
  FlushOk();
  EXPECT_TRUE(absl::IsNotFound(journal_->Read(PartitionId(7), PartitionSeq(0)).status()));
  EXPECT_TRUE(absl::IsNotFound(journal_->Read(PartitionId(7), PartitionSeq(2)).status()));
  EXPECT_TRUE(absl::IsNotFound(journal_->Read(PartitionId(8), PartitionSeq(1)).status()));
  EXPECT_TRUE(absl::IsNotFound(journal_->Locate(PartitionId(8), PartitionSeq(1)).status()));
}

TEST_P(JournalConformance, GoesOnAfterReopening) {
  for (int round = 0; round < 4; ++round) {
    for (int n = 0; n < 10; ++n) Append(static_cast<uint16_t>(n * 51 % 257), absl::StrCat("round ", round, " entry ", n));
    FlushOk();
    Reopen();
    ExpectHoldsAll();
  }
}

TEST_P(JournalConformance, HoldsEverySizeUpToTheLargest) {
  Append(256, "");
  for (size_t size = 1; size <= 70; ++size) Append(256, std::string(size, static_cast<char>('a' + size % 26)));
  AppendLong(256, store_->transaction_bytes_max(), '\xff');
  AppendLong(256, store_->transaction_bytes_max(), '\0');
  EXPECT_EQ(expected_[256].back().size(), store_->transaction_bytes_max());
  Append(256, "small again");
  FlushOk();
  ExpectHoldsAll();
  Reopen();
  ExpectHoldsAll();
}

TEST_P(JournalConformance, ThreadsOfDifferentPartitionsDoNotDisturbOneAnother) {
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::vector<std::thread> threads;
  for (uint16_t partition = 0; partition < kThreads; ++partition) {
    for (int n = 1; n <= kEach; ++n) expected_[partition].push_back(BytesOf(partition, n, absl::StrCat(partition, "/", n)));
    threads.emplace_back([this, partition] {
      for (int n = 1; n <= kEach; ++n) journal_->Append(Entry(partition, n, absl::StrCat(partition, "/", n)), [](const absl::Status&) {});
    });
  }
  for (std::thread& thread : threads) thread.join();
  FlushOk();
  ExpectHoldsAll();
  Reopen();
  ExpectHoldsAll();
}

TEST_P(JournalConformance, ReplayStopsAtTheVisitorsFirstError) {
  for (int n = 0; n < 5; ++n) Append(1, "x");
  FlushOk();
  int seen = 0;
  const absl::Status status =
      journal_->Replay([&](const JournalEntry&) { return ++seen == 3 ? absl::CancelledError("enough") : absl::OkStatus(); });
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_EQ(seen, 3);
}

TEST_P(JournalConformance, ReplayVisitsOnlyWhatIsBehindAGivenPlace) {
  for (int n = 0; n < 30; ++n) Append(static_cast<uint16_t>(n % 3), absl::StrCat("entry ", n));
  FlushOk();
  SequenceVector after{};
  after[0] = PartitionSeq(10);
  after[1] = PartitionSeq(7);
  std::vector<std::string> seen, in_batches;
  const absl::Status status = journal_->Replay(after, [&](const JournalEntry& entry) {
    seen.push_back(absl::StrCat(entry.partition.value(), ":", entry.seq.value(), " ", TextOf(entry.bytes)));
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(seen, testing::UnorderedElementsAre("1:8 entry 22", "1:9 entry 25", "1:10 entry 28", "2:1 entry 2", "2:2 entry 5",
                                                  "2:3 entry 8", "2:4 entry 11", "2:5 entry 14", "2:6 entry 17", "2:7 entry 20",
                                                  "2:8 entry 23", "2:9 entry 26", "2:10 entry 29"));
  const absl::Status batched = journal_->ReplayBatches(after, [&](const std::shared_ptr<const JournalBatch>& batch) {
    EXPECT_FALSE(batch->entries.empty());
    for (const JournalEntryView& entry : batch->entries) {
      in_batches.push_back(absl::StrCat(entry.partition.value(), ":", entry.seq.value(), " ", TextOf(entry.bytes)));
      EXPECT_EQ(entry.record_time, Entry(0, entry.seq.value(), "").record_time);
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(batched.ok()) << batched;
  EXPECT_EQ(in_batches, seen);
}

TEST_P(JournalConformance, ReplayInBatchesStopsAtTheVisitorsFirstError) {
  for (int n = 0; n < 50; ++n) {
    Append(1, std::string(3000, 'x'));
    if (n % 4 == 3) FlushOk();
  }
  FlushOk();
  const auto refuse = [](const std::shared_ptr<const JournalBatch>&) { return absl::CancelledError("enough"); };
  EXPECT_TRUE(absl::IsCancelled(journal_->ReplayBatches({}, refuse)));
}

TEST_P(JournalConformance, APlaceIsOneEntrysAndStays) {
  for (int n = 0; n < 5; ++n) Append(1, "x");
  FlushOk();
  std::map<std::string, uint64_t> places;
  for (uint64_t seq = 1; seq <= 5; ++seq) {
    const absl::StatusOr<JournalPlace> place = journal_->Locate(PartitionId(1), PartitionSeq(seq));
    ASSERT_TRUE(place.ok()) << place.status();
    places[absl::StrCat(place->segment, "@", place->offset, "#", place->crc32c)] = seq;
  }
  EXPECT_EQ(places.size(), 5u);
  Reopen();
  for (const auto& [text, seq] : places) {
    const absl::StatusOr<JournalPlace> place = journal_->Locate(PartitionId(1), PartitionSeq(seq));
    ASSERT_TRUE(place.ok());
    EXPECT_EQ(absl::StrCat(place->segment, "@", place->offset, "#", place->crc32c), text);
  }
}

// One journal is one holder: what it has it may take again, whatever else it does.
TEST_P(JournalConformance, ALeaseIsTakenKeptAndGivenBack) {
  for (const bool done : {false, true, true}) {
    for (int times = 0; times < 2; ++times) {
      const absl::StatusOr<Journal::LeaseAnswer> taken = journal_->TakeLease("expiry", absl::Hours(1));
      ASSERT_TRUE(taken.ok()) << taken.status();
      EXPECT_TRUE(taken->granted) << taken->holder;
      EXPECT_EQ(taken->fence, 1u);
      EXPECT_GE(taken->since_done, absl::ZeroDuration());
      Append(7, "meanwhile");
      FlushOk();
    }
    EXPECT_TRUE(journal_->TakeLease("another", absl::Hours(1))->granted);
    EXPECT_TRUE(journal_->GiveBackLease("expiry", done).ok());
  }
  // What it does not have is no error.
  EXPECT_TRUE(journal_->GiveBackLease("expiry", true).ok());
  EXPECT_TRUE(journal_->GiveBackLease("never taken", false).ok());
  Reopen();
  EXPECT_TRUE(journal_->TakeLease("expiry", absl::Hours(1))->granted);
}

}  // namespace fenfen
