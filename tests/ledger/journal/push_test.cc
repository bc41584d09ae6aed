// Entries that their own callers write: Journal::AppendQuietly and Push.
#include <atomic>
#include <thread>

#include "tests/ledger/journal/journal_fixture.h"

namespace fenfen {
namespace {

std::vector<JournalEntry> Entry(uint16_t partition, uint64_t seq) {
  return {{PartitionId(partition), PartitionSeq(seq), absl::FromUnixSeconds(1'700'000'000), absl::StrCat("entry ", seq)}};
}

TEST(PushTest, ALoneEntryIsDurableAndToldWhenPushReturns) {
  MemoryFileSystem disk;
  const std::unique_ptr<FileJournal> journal = MustOpen(disk);
  for (uint64_t seq = 1; seq <= 3; ++seq) {
    std::thread::id told_by;
    journal->AppendQuietly(Entry(7, seq), [&](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      told_by = std::this_thread::get_id();
    });
    journal->Push();
    ASSERT_EQ(told_by, std::this_thread::get_id());
    EXPECT_EQ(journal->LastDurable(PartitionId(7)), PartitionSeq(seq));
  }
}

TEST(PushTest, PushWithoutEntriesDoesNothing) {
  MemoryFileSystem disk;
  const std::unique_ptr<FileJournal> journal = MustOpen(disk);
  journal->Push();
  EXPECT_EQ(journal->Metrics().groups, 0);
}

TEST(PushTest, WhatTheSegmentHasNoRoomForIsLeftToTheWriter) {
  MemoryFileSystem disk;
  const std::unique_ptr<FileJournal> journal = MustOpen(disk);
  const std::string bytes(4000, 'x');
  std::atomic<int> told = 0;
  for (uint64_t seq = 1; seq <= 20; ++seq) {
    std::vector<JournalEntry> entries = Entry(7, seq);
    entries.front().bytes = bytes;
    journal->AppendQuietly(std::move(entries), [&](const absl::Status& status) { told += status.ok() ? 1 : 0; });
    journal->Push();
  }
  EXPECT_TRUE(journal->Flush().ok());
  EXPECT_EQ(told, 20);
  EXPECT_GT(journal->Metrics().segments, 3);
}

TEST(PushTest, AFailedSyncIsToldToTheOneWhoPushed) {
  MemoryFileSystem disk;
  const std::unique_ptr<FileJournal> journal = MustOpen(disk);
  disk.SetFault([](absl::string_view operation, const std::string& path) {
    return operation == "sync" && path == FirstSegment() ? absl::UnavailableError("a broken disk") : absl::OkStatus();
  });
  absl::Status told;
  journal->AppendQuietly(Entry(7, 1), [&](absl::Status status) { told = std::move(status); });
  journal->Push();
  EXPECT_EQ(RefusalOf(told).reason, Reason::REASON_JOURNAL_FAILED);
  EXPECT_EQ(RefusalOf(journal->Admit()).reason, Reason::REASON_JOURNAL_FAILED);
}

// Callers that push and callers that leave it to the writer, at once: each partition is told in order, and nothing waits for ever.
TEST(PushTest, ManyCallersOfBothKinds) {
  constexpr uint64_t kEach = 500;
  constexpr uint16_t kCallers = 6;
  MemoryFileSystem disk;
  const std::unique_ptr<FileJournal> journal = MustOpen(disk);
  std::array<std::atomic<uint64_t>, kCallers> told{};
  std::vector<std::thread> callers;
  for (uint16_t caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (uint64_t seq = 1; seq <= kEach; ++seq) {
        while (!journal->Admit().ok()) std::this_thread::yield();
        const auto done = [&told, caller, seq](const absl::Status& status) {
          EXPECT_TRUE(status.ok()) << status;
          EXPECT_EQ(told[caller].exchange(seq), seq - 1);
        };
        if (caller % 2 == 0) {
          journal->AppendQuietly(Entry(caller, seq), done);
          journal->Push();
        } else {
          journal->AppendAll(Entry(caller, seq), done);
        }
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(journal->Flush().ok());
  for (const std::atomic<uint64_t>& last : told) EXPECT_EQ(last, kEach);
}

}  // namespace
}  // namespace fenfen
