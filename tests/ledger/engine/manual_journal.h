// A Journal in memory for the engine's tests: nothing becomes durable until the test says so, and then it may fail. Thread-safe.
#pragma once

#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "ledger/core/errors.h"
#include "ledger/journal/journal.h"

namespace fenfen {

class ManualJournal final : public Journal {
 public:
  absl::Status Admit() override { return admission; }
  void Append(JournalEntry entry, Done done) override {
    absl::MutexLock lock(&mutex_);
    waiting_.emplace_back(std::move(entry), std::move(done));
  }
  absl::Status Flush() override {
    Sync();
    return absl::OkStatus();
  }
  absl::StatusOr<JournalEntry> Read(PartitionId partition, PartitionSeq seq) override {
    absl::MutexLock lock(&mutex_);
    const auto found = durable_.find({partition, seq});
    if (found == durable_.end()) return absl::NotFoundError("no such entry");
    return found->second;
  }
  absl::StatusOr<JournalPlace> Locate(PartitionId, PartitionSeq) override { return JournalPlace{"memory", 0, 0}; }
  absl::Status Replay(absl::FunctionRef<absl::Status(JournalEntry entry)> visitor) override {
    for (const auto& [place, entry] : durable_) {
      if (absl::Status status = visitor(entry); !status.ok()) return status;
    }
    return absl::OkStatus();
  }
  PartitionSeq LastDurable(PartitionId) const override { return PartitionSeq(0); }

  // Makes everything appended so far durable and tells its writers.
  void Sync() {
    for (auto& [entry, done] : Take()) {
      {
        absl::MutexLock lock(&mutex_);
        durable_[{entry.partition, entry.seq}] = entry;
      }
      std::move(done)(absl::OkStatus());
    }
  }
  // Loses everything appended so far and tells its writers.
  void Fail() {
    for (auto& [entry, done] : Take()) std::move(done)(RefuseUntil(Reason::REASON_JOURNAL_FAILED, absl::Seconds(1)));
  }

  absl::Status admission;

 private:
  std::deque<std::pair<JournalEntry, Done>> Take() {
    absl::MutexLock lock(&mutex_);
    return std::exchange(waiting_, {});
  }
  absl::Mutex mutex_;
  std::deque<std::pair<JournalEntry, Done>> waiting_;
  std::map<std::pair<PartitionId, PartitionSeq>, JournalEntry> durable_;
};

}  // namespace fenfen
