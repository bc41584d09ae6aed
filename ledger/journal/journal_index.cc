#include "ledger/journal/journal_index.h"

#include <algorithm>

#include "ledger/core/check.h"

namespace fenfen {

void JournalIndex::BeginAt(const JournalStart& start) {
  absl::MutexLock held(&mutex_);
  FENFEN_CHECK(open_.empty() && sealed_.empty());
  begin_ = start;
  end_ = start;
}

void JournalIndex::AddSealed(const IndexHead& head) {
  absl::MutexLock held(&mutex_);
  FENFEN_CHECK(open_.empty() && (sealed_.empty() || head.start == end_));
  sealed_.push_back(head);
  end_ = head.Next();
}

bool JournalIndex::AddGroup(const segment::Header& segment, absl::Span<const IndexedRecord> records, uint64_t end) {
  absl::MutexLock held(&mutex_);
  const bool begins = open_.empty() || open_.back()->number() != segment.number;
  if (begins) {
    FENFEN_CHECK(segment.number == end_.segment + (open_.empty() ? 0 : 1));
    end_.journal_id = segment.journal_id;
    end_.segment = segment.number;
    open_.push_back(std::make_shared<SegmentIndex>(end_));
  }
  open_.back()->AddGroup(records, end);
  ++end_.groups;
  for (const IndexedRecord& record : records) end_.last[record.partition.value()] = record.seq;
  return begins;
}

std::optional<JournalPosition> JournalIndex::Find(PartitionId partition, PartitionSeq seq) const {
  if (partition.value() >= kPartitions) return std::nullopt;
  absl::ReaderMutexLock held(&mutex_);
  for (auto index = open_.rbegin(); index != open_.rend(); ++index) {
    if (const std::optional<uint32_t> offset = (*index)->Find(partition, seq)) return JournalPosition{(*index)->number(), false, *offset};
  }
  // The last segment with something before `seq`.
  const auto behind =
      std::partition_point(sealed_.begin(), sealed_.end(), [&](const IndexHead& head) { return head.start.last[partition.value()] < seq; });
  if (behind == sealed_.begin()) return std::nullopt;
  const IndexHead& head = *std::prev(behind);
  const std::optional<uint32_t> rank = head.Rank(partition, seq);
  if (!rank) return std::nullopt;
  return JournalPosition{head.start.segment, true, *rank};
}

PartitionSeq JournalIndex::Last(PartitionId partition) const {
  absl::ReaderMutexLock held(&mutex_);
  return end_.last[partition.value()];
}

JournalStart JournalIndex::StartFor(const SequenceVector& after) const {
  absl::ReaderMutexLock held(&mutex_);
  const auto covered = [&](const IndexHead& head) {
    for (uint16_t p = 0; p < kPartitions; ++p) {
      const PartitionId partition(p);
      if (head.records_of(partition) > 0 && head.start.last[p].value() + head.records_of(partition) > after[p].value()) return false;
    }
    return true;
  };
  const auto first = std::find_if_not(sealed_.begin(), sealed_.end(), covered);
  if (first != sealed_.end()) return first->start;
  if (!sealed_.empty()) return sealed_.back().Next();
  return open_.empty() ? end_ : open_.front()->start();
}

JournalStart JournalIndex::Begin() const {
  absl::ReaderMutexLock held(&mutex_);
  return begin_;
}

bool JournalIndex::IsBeforeBegin(PartitionId partition, PartitionSeq seq) const {
  if (partition.value() >= kPartitions) return false;
  absl::ReaderMutexLock held(&mutex_);
  return seq != PartitionSeq(0) && seq <= begin_.last[partition.value()];
}

JournalStart JournalIndex::End() const {
  absl::ReaderMutexLock held(&mutex_);
  return end_;
}

std::shared_ptr<const SegmentIndex> JournalIndex::NextToSeal() const {
  absl::ReaderMutexLock held(&mutex_);
  return open_.size() > 1 ? open_.front() : nullptr;
}

void JournalIndex::Seal(const IndexHead& head) {
  std::shared_ptr<SegmentIndex> dropped;  // freed outside the lock
  absl::MutexLock held(&mutex_);
  FENFEN_CHECK(!open_.empty() && open_.front()->number() == head.start.segment);
  sealed_.push_back(head);
  dropped = std::move(open_.front());
  open_.pop_front();
}

uint32_t JournalIndex::LastSealed() const {
  absl::ReaderMutexLock held(&mutex_);
  return sealed_.empty() ? 0 : sealed_.back().start.segment;
}

std::optional<IndexHead> JournalIndex::SealedHead(uint32_t segment) const {
  absl::ReaderMutexLock held(&mutex_);
  if (sealed_.empty() || segment < sealed_.front().start.segment || segment > sealed_.back().start.segment) return std::nullopt;
  return sealed_[segment - sealed_.front().start.segment];
}

std::optional<IndexHead> JournalIndex::Oldest() const {
  absl::ReaderMutexLock held(&mutex_);
  if (sealed_.size() < 2) return std::nullopt;
  return sealed_.front();
}

void JournalIndex::DropOldest() {
  absl::MutexLock held(&mutex_);
  FENFEN_CHECK(sealed_.size() >= 2);
  begin_ = sealed_.front().Next();
  sealed_.pop_front();
}

}  // namespace fenfen
