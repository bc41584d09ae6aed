#include "clients/ctl/stores/journal_copy.h"

#include <openssl/evp.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "ledger/core/check.h"
#include "ledger/core/limits.h"
#include "ledger/core/transaction.h"
#include "ledger/state/memory_state.h"

namespace fenfen::ctl {

namespace {

// Of one call of the target.
constexpr size_t kBatchEntriesMax = 1024;
constexpr size_t kBatchBytesMax = 1u << 20;
constexpr size_t kCallsMax = 4;  // that are not answered
// How long the target may refuse for one reason, such as a full queue.
constexpr absl::Duration kRefusedMax = absl::Minutes(2);

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { FENFEN_CHECK(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1); }
  void Add(absl::string_view bytes) { FENFEN_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1); }
  std::string Finish() {
    std::string digest(32, '\0');
    FENFEN_CHECK(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
    return digest;
  }

 private:
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

// What the target has said so far. Shared with the callbacks, of which the last may still be in here when the copier goes on.
class Answers {
 public:
  // Waits while too many calls are not answered.
  void Begun() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](size_t* open) { return *open < kCallsMax; }, &open_));
    ++open_;
  }
  void Done(size_t count, const absl::Status& status) {
    absl::MutexLock lock(&mutex_);
    error_.Update(status);
    if (status.ok()) copied_ += count;
    --open_;
  }
  void AwaitAll() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](size_t* open) { return *open == 0; }, &open_));
  }
  // The first error.
  absl::Status error() {
    absl::MutexLock lock(&mutex_);
    return error_;
  }
  uint64_t copied() {
    absl::MutexLock lock(&mutex_);
    return copied_;
  }

 private:
  absl::Mutex mutex_;
  size_t open_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  uint64_t copied_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Appends in batches.
class Appender {
 public:
  Appender(Journal& target, std::array<uint64_t, kPartitions> terms, const std::function<void(uint64_t)>& progress)
      : target_(target), terms_(terms), progress_(progress) {}

  absl::Status Add(JournalEntry entry) {
    entry.term = terms_[entry.partition.value()];
    bytes_ += entry.bytes.size();
    batch_.push_back(std::move(entry));
    return batch_.size() < kBatchEntriesMax && bytes_ < kBatchBytesMax ? absl::OkStatus() : Send();
  }
  absl::Status Send() {
    if (batch_.empty()) return answers_->error();
    const absl::Time deadline = absl::Now() + kRefusedMax;
    for (absl::Status admitted = target_.Admit(); !admitted.ok(); admitted = target_.Admit()) {
      if (const absl::Status error = answers_->error(); !error.ok()) return error;
      if (absl::Now() > deadline) return admitted;
      absl::SleepFor(absl::Milliseconds(5));
    }
    answers_->Begun();
    const size_t count = batch_.size();
    target_.AppendAll(std::exchange(batch_, {}), [answers = answers_, count](const absl::Status& status) { answers->Done(count, status); });
    bytes_ = 0;
    Tell();
    return answers_->error();
  }
  // Waits until all is durable, or has failed.
  absl::StatusOr<uint64_t> Finish(absl::Status status) {
    if (status.ok()) status = Send();
    answers_->AwaitAll();
    Tell();
    if (status.ok()) status = answers_->error();
    if (!status.ok()) return status;
    return answers_->copied();
  }

 private:
  void Tell() {
    const uint64_t now = answers_->copied();
    if (now == told_) return;
    told_ = now;
    progress_(now);
  }

  Journal& target_;
  const std::array<uint64_t, kPartitions> terms_;
  const std::function<void(uint64_t)>& progress_;
  const std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  std::vector<JournalEntry> batch_;
  size_t bytes_ = 0;
  uint64_t told_ = 0;
};

}  // namespace

absl::StatusOr<JournalSummary> Summarise(Journal& journal) {
  const auto state = std::make_unique<MemoryState>();
  std::vector<Sha256> entries(kPartitions);
  const absl::Status replayed = journal.Replay([&](JournalEntry entry) -> absl::Status {
    const absl::StatusOr<Transaction> transaction = DecodeTransaction(entry.bytes);
    if (!transaction.ok()) return transaction.status();
    Sha256& hash = entries[entry.partition.value()];
    hash.Add(absl::StrCat(entry.seq.value(), " ", absl::ToUnixMicros(entry.record_time), " ", entry.bytes.size(), "\n"));
    hash.Add(entry.bytes);
    return state->Apply(entry.partition, entry.seq, *transaction);
  });
  if (!replayed.ok()) return replayed;
  JournalSummary summary;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const absl::StatusOr<State::Digest> digest = state->DigestOf(PartitionId(p));
    if (!digest.ok()) return digest.status();
    summary[p] = {digest->seq, digest->sha256, entries[p].Finish()};
  }
  return summary;
}

absl::StatusOr<uint64_t> EntriesToCopy(Journal& source, Journal& target) {
  const absl::StatusOr<SequenceVector> from = source.ReadHeads(), to = target.ReadHeads();
  if (!from.ok()) return from.status();
  if (!to.ok()) return to.status();
  uint64_t entries = 0;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    if ((*to)[p] > (*from)[p]) {
      return absl::FailedPreconditionError(absl::StrCat("分区 ", p, "：目标已到 ", (*to)[p].value(), "，来源只到 ", (*from)[p].value(),
                                                        " / partition ", p, ": the target is further than the source"));
    }
    entries += (*from)[p].value() - (*to)[p].value();
  }
  return entries;
}

absl::StatusOr<uint64_t> CopyJournal(Journal& source, Journal& target, const std::function<void(uint64_t)>& progress) {
  if (const absl::StatusOr<uint64_t> entries = EntriesToCopy(source, target); !entries.ok()) return entries.status();
  std::array<uint64_t, kPartitions> terms{};
  SequenceVector after{};
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const absl::StatusOr<Journal::Head> head = target.HeadOf(PartitionId(p));
    if (!head.ok()) return head.status();
    terms[p] = head->term;
    after[p] = head->last;
  }
  Appender appender(target, terms, progress);
  return appender.Finish(source.Replay(after, [&](JournalEntry entry) { return appender.Add(std::move(entry)); }));
}

absl::Status CompareSummaries(const JournalSummary& source, const JournalSummary& target) {
  for (uint16_t p = 0; p < kPartitions; ++p) {
    if (source[p] == target[p]) continue;
    const auto of = [](const PartitionSummary& summary) {
      return absl::StrCat("#", summary.last.value(), " ", absl::BytesToHexString(summary.state_sha256).substr(0, 16));
    };
    return absl::FailedPreconditionError(absl::StrCat("分区 ", p, " 不一致：来源 ", of(source[p]), "，目标 ", of(target[p]),
                                                      " / partition ", p, " differs between source and target"));
  }
  return absl::OkStatus();
}

}  // namespace fenfen::ctl
