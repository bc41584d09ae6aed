#include "ledger/engine/recovery.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "ledger/state/partition_form.h"

namespace fenfen {
namespace {

constexpr int kThreadsMax = 8;
// Batches that may wait for one thread before the reading of the journal waits for it.
constexpr size_t kBatchesMax = 16;
constexpr size_t kTogether = 32;  // entries of a partition

using SharedBatch = std::shared_ptr<const JournalBatch>;

// A thread that does `work` to every batch it is given, in order, until one fails.
class Worker {
 public:
  explicit Worker(std::function<absl::Status(const JournalBatch&)> work) : work_(std::move(work)), thread_([this] { Loop(); }) {}
  ~Worker() { Finish().IgnoreError(); }

  // Gives it a batch; waits while it has too many. The error, once there was one.
  absl::Status Give(SharedBatch batch) {
    absl::MutexLock held(&mutex_);
    mutex_.Await(absl::Condition(this, &Worker::HasRoom));
    if (status_.ok()) batches_.push_back(std::move(batch));
    return status_;
  }
  // Waits until all that was given is done.
  absl::Status Finish() {
    {
      absl::MutexLock held(&mutex_);
      finished_ = true;
    }
    if (thread_.joinable()) thread_.join();
    absl::MutexLock held(&mutex_);
    return status_;
  }

 private:
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return batches_.size() < kBatchesMax || !status_.ok(); }
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !batches_.empty() || finished_; }
  void Loop() {
    while (true) {
      SharedBatch batch;
      {
        absl::MutexLock held(&mutex_);
        mutex_.Await(absl::Condition(this, &Worker::HasWork));
        if (batches_.empty()) return;
        batch = std::move(batches_.front());
        batches_.pop_front();
      }
      const absl::Status status = work_(*batch);
      if (status.ok()) continue;
      absl::MutexLock held(&mutex_);
      status_ = status;
      return;
    }
  }

  const std::function<absl::Status(const JournalBatch&)> work_;
  absl::Mutex mutex_;
  std::deque<SharedBatch> batches_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

size_t ThreadsFor(int wanted) {
  if (wanted <= 0) wanted = static_cast<int>(std::thread::hardware_concurrency());
  return static_cast<size_t>(std::clamp(wanted, 1, kThreadsMax));
}

}  // namespace

Recovery::Recovery(State& state, Journal& journal, const std::vector<Projection*>& projections, RecoveryOptions options)
    : state_(state), journal_(journal), projections_(projections), options_(options), threads_(ThreadsFor(options.threads)) {}

absl::StatusOr<RecoveryReport> Recovery::Run() {
  const absl::Time begin = absl::Now();
  if (options_.snapshots != nullptr) {
    const absl::StatusOr<std::unique_ptr<SnapshotReader>> snapshot = FindSnapshot();
    if (!snapshot.ok()) return snapshot.status();
    if (*snapshot != nullptr) {
      if (absl::Status status = Load(**snapshot); !status.ok()) return status;
    }
  }
  const absl::Time loaded = absl::Now();
  report_.load_time = loaded - begin;
  if (absl::Status status = Replay(); !status.ok()) return status;
  report_.replay_time = absl::Now() - loaded;
  return std::move(report_);
}

// The newest snapshot of which every checksum holds; nullptr where there is none.
absl::StatusOr<std::unique_ptr<SnapshotReader>> Recovery::FindSnapshot() {
  if (absl::Status status = options_.snapshots->Open(); !status.ok()) return status;
  const absl::StatusOr<std::vector<uint64_t>> numbers = options_.snapshots->Numbers();
  if (!numbers.ok()) return numbers.status();
  for (const uint64_t number : *numbers) {
    absl::StatusOr<std::unique_ptr<SnapshotReader>> snapshot = options_.snapshots->Read(number);
    absl::Status status = snapshot.status();
    if (status.ok() && (*snapshot)->header().journal_id != journal_.Id()) {
      status = absl::FailedPreconditionError(absl::StrCat((*snapshot)->path(), ": this is another journal's snapshot"));
    }
    if (status.ok()) status = ReadAll(**snapshot);
    if (status.ok()) status = CheckMemos(**snapshot);
    if (status.ok()) {
      status = CheckAgainstJournal(**snapshot);
      if (!status.ok()) return status;
      return snapshot;
    }
    options_.snapshots->Refuse(number);
    report_.refused.emplace_back(status.message());
  }
  return nullptr;
}

// All of it, before anything is loaded: a State that has begun cannot begin anew. The memos are kept.
absl::Status Recovery::ReadAll(const SnapshotReader& snapshot) {
  return ForEach(kSnapshotSections, [&](size_t item, std::string& buffer) {
    // What takes longest begins first.
    if (item > 0) return snapshot.Read(item - 1, buffer).status();
    absl::StatusOr<StoredMemos> memos = snapshot.ReadMemos();
    if (memos.ok()) memos_ = *std::move(memos);
    return memos.status();
  });
}

// A snapshot of this server's may come from an older program, which had fewer projections. One that somebody else made must have what is
// needed here: there may be no other way to come by it.
absl::Status Recovery::CheckMemos(const SnapshotReader& snapshot) const {
  if (options_.savable != nullptr) return absl::OkStatus();
  for (const Projection* projection : projections_) {
    const absl::string_view name = projection->MemoName();
    if (name.empty() || memos_.Find(name)) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(snapshot.path(), ": it lacks the memo of ", name, "; it was made by another version"));
  }
  return absl::OkStatus();
}

absl::Status Recovery::CheckAgainstJournal(const SnapshotReader& snapshot) const {
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const PartitionSeq durable = journal_.LastDurable(PartitionId(p));
    const PartitionSeq held = snapshot.table()[p].seq;
    if (held <= durable) continue;
    return absl::DataLossError(absl::StrCat("the journal ends with transaction ", durable.value(), " of partition ", p, ", but ",
                                            snapshot.path(), " holds it up to ", held.value(),
                                            ": the journal has lost what was acknowledged"));
  }
  return absl::OkStatus();
}

absl::Status Recovery::ForEach(size_t count, absl::FunctionRef<absl::Status(size_t item, std::string& buffer)> work) const {
  std::atomic<size_t> next{0};
  std::vector<absl::Status> results(threads_);
  const auto run = [&](absl::Status& result) {
    std::string buffer;
    for (size_t item = next++; item < count && result.ok(); item = next++) result = work(item, buffer);
  };
  std::vector<std::thread> threads;
  for (size_t t = 1; t < threads_; ++t) threads.emplace_back([&run, &result = results[t]] { run(result); });
  run(results[0]);
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& result : results) {
    if (!result.ok()) return result;
  }
  return absl::OkStatus();
}

absl::Status Recovery::Load(const SnapshotReader& snapshot) {
  const auto in_parallel = [this](size_t count, absl::FunctionRef<absl::Status(size_t item)> work) {
    return ForEach(count, [work](size_t item, std::string&) { return work(item); });
  };
  for (Projection* projection : projections_) {
    const absl::string_view name = projection->MemoName();
    if (name.empty()) continue;
    const absl::Status status = projection->LoadMemo(memos_.Find(name).value_or(""), in_parallel);
    if (!status.ok()) return snapshot.DamageAt(kMemosSection, absl::StrCat(name, ": ", status.message()));
  }
  memos_ = {};
  const absl::Status status =
      ForEach(kPartitions, [&](size_t partition, std::string& buffer) { return LoadPartition(snapshot, partition, buffer); });
  report_.snapshot = snapshot.header().number;
  return status;
}

absl::Status Recovery::LoadPartition(const SnapshotReader& snapshot, size_t partition, std::string& buffer) {
  const absl::StatusOr<absl::string_view> bytes = snapshot.Read(partition, buffer);
  if (!bytes.ok()) return bytes.status();
  const absl::StatusOr<PartitionContents> contents = DecodePartition(*bytes);
  if (!contents.ok()) return snapshot.DamageAt(partition, contents.status().message());
  if (contents->partition.value() != partition || contents->last != snapshot.table()[partition].seq) {
    return snapshot.DamageAt(partition, "the section is not what the table says");
  }
  if (options_.savable != nullptr) {
    if (absl::Status status = options_.savable->Load(*contents); !status.ok()) return status;
  }
  for (Projection* projection : projections_) projection->Restore(*contents);
  report_.snapshot_sequences[partition] = contents->last;
  report_.sequences[partition] = contents->last;
  return absl::OkStatus();
}

absl::Status Recovery::Replay() {
  const SequenceVector after = report_.sequences;
  std::vector<std::unique_ptr<Worker>> workers;
  const auto share = [this](size_t worker) { return [this, worker](const JournalBatch& batch) { return ApplyShare(batch, worker); }; };
  if (threads_ > 1) {
    for (size_t t = 0; t < threads_; ++t) workers.push_back(std::make_unique<Worker>(share(t)));
  }
  const auto alone = share(0);
  absl::Status status = journal_.ReplayBatches(after, [&](SharedBatch batch) -> absl::Status {
    report_.replayed += batch->entries.size();
    if (workers.empty()) return alone(*batch);
    for (const std::unique_ptr<Worker>& worker : workers) {
      if (absl::Status given = worker->Give(batch); !given.ok()) return given;
    }
    return absl::OkStatus();
  });
  for (const std::unique_ptr<Worker>& worker : workers) {
    const absl::Status finished = worker->Finish();
    if (status.ok()) status = finished;
  }
  return status;
}

// Each partition's entries together: what they look at then comes near together.
absl::Status Recovery::ApplyShare(const JournalBatch& batch, size_t worker) {
  std::vector<const JournalEntryView*> own;
  own.reserve(batch.entries.size());
  for (const JournalEntryView& entry : batch.entries) {
    if (entry.partition.value() % threads_ == worker) own.push_back(&entry);
  }
  std::stable_sort(own.begin(), own.end(),
                   [](const JournalEntryView* a, const JournalEntryView* b) { return a->partition.value() < b->partition.value(); });
  const absl::Span<const JournalEntryView* const> entries(own);
  for (size_t begin = 0, end = 0; begin < entries.size(); begin = end) {
    while (end < entries.size() && end - begin < kTogether && entries[end]->partition == entries[begin]->partition) ++end;
    if (absl::Status status = ApplyAll(entries.subspan(begin, end - begin)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Recovery::ApplyAll(absl::Span<const JournalEntryView* const> entries) {
  std::vector<CommittedTransaction> several;
  several.reserve(entries.size());
  absl::InlinedVector<const CommittedTransaction*, kTogether> pointers;
  for (const JournalEntryView* entry : entries) {
    absl::StatusOr<Transaction> transaction = DecodeTransaction(entry->bytes);
    if (!transaction.ok()) {
      return absl::DataLossError(
          absl::StrCat("partition ", entry->partition.value(), ", transaction ", entry->seq.value(), ": ", transaction.status().message()));
    }
    pointers.push_back(
        &several.emplace_back(CommittedTransaction{entry->partition, entry->seq, entry->record_time, *std::move(transaction)}));
  }
  if (!state_.OutlivesProcess()) {
    if (absl::Status status = state_.ApplyAll(pointers); !status.ok()) return status;
  }
  for (Projection* projection : projections_) projection->ApplyAll(pointers);
  report_.sequences[several.back().partition.value()] = several.back().seq;
  return absl::OkStatus();
}

}  // namespace fenfen
