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

class ManualJournal : public Journal {
 public:
  absl::Status Admit() override { return admission; }
  void AppendAll(std::vector<JournalEntry> entries, Done done) override {
    absl::MutexLock lock(&mutex_);
    waiting_.emplace_back(std::move(entries), std::move(done));
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
  using Journal::Replay;
  absl::Status Replay(const SequenceVector& after, Visitor visitor) override {
    for (const auto& [place, entry] : durable_) {
      if (entry.seq <= after[entry.partition.value()]) continue;
      if (absl::Status status = visitor(entry); !status.ok()) return status;
    }
    return absl::OkStatus();
  }
  PartitionSeq LastDurable(PartitionId) const override { return PartitionSeq(0); }

  // Makes everything appended so far durable and tells its writers.
  void Sync() {
    for (auto& appended : Take()) MakeDurable(appended);
  }
  // The same for the first call of AppendAll alone.
  void SyncOne() {
    Appended first;
    {
      absl::MutexLock lock(&mutex_);
      first = std::move(waiting_.front());
      waiting_.pop_front();
    }
    MakeDurable(first);
  }
  // Loses everything appended so far and tells its writers.
  void Fail() {
    for (auto& [entries, done] : Take()) std::move(done)(RefuseUntil(Reason::REASON_JOURNAL_FAILED, absl::Seconds(1)));
  }

  // How many calls of AppendAll wait.
  size_t waiting() const {
    absl::MutexLock lock(&mutex_);
    return waiting_.size();
  }

  absl::Status admission;

 private:
  using Appended = std::pair<std::vector<JournalEntry>, Done>;
  void MakeDurable(Appended& appended) {
    {
      absl::MutexLock lock(&mutex_);
      for (JournalEntry& entry : appended.first) durable_[{entry.partition, entry.seq}] = std::move(entry);
    }
    std::move(appended.second)(absl::OkStatus());
  }
  std::deque<Appended> Take() {
    absl::MutexLock lock(&mutex_);
    return std::exchange(waiting_, {});
  }
  mutable absl::Mutex mutex_;
  std::deque<Appended> waiting_;
  std::map<std::pair<PartitionId, PartitionSeq>, JournalEntry> durable_;
};

}  // namespace fenfen
