// A journal of several servers for the engine's tests, in memory: SharedBooks is what is stored, a SharedJournal is one server's access to
// it. What a server appends is stored when the test says so, and then only in sequence order. Thread-safe.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "ledger/core/errors.h"
#include "ledger/journal/journal.h"

namespace fenfen {

struct SharedBooks {
  absl::Mutex mutex;
  std::map<std::pair<PartitionId, PartitionSeq>, JournalEntry> entries ABSL_GUARDED_BY(mutex);
  SequenceVector heads ABSL_GUARDED_BY(mutex);
  // What reading is answered with, instead, while it is not OK; and how often it was read.
  absl::Status trouble ABSL_GUARDED_BY(mutex);
  uint64_t reads ABSL_GUARDED_BY(mutex) = 0;

  void SetTrouble(absl::Status status) {
    absl::MutexLock lock(&mutex);
    trouble = std::move(status);
  }
};

class SharedJournal final : public Journal {
 public:
  explicit SharedJournal(SharedBooks& books) : books_(books) {}

  bool Shared() const override { return true; }
  absl::Status Admit() override { return absl::OkStatus(); }
  void AppendAll(std::vector<JournalEntry> entries, Done done) override {
    absl::MutexLock lock(&mutex_);
    waiting_.emplace_back(std::move(entries), std::move(done));
  }
  absl::Status Flush() override {
    Sync();
    return absl::OkStatus();
  }
  absl::StatusOr<JournalEntry> Read(PartitionId partition, PartitionSeq seq) override {
    absl::MutexLock lock(&books_.mutex);
    if (!books_.trouble.ok()) return books_.trouble;
    ++books_.reads;
    const auto found = books_.entries.find({partition, seq});
    if (found == books_.entries.end()) return absl::NotFoundError("no such entry");
    return found->second;
  }
  absl::StatusOr<JournalPlace> Locate(PartitionId, PartitionSeq) override { return JournalPlace{"memory", 0, 0}; }
  using Journal::Replay;
  absl::Status Replay(const SequenceVector& after, Visitor visitor) override {
    std::vector<JournalEntry> entries;
    {
      absl::MutexLock lock(&books_.mutex);
      for (const auto& [place, entry] : books_.entries) {
        if (entry.seq > after[entry.partition.value()]) entries.push_back(entry);
      }
    }
    for (JournalEntry& entry : entries) {
      if (absl::Status status = visitor(std::move(entry)); !status.ok()) return status;
    }
    return absl::OkStatus();
  }
  PartitionSeq LastDurable(PartitionId partition) const override {
    absl::MutexLock lock(&books_.mutex);
    return books_.heads[partition.value()];
  }
  absl::StatusOr<SequenceVector> ReadHeads() override {
    absl::MutexLock lock(&books_.mutex);
    if (!books_.trouble.ok()) return books_.trouble;
    return books_.heads;
  }

  // Stores what was appended here and follows, and tells its writers; the rest goes on waiting. How many calls were told.
  size_t Sync() {
    std::vector<std::pair<Done, absl::Status>> told;
    {
      absl::MutexLock lock(&mutex_);
      for (size_t before = SIZE_MAX; before != waiting_.size();) {
        before = waiting_.size();
        for (auto appended = waiting_.begin(); appended != waiting_.end();) {
          if (!Store(appended->first)) {
            ++appended;
            continue;
          }
          told.emplace_back(std::move(appended->second), AsStored(appended->first));
          appended = waiting_.erase(appended);
        }
      }
    }
    for (auto& [done, status] : told) std::move(done)(std::move(status));
    return told.size();
  }
  // Loses everything appended here and not stored.
  void Fail(const absl::Status& why) {
    std::deque<Appended> failed;
    {
      absl::MutexLock lock(&mutex_);
      failed.swap(waiting_);
    }
    for (Appended& appended : failed) std::move(appended.second)(why);
  }

 private:
  using Appended = std::pair<std::vector<JournalEntry>, Done>;
  bool Store(const std::vector<JournalEntry>& entries) {
    absl::MutexLock lock(&books_.mutex);
    uint64_t head = books_.heads[entries.front().partition.value()].value();
    for (const JournalEntry& entry : entries) {
      if (entry.seq.value() > head + 1) return false;
      head = std::max(head, entry.seq.value());
    }
    for (const JournalEntry& entry : entries) books_.entries.emplace(std::pair(entry.partition, entry.seq), entry);
    books_.heads[entries.front().partition.value()] = PartitionSeq(head);
    return true;
  }

  absl::Status AsStored(const std::vector<JournalEntry>& entries) const {
    absl::MutexLock lock(&books_.mutex);
    for (const JournalEntry& entry : entries) {
      if (books_.entries.at({entry.partition, entry.seq}).record_time != entry.record_time) return absl::AlreadyExistsError("another's");
    }
    return absl::OkStatus();
  }

  SharedBooks& books_;
  absl::Mutex mutex_;
  std::deque<Appended> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
