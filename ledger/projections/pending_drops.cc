#include "ledger/projections/pending_drops.h"

namespace fenfen {

void PendingDrops::Apply(const CommittedTransaction& committed) {
  switch (committed.transaction.kind) {
    case TransactionKind::kPendingDrop:
    case TransactionKind::kRelease:
    case TransactionKind::kRejection:
      break;
    default:
      return;
  }
  for (const RecordChange& change : committed.transaction.changes) {
    if (change.key.kind == RecordKind::kPendingDrop) Put(change.key.id, change.bytes);
  }
}

void PendingDrops::Restore(const PartitionContents& contents) {
  for (const PartitionContents::Record& record : contents.records) {
    if (record.key.kind == RecordKind::kPendingDrop) Put(record.key.id, record.bytes);
  }
}

void PendingDrops::Put(uint64_t id, absl::string_view bytes) {
  const std::optional<Waiting> waiting = extract_(bytes);
  absl::MutexLock lock(&mutex_);
  if (const auto time = times_.find(id); time != times_.end()) {
    const auto former = waiting_.find({time->second, id});
    due_.erase({former->second.due_micros, id});
    of_households_.erase({former->second.household, former->first});
    waiting_.erase(former);
    times_.erase(time);
  }
  if (!waiting) return;
  const Place place{waiting->create_micros, id};
  times_[id] = waiting->create_micros;
  waiting_[place] = *waiting;
  of_households_.insert({waiting->household, place});
  if (waiting->due_micros != 0) due_[{waiting->due_micros, id}] = place;
}

std::vector<PendingDrops::Found> PendingDrops::Find(absl::FunctionRef<bool(const Waiting&)> wanted, Place after, size_t limit) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<Found> found;
  for (auto at = waiting_.upper_bound(after); at != waiting_.end() && found.size() < limit; ++at) {
    if (wanted(at->second)) found.push_back({at->first, at->second});
  }
  return found;
}

std::vector<PendingDrops::Found> PendingDrops::FindOf(HouseholdId household, Place after, size_t limit) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<Found> found;
  for (auto at = of_households_.upper_bound({household, after}); at != of_households_.end() && at->first == household; ++at) {
    if (found.size() >= limit) break;
    found.push_back({at->second, waiting_.at(at->second)});
  }
  return found;
}

std::vector<PendingDrops::Found> PendingDrops::Due(absl::Time now, size_t limit) const {
  const int64_t micros = absl::ToUnixMicros(now);
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<Found> found;
  for (auto at = due_.begin(); at != due_.end() && at->first.first <= micros && found.size() < limit; ++at) {
    found.push_back({at->second, waiting_.at(at->second)});
  }
  return found;
}

size_t PendingDrops::size() const {
  absl::ReaderMutexLock lock(&mutex_);
  return waiting_.size();
}

}  // namespace fenfen
