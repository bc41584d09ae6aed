// MemoryTail: a journal in this process for tests of the Redis State. It is as durable as the test wants: Take journals what a commit told,
// at once or when the test lets it.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "ledger/core/transaction.h"
#include "ledger/state/redis/journal_tail.h"

namespace fenfen {

class MemoryTail final : public JournalTail {
 public:
  explicit MemoryTail(uint64_t id = 1) : id_(id) {}

  // A commit as `done` tells it. The next in its partition's order, or the test fails by the error that Sound returns.
  void Take(PartitionId partition, PartitionSeq seq, const Transaction& transaction) {
    absl::MutexLock lock(&mutex_);
    TakeLocked(partition, seq, EncodeTransaction(transaction));
  }
  // OK while every partition's entries came in order, without a gap and once.
  absl::Status Sound() const {
    absl::MutexLock lock(&mutex_);
    return sound_;
  }
  std::vector<std::string> Entries(PartitionId partition) const {
    absl::MutexLock lock(&mutex_);
    return entries_[partition.value()];
  }
  // Loses everything after `last`, as no journal should.
  void Truncate(PartitionId partition, PartitionSeq last) {
    absl::MutexLock lock(&mutex_);
    entries_[partition.value()].resize(last.value());
  }

  uint64_t Id() const override { return id_; }
  PartitionSeq LastDurable(PartitionId partition) const override {
    absl::MutexLock lock(&mutex_);
    return PartitionSeq(entries_[partition.value()].size());
  }
  absl::StatusOr<PartitionSeq> Settle(PartitionId partition) override { return LastDurable(partition); }
  absl::StatusOr<Head> Claim(PartitionId partition) override { return HeadOf(partition); }
  absl::StatusOr<Head> HeadOf(PartitionId partition) override { return Head{0, LastDurable(partition)}; }
  absl::StatusOr<std::string> Read(PartitionId partition, PartitionSeq seq) override {
    absl::MutexLock lock(&mutex_);
    const auto& entries = entries_[partition.value()];
    if (seq.value() == 0 || seq.value() > entries.size()) return absl::NotFoundError("no such entry");
    return entries[seq.value() - 1];
  }
  absl::Status Append(PartitionId partition, uint64_t, PartitionSeq first, std::vector<std::string> transactions) override {
    absl::MutexLock lock(&mutex_);
    for (std::string& bytes : transactions) {
      TakeLocked(partition, first, std::move(bytes));
      first = PartitionSeq(first.value() + 1);
    }
    return sound_;
  }

 private:
  void TakeLocked(PartitionId partition, PartitionSeq seq, std::string bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto& entries = entries_[partition.value()];
    if (seq.value() != entries.size() + 1) {
      sound_ = absl::DataLossError(absl::StrCat("partition ", partition.value(), ": ", seq.value(), " after ", entries.size()));
      return;
    }
    entries.push_back(std::move(bytes));
  }

  const uint64_t id_;
  mutable absl::Mutex mutex_;
  std::array<std::vector<std::string>, kPartitions> entries_ ABSL_GUARDED_BY(mutex_);
  absl::Status sound_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
