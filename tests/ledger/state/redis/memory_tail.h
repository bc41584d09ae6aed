// MemoryTail: a journal in this process for tests of the Redis State; WriterTail: the same, shared by several servers, each of which may be
// killed. What they refuse, PostgreSQL's refuses: a new entry of an older term; and one with a gap before it waits until somebody fills it.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "ledger/core/transaction.h"
#include "ledger/state/redis/journal_tail.h"
#include "ledger/state/state.h"

namespace fenfen {

// What a test's server needs of its journal beside that.
class TestTail : public JournalTail {
 public:
  using Acknowledge = absl::AnyInvocable<void(absl::Status) &&>;

  // A commit as `done` tells it. `acknowledge` runs with OK when the journal has it, else with why that will not be.
  virtual void Take(PartitionId partition, const Committed& committed, Acknowledge acknowledge) = 0;
  // Whether others write it, too: then what is found in Redis may not be there yet, or not for long.
  virtual bool shared() const = 0;
  // OK while every partition's entries came in order, without a gap and once.
  virtual absl::Status Sound() const = 0;
  virtual std::vector<std::string> Entries(PartitionId partition) const = 0;
};

class MemoryTail final : public TestTail {
 public:
  explicit MemoryTail(uint64_t id = 1) : id_(id) {}

  // The next in its partition's order, or the test fails by the error that Sound returns.
  void Take(PartitionId partition, const Committed& committed, Acknowledge acknowledge) override {
    {
      absl::MutexLock lock(&mutex_);
      TakeLocked(partition, committed.seq, EncodeTransaction(committed.transaction));
    }
    std::move(acknowledge)(absl::OkStatus());
  }
  bool shared() const override { return false; }
  absl::Status Sound() const override {
    absl::MutexLock lock(&mutex_);
    return sound_;
  }
  std::vector<std::string> Entries(PartitionId partition) const override {
    absl::MutexLock lock(&mutex_);
    return entries_[partition.value()];
  }
  // Nothing can be read, for this reason; OK: it can again.
  void RefuseReads(const absl::Status& why) {
    absl::MutexLock lock(&mutex_);
    unreadable_ = why;
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
    if (!unreadable_.ok()) return unreadable_;
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
  absl::Status unreadable_ ABSL_GUARDED_BY(mutex_);
};

// What several servers share.
class SharedJournal {
 public:
  // An entry of a server that may be killed meanwhile.
  struct Entry {
    PartitionSeq seq;
    uint64_t term = 0;
    std::string bytes;
    std::shared_ptr<const std::atomic<bool>> killed;
    TestTail::Acknowledge acknowledge;
  };
  // Takes it, refuses it, or keeps it until there is something new in the partition; then false.
  bool Offer(PartitionId partition, Entry entry) {
    std::vector<Told> told;
    bool settled = false;
    {
      absl::MutexLock lock(&mutex_);
      Books& books = books_[partition.value()];
      if (const std::optional<absl::Status> fate = Try(books, entry)) {
        told.emplace_back(std::move(entry.acknowledge), *fate);
        settled = true;
      } else {
        books.waiting.push_back(std::move(entry));
      }
      TryWaiting(books, told);
    }
    Tell(told);
    return settled;
  }
  JournalTail::Head Claim(PartitionId partition) {
    std::vector<Told> told;
    JournalTail::Head head;
    {
      absl::MutexLock lock(&mutex_);
      Books& books = books_[partition.value()];
      head = {++books.term, PartitionSeq(books.entries.size())};
      TryWaiting(books, told);
    }
    Tell(told);
    return head;
  }
  JournalTail::Head HeadOf(PartitionId partition) const {
    absl::MutexLock lock(&mutex_);
    const Books& books = books_[partition.value()];
    return {books.term, PartitionSeq(books.entries.size())};
  }
  absl::StatusOr<std::string> Read(PartitionId partition, PartitionSeq seq) const {
    absl::MutexLock lock(&mutex_);
    const auto& entries = books_[partition.value()].entries;
    if (seq.value() == 0 || seq.value() > entries.size()) return absl::NotFoundError("no such entry");
    return entries[seq.value() - 1];
  }
  std::vector<std::string> Entries(PartitionId partition) const {
    absl::MutexLock lock(&mutex_);
    return books_[partition.value()].entries;
  }
  // Entries that came under the present term with other bytes than are there.
  int second_histories() const {
    absl::MutexLock lock(&mutex_);
    return second_histories_;
  }

 private:
  using Told = std::pair<TestTail::Acknowledge, absl::Status>;
  struct Books {
    uint64_t term = 0;
    std::vector<std::string> entries;
    std::vector<Entry> waiting;
  };
  // OK, why not, or nothing while it has to wait.
  std::optional<absl::Status> Try(Books& books, const Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (entry.killed->load()) return absl::UnavailableError("killed");
    const uint64_t seq = entry.seq.value();
    if (seq <= books.entries.size()) {
      if (books.entries[seq - 1] == entry.bytes) return absl::OkStatus();
      if (entry.term == books.term) ++second_histories_;
      return absl::AbortedError("another entry is there");
    }
    if (entry.term < books.term) return absl::AbortedError("its term is over");
    if (seq > books.entries.size() + 1) return std::nullopt;
    books.entries.push_back(entry.bytes);
    return absl::OkStatus();
  }
  void TryWaiting(Books& books, std::vector<Told>& told) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (bool again = true; again;) {
      again = false;
      for (auto it = books.waiting.begin(); it != books.waiting.end();) {
        const std::optional<absl::Status> fate = Try(books, *it);
        if (!fate) {
          ++it;
          continue;
        }
        again = true;
        told.emplace_back(std::move(it->acknowledge), *fate);
        it = books.waiting.erase(it);
      }
    }
  }
  static void Tell(std::vector<Told>& told) {
    for (auto& [acknowledge, status] : told) std::move(acknowledge)(status);
  }

  mutable absl::Mutex mutex_;
  std::array<Books, kPartitions> books_ ABSL_GUARDED_BY(mutex_);
  int second_histories_ ABSL_GUARDED_BY(mutex_) = 0;
};

// One server's way to it.
class WriterTail final : public TestTail {
 public:
  explicit WriterTail(SharedJournal& journal) : journal_(journal) {}

  // Runs where an entry has to wait or is refused: what a server wires to RedisState::Sweep. Once it is set anew the old one runs no more.
  void OnTrouble(std::function<void(PartitionId)> on_trouble) {
    absl::MutexLock lock(&mutex_);
    on_trouble_ = std::move(on_trouble);
  }
  // From now on nothing of this server's reaches the journal, and it hears of nothing.
  void Kill() { killed_->store(true); }
  bool killed() const { return killed_->load(); }

  void Take(PartitionId partition, const Committed& committed, Acknowledge acknowledge) override {
    Acknowledge tells = [this, partition, acknowledge = std::move(acknowledge)](absl::Status status) mutable {
      if (!status.ok()) Trouble(partition);
      std::move(acknowledge)(std::move(status));
    };
    if (!journal_.Offer(partition, {committed.seq, committed.term, EncodeTransaction(committed.transaction), killed_, std::move(tells)})) {
      Trouble(partition);
    }
  }
  bool shared() const override { return true; }
  absl::Status Sound() const override {
    return journal_.second_histories() == 0 ? absl::OkStatus() : absl::DataLossError("a second history under one term");
  }
  std::vector<std::string> Entries(PartitionId partition) const override { return journal_.Entries(partition); }

  uint64_t Id() const override { return 1; }
  // Knows of others' entries, too.
  PartitionSeq LastDurable(PartitionId partition) const override { return journal_.HeadOf(partition).last; }
  absl::StatusOr<PartitionSeq> Settle(PartitionId) override { return absl::InternalError("asked only where there are no terms"); }
  absl::StatusOr<Head> Claim(PartitionId partition) override {
    if (killed()) return absl::UnavailableError("killed");
    return journal_.Claim(partition);
  }
  absl::StatusOr<Head> HeadOf(PartitionId partition) override {
    if (killed()) return absl::UnavailableError("killed");
    return journal_.HeadOf(partition);
  }
  absl::StatusOr<std::string> Read(PartitionId partition, PartitionSeq seq) override { return journal_.Read(partition, seq); }
  absl::Status Append(PartitionId partition, uint64_t term, PartitionSeq first, std::vector<std::string> transactions) override {
    absl::Status result;
    for (size_t i = 0; i < transactions.size() && result.ok(); ++i) {
      // Nothing is missing before it, so it does not wait.
      journal_.Offer(partition, {PartitionSeq(first.value() + i), term, std::move(transactions[i]), killed_,
                                 [&result](absl::Status status) { result = std::move(status); }});
    }
    return result;
  }

 private:
  void Trouble(PartitionId partition) {
    absl::MutexLock lock(&mutex_);
    if (on_trouble_ && !killed()) on_trouble_(partition);
  }

  SharedJournal& journal_;
  const std::shared_ptr<std::atomic<bool>> killed_ = std::make_shared<std::atomic<bool>>(false);
  absl::Mutex mutex_;
  std::function<void(PartitionId)> on_trouble_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
