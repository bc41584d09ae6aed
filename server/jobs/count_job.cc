#include "server/jobs/count_job.h"

#include <array>
#include <memory>
#include <optional>

#include "ledger/core/errors.h"
#include "server/jobs/counting.h"

namespace fenfen::server {
namespace {

// Transactions in one call of Redis: some ten changes each, within RedisCounters::kChangesMax.
constexpr uint64_t kStretchMax = 256;

bool IsArchived(const absl::Status& status) { return !status.ok() && RefusalOf(status).reason == Reason::REASON_ENTRY_ARCHIVED; }

// How far each partition is counted, as far as this process knows; what it does not know is asked.
class Counter {
 public:
  explicit Counter(const JobContext& context) : context_(context) {}

  absl::Status Run(const Lease& lease) {
    const std::shared_ptr<const Catalogue> catalogue = context_.catalogue.Snapshot();
    for (uint16_t p = 0; p < kHouseholdPartitions; ++p) {
      if (!lease.Held()) return absl::AbortedError("the lease is lost");
      absl::Status status = CountPartition(PartitionId(p), *catalogue, lease);
      if (absl::IsAborted(status)) counted_[p].reset();  // another counts, or Redis was emptied: asked again the next time
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status CountPartition(PartitionId partition, const Catalogue& catalogue, const Lease& lease) {
    const PartitionSeq last = context_.journal.LastDurable(partition);
    std::optional<PartitionSeq>& counted = counted_[partition.value()];
    // Asked each time that there is something to count, and now and then: Redis may have been emptied meanwhile.
    if (!counted.has_value() || *counted < last || ++idle_runs_[partition.value()] >= kIdleRunsMax) {
      const absl::StatusOr<PartitionSeq> asked = context_.counters->Counted(partition);
      if (!asked.ok()) return asked.status();
      counted = *asked;
      idle_runs_[partition.value()] = 0;
    }
    while (*counted < last && lease.Held()) {
      const PartitionSeq first(counted->value() + 1);
      const PartitionSeq to(std::min(last.value(), counted->value() + kStretchMax));
      absl::Status status = CountStretch(partition, first, to, catalogue);
      if (IsArchived(status)) {
        const absl::StatusOr<PartitionSeq> passed = PassOver(partition, first, last);
        if (!passed.ok()) return passed.status();
        counted = *passed;
        continue;
      }
      if (!status.ok()) return status;
      counted = to;
    }
    return absl::OkStatus();
  }

  absl::Status CountStretch(PartitionId partition, PartitionSeq first, PartitionSeq last, const Catalogue& catalogue) {
    std::vector<CounterChange> changes;
    PartitionSeq seen(first.value() - 1);
    const absl::Time now = context_.clock.Now();
    const absl::Status read = context_.journal.ReadRanges({{partition, first, last}}, [&](JournalEntry entry) -> absl::Status {
      absl::StatusOr<Transaction> transaction = DecodeTransaction(entry.bytes);
      if (!transaction.ok()) return transaction.status();
      seen = entry.seq;
      const CommittedTransaction committed{partition, entry.seq, entry.record_time, *std::move(transaction)};
      for (CounterChange& change : CountersOf(committed, catalogue, context_.zone)) {
        if (change.expires > now) changes.push_back(std::move(change));
      }
      return absl::OkStatus();
    });
    if (!read.ok()) return read;
    if (seen != last) return absl::UnavailableError("the journal does not give all that it has");
    return context_.counters->Add(partition, first, last, changes);
  }

  // What is archived is older than any counter: counting begins behind it. `first` is archived.
  absl::StatusOr<PartitionSeq> PassOver(PartitionId partition, PartitionSeq first, PartitionSeq last) {
    uint64_t archived = first.value();
    uint64_t there = last.value() + 1;
    while (archived + 1 < there) {
      const uint64_t middle = archived + (there - archived) / 2;
      const absl::StatusOr<JournalEntry> entry = context_.journal.Read(partition, PartitionSeq(middle));
      if (!entry.ok() && !IsArchived(entry.status())) return entry.status();
      (entry.ok() ? there : archived) = middle;
    }
    const PartitionSeq passed(archived);
    if (absl::Status status = context_.counters->Add(partition, first, passed, {}); !status.ok()) return status;
    return passed;
  }

  static constexpr int kIdleRunsMax = 10;

  const JobContext context_;
  std::array<std::optional<PartitionSeq>, kHouseholdPartitions> counted_;
  std::array<int, kHouseholdPartitions> idle_runs_{};
};

}  // namespace

TimerJob CountJob(const JobContext& context) {
  const auto counter = std::make_shared<Counter>(context);
  return {"count", absl::Seconds(1), [counter](const Lease& lease) { return counter->Run(lease); }};
}

}  // namespace fenfen::server
