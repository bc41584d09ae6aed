// What the tests of the PostgreSQL journal share: transactions as the ledger makes them, and a load whose own record of what was
// acknowledged is held against what the database holds.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/transaction.h"
#include "ledger/journal/postgres/postgres_journal.h"
#include "tests/ledger/journal/postgres/postgres_server.h"

namespace fenfen {

inline constexpr uint64_t kTown = 0xfedc'ba98'7654'3210u;              // a hash: above what a signed number holds
inline const absl::Time kNoon = absl::FromUnixSeconds(1'780'286'400);  // 2026-06-01 04:00 UTC, noon in Shanghai

// A drop: 1.50 REWARD and 2.00 CIVIC from the town to a household of the partition's, whose record it writes.
inline Transaction Drop(uint16_t partition, uint64_t seq, uint64_t household = 0) {
  if (household == 0) household = 1000 + partition;
  Transaction drop;
  drop.kind = TransactionKind::kDrop;
  drop.key = {0x018f'3c1e'0000'7000u + (uint64_t{partition} << 20), (uint64_t{2} << 62) | seq};
  drop.fingerprint = ~seq;
  drop.actor = {ActorKind::kMember, household, 2};
  drop.event_time = kNoon + absl::Seconds(static_cast<int64_t>(seq));
  drop.postings = {{{AccountKind::kProgramme, Asset::kReward, kTown}, Points(-150)},
                   {{AccountKind::kHousehold, Asset::kReward, household}, Points(150)},
                   {{AccountKind::kProgramme, Asset::kCivic, kTown}, Points(-200)},
                   {{AccountKind::kHousehold, Asset::kCivic, household}, Points(200)}};
  drop.changes = {{{RecordKind::kHousehold, household}, PartitionSeq(seq - 1), absl::StrCat("household after ", seq)}};
  drop.why = "why";
  return drop;
}

inline JournalEntry EntryOf(uint16_t partition, uint64_t seq, const Transaction& transaction) {
  return {PartitionId(partition), PartitionSeq(seq), kNoon + absl::Seconds(static_cast<int64_t>(seq)), EncodeTransaction(transaction)};
}
inline JournalEntry EntryOf(uint16_t partition, uint64_t seq) { return EntryOf(partition, seq, Drop(partition, seq)); }

inline PostgresJournalOptions OptionsFor(std::string conninfo) {
  PostgresJournalOptions options;
  options.session.conninfo = std::move(conninfo);
  return options;
}

// For tests in which the server goes away.
inline PostgresJournalOptions Impatient(std::string conninfo) {
  PostgresJournalOptions options = OptionsFor(std::move(conninfo));
  options.session.timeout = absl::Seconds(2);
  options.reconnect_delay_max = absl::Milliseconds(100);
  return options;
}

inline std::unique_ptr<PostgresJournal> MustOpen(PostgresJournalOptions options) {
  absl::StatusOr<std::unique_ptr<PostgresJournal>> journal = PostgresJournal::Open(std::move(options));
  EXPECT_TRUE(journal.ok()) << journal.status();
  return journal.ok() ? *std::move(journal) : nullptr;
}

// Appends one entry and waits for its outcome.
inline absl::Status AppendAndWait(Journal& journal, JournalEntry entry) {
  absl::Status outcome;
  absl::Notification told;
  journal.Append(std::move(entry), [&](absl::Status status) {
    outcome = std::move(status);
    told.Notify();
  });
  told.WaitForNotification();
  return outcome;
}

// Collects what a journal reports.
class Reports {
 public:
  std::function<void(const absl::Status&)> Taker() {
    return [this](const absl::Status& status) {
      absl::MutexLock held(&mutex_);
      reports_.push_back(status.ok() ? "back" : std::string(status.message()));
    };
  }
  std::vector<std::string> all() const {
    absl::MutexLock held(&mutex_);
    return reports_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> reports_ ABSL_GUARDED_BY(mutex_);
};

// Clients: threads that append to partitions of their own, as fast as the journal admits, and write down what they were told.
class Load {
 public:
  static constexpr uint16_t kThreads = 3;
  static constexpr uint16_t kPartitionsEach = 4;
  static constexpr uint64_t kUntoldMax = 400;  // of a thread

  explicit Load(Journal& journal) : journal_(journal) {
    for (uint16_t t = 0; t < kThreads; ++t) threads_.emplace_back([this, t] { Run(t); });
  }
  ~Load() { Stop(); }

  // Ends the load; everything is settled then.
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    if (!std::exchange(threads_, {}).empty()) flushed = journal_.Flush();
  }
  // Waits until that many more were acknowledged.
  void Await(uint64_t more) {
    const uint64_t target = acknowledged_total() + more;
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (acknowledged_total() < target) {
      ASSERT_LT(absl::Now(), deadline) << "the load makes no progress";
      absl::SleepFor(absl::Milliseconds(2));
    }
  }
  uint64_t acknowledged_total() const { return acknowledged_total_.load(); }

  // After Stop. acknowledged ⊆ stored ⊆ submitted, each once, without gaps; read through another journal.
  void ExpectStoredIn(PostgresJournal& journal) {
    std::map<uint16_t, uint64_t> stored;
    const absl::Status status = journal.Replay([&](const JournalEntry& entry) {
      const uint16_t partition = entry.partition.value();
      EXPECT_EQ(entry.seq.value(), ++stored[partition]);
      EXPECT_LE(entry.seq.value(), submitted_[partition]) << "nobody submitted it";
      EXPECT_EQ(entry.bytes, EntryOf(partition, entry.seq.value()).bytes);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    for (uint16_t p = 0; p < kThreads * kPartitionsEach; ++p) {
      EXPECT_GE(stored[p], acknowledged_[p]) << "acknowledged and lost, in partition " << p;
      EXPECT_EQ(journal.LastDurable(PartitionId(p)).value(), stored[p]);
    }
  }

  absl::Status flushed;
  std::atomic<uint64_t> refused = 0;  // by Admit
  std::atomic<uint64_t> failed = 0;

 private:
  void Run(uint16_t thread) {
    std::atomic<uint64_t>& untold = untold_[thread];
    for (uint64_t n = 0; !stop_; ++n) {
      const absl::Status admitted = journal_.Admit();
      if (!admitted.ok()) {
        EXPECT_TRUE(absl::IsUnavailable(admitted)) << admitted;
        ++refused;
      }
      if (!admitted.ok() || untold >= kUntoldMax) {
        absl::SleepFor(absl::Milliseconds(1));
        continue;
      }
      const auto partition = static_cast<uint16_t>(thread * kPartitionsEach + n % kPartitionsEach);
      const uint64_t seq = ++submitted_[partition];
      ++untold;
      journal_.Append(EntryOf(partition, seq), [this, &untold, partition, seq](const absl::Status& status) {
        if (status.ok()) {
          EXPECT_EQ(seq, ++acknowledged_[partition]) << "told out of order";
          ++acknowledged_total_;
        } else {
          ++failed;
        }
        --untold;
      });
    }
  }

  Journal& journal_;
  std::atomic<bool> stop_ = false;
  std::array<uint64_t, kThreads * kPartitionsEach> submitted_{};     // each its thread's
  std::array<uint64_t, kThreads * kPartitionsEach> acknowledged_{};  // the teller's
  std::array<std::atomic<uint64_t>, kThreads> untold_{};
  std::atomic<uint64_t> acknowledged_total_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace fenfen
