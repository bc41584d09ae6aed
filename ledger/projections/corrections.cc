#include "ledger/projections/corrections.h"

namespace fenfen {
namespace {

bool IsOurs(const RecordKey& key) { return key.kind == RecordKind::kProposal || key.kind == RecordKind::kAppeal; }

}  // namespace

void Corrections::Apply(const CommittedTransaction& committed) {
  for (const RecordChange& change : committed.transaction.changes) {
    if (IsOurs(change.key)) Put(change.key, change.bytes);
  }
}

void Corrections::Restore(const PartitionContents& contents) {
  for (const PartitionContents::Record& record : contents.records) {
    if (IsOurs(record.key)) Put(record.key, record.bytes);
  }
}

void Corrections::Put(const RecordKey& key, absl::string_view bytes) {
  const std::optional<Case> found = extract_(key, bytes);
  if (!found) return;
  absl::MutexLock lock(&mutex_);
  Cases& cases = lists_[key.kind == RecordKind::kAppeal ? 1 : 0];
  const auto [time, is_new] = cases.times.try_emplace(key.id, found->micros);
  if (!is_new) cases.by_time.erase({time->second, key.id});
  time->second = found->micros;
  cases.by_time[{found->micros, key.id}] = *found;
}

std::vector<Corrections::Found> Corrections::Find(List list, absl::FunctionRef<bool(const Case&)> wanted, uint64_t after,
                                                  size_t limit) const {
  absl::ReaderMutexLock lock(&mutex_);
  const Cases& cases = lists_[static_cast<size_t>(list)];
  auto end = cases.by_time.end();
  if (after != 0) {
    const auto time = cases.times.find(after);
    if (time == cases.times.end()) return {};
    end = cases.by_time.find({time->second, after});
  }
  std::vector<Found> found;
  for (auto at = std::make_reverse_iterator(end); at != cases.by_time.rend() && found.size() < limit; ++at) {
    if (wanted(at->second)) found.push_back({at->first.second, at->second.household});
  }
  return found;
}

}  // namespace fenfen
