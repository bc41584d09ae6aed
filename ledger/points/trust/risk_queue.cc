#include "ledger/points/trust/risk_queue.h"

#include "fenfen/ledger/v1/trust.pb.h"

namespace fenfen {

RiskQueue::Place RiskQueue::PlaceOf(const Case& one) { return {-one.priority, one.create_micros, one.household.value(), one.number}; }

void RiskQueue::Apply(const CommittedTransaction& committed) {
  if (committed.partition.value() >= kHouseholdPartitions) return;  // the thresholds are there
  for (const RecordChange& change : committed.transaction.changes) {
    if (change.key.kind == RecordKind::kRiskCase) Put(change.key, change.bytes);
  }
}

void RiskQueue::Restore(const PartitionContents& contents) {
  if (contents.partition.value() >= kHouseholdPartitions) return;
  for (const PartitionContents::Record& record : contents.records) {
    if (record.key.kind == RecordKind::kRiskCase) Put(record.key, record.bytes);
  }
}

// The record has all the household's cases that are kept, so they replace what was here.
void RiskQueue::Put(const RecordKey& key, absl::string_view bytes) {
  ledger::v1::RiskRecord record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !record.has_household()) return;
  absl::MutexLock lock(&mutex_);
  std::vector<Place>& places = places_[key.id];
  for (const Place& place : places) cases_.erase(place);
  places.clear();
  for (const ledger::v1::RiskCase& stored : record.household().cases()) {
    Case one;
    one.household = HouseholdId(key.id);
    one.number = stored.number();
    one.region = CatalogueId(stored.region());
    one.signal = stored.evidence().signal();
    one.priority = stored.priority();
    one.create_micros = stored.create_micros();
    one.open = stored.decide_micros() == 0;
    places.push_back(PlaceOf(one));
    cases_[places.back()] = one;
  }
}

std::vector<RiskQueue::Case> RiskQueue::Find(absl::FunctionRef<bool(const Case&)> wanted, const Case* after, size_t limit) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<Case> found;
  for (auto at = after == nullptr ? cases_.begin() : cases_.upper_bound(PlaceOf(*after)); at != cases_.end() && found.size() < limit;
       ++at) {
    if (wanted(at->second)) found.push_back(at->second);
  }
  return found;
}

size_t RiskQueue::Count(absl::FunctionRef<bool(const Case&)> wanted) const {
  absl::ReaderMutexLock lock(&mutex_);
  size_t count = 0;
  for (const auto& [place, one] : cases_) count += wanted(one) ? 1 : 0;
  return count;
}

// A household's number has 53 bits; of its cases the last 32 are kept, so the lower bits of their numbers tell them apart.
uint64_t RiskQueue::PositionOf(const Case& one) { return one.household.value() << 10 | (one.number & 1023); }

std::optional<RiskQueue::Case> RiskQueue::AtPosition(uint64_t position) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto places = places_.find(position >> 10);
  if (places == places_.end()) return std::nullopt;
  for (const Place& place : places->second) {
    const Case& one = cases_.at(place);
    if (PositionOf(one) == position) return one;
  }
  return std::nullopt;
}

}  // namespace fenfen
