#include "ledger/engine/read_ahead.h"

#include <algorithm>
#include <utility>

namespace fenfen {
namespace {

// The first range of a partition, whose entries' length is not known yet. The catalogue's can be large.
constexpr uint64_t kFirstEntries = 64;
constexpr uint64_t kFirstOfCatalogue = 4;

}  // namespace

ReadAhead::~ReadAhead() {
  std::thread ending;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    ending.swap(thread_);
  }
  if (ending.joinable()) ending.join();
}

absl::StatusOr<std::string> ReadAhead::Read(PartitionId partition, PartitionSeq seq) {
  bool in_order = false;
  uint64_t count = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (auto entry = TakePresent(partition, seq.value())) return *std::move(entry);
    const auto is_ordered = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return ordered_ && ordered_->partition == partition && seq >= ordered_->first && seq <= ordered_->last;
    };
    const auto is_read = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !is_ordered(); };
    mutex_.Await(absl::Condition(&is_read));
    if (ahead_ && ahead_->Holds(partition, seq.value())) {
      present_ = *std::exchange(ahead_, std::nullopt);
      Order();
      return *TakePresent(partition, seq.value());
    }
    in_order = partition == last_partition_ && seq.value() == last_ + 1;
    if (partition != last_partition_) next_count_ = partition == kCataloguePartition ? kFirstOfCatalogue : kFirstEntries;
    last_partition_ = partition;
    last_ = seq.value();
    count = next_count_;
  }
  if (!in_order) return ReadOne(partition, seq);
  Stretch stretch = Fetch(partition, seq.value(), count);
  // The journal itself says why, where the entry is not to be had.
  if (stretch.entries.empty()) return ReadOne(partition, seq);
  absl::MutexLock lock(&mutex_);
  Learn(stretch);
  present_ = std::move(stretch);
  Order();
  return *TakePresent(partition, seq.value());
}

absl::StatusOr<std::string> ReadAhead::ReadOne(PartitionId partition, PartitionSeq seq) {
  absl::StatusOr<JournalEntry> entry = journal_.Read(partition, seq);
  if (!entry.ok()) return entry.status();
  return std::move(entry->bytes);
}

std::optional<std::string> ReadAhead::TakePresent(PartitionId partition, uint64_t seq) {
  if (!present_.Holds(partition, seq)) return std::nullopt;
  present_.entries.erase(present_.entries.begin(), present_.entries.begin() + static_cast<ptrdiff_t>(seq - present_.first));
  std::string entry = std::move(present_.entries.front());
  present_.entries.pop_front();
  present_.first = seq + 1;
  last_partition_ = partition;
  last_ = seq;
  return entry;
}

// What is there of the range; an error is met again by who reads one by one.
ReadAhead::Stretch ReadAhead::Fetch(PartitionId partition, uint64_t first, uint64_t count) {
  Stretch stretch{partition, first, {}};
  const uint64_t last = std::min(first + count - 1, journal_.LastDurable(partition).value());
  if (first > last) return stretch;
  journal_
      .ReadRanges({{partition, PartitionSeq(first), PartitionSeq(last)}},
                  [&](JournalEntry entry) -> absl::Status {
                    if (entry.seq.value() != first + stretch.entries.size()) return absl::OutOfRangeError("a gap");
                    stretch.entries.push_back(std::move(entry.bytes));
                    return absl::OkStatus();
                  })
      .IgnoreError();
  return stretch;
}

// Another partition's may be quite different.
void ReadAhead::Learn(const Stretch& stretch) {
  if (stretch.partition != last_partition_) return;
  size_t bytes = 0;
  for (const std::string& entry : stretch.entries) bytes += entry.size();
  if (bytes > 0) next_count_ = std::clamp<uint64_t>(kRangeBytes * stretch.entries.size() / bytes, 1, kRangeEntriesMax);
}

// Has the thread read what follows the present ones.
void ReadAhead::Order() {
  const uint64_t first = present_.first + present_.entries.size();
  if (ordered_ || stopping_ || journal_.LastDurable(present_.partition).value() < first) return;
  ahead_.reset();
  ordered_ = Journal::Range{present_.partition, PartitionSeq(first), PartitionSeq(first + next_count_ - 1)};
  if (!thread_.joinable()) thread_ = std::thread([this] { Loop(); });
}

void ReadAhead::Loop() {
  while (true) {
    Journal::Range range;
    {
      absl::MutexLock lock(&mutex_);
      const auto wanted = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || ordered_; };
      mutex_.Await(absl::Condition(&wanted));
      if (stopping_) return;
      range = *ordered_;
    }
    Stretch stretch = Fetch(range.partition, range.first.value(), range.last.value() - range.first.value() + 1);
    absl::MutexLock lock(&mutex_);
    Learn(stretch);
    ahead_ = std::move(stretch);
    ordered_.reset();
  }
}

}  // namespace fenfen
