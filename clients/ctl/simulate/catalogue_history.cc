#include "clients/ctl/simulate/catalogue_history.h"

#include <algorithm>

#include "ledger/points/stored_message.h"

namespace fenfen::ctl {
namespace {

bool DecidesDrops(RecordKind kind) { return kind == RecordKind::kRegion || kind == RecordKind::kStation || kind == RecordKind::kRuleSet; }

}  // namespace

CatalogueHistory::CatalogueHistory(const std::vector<CommittedTransaction>& committed, const std::optional<v1::RuleSet>& draft) {
  CatalogueStore store;
  if (draft) {
    CommittedTransaction first{kCataloguePartition, PartitionSeq(0), absl::InfinitePast(), {}};
    const RecordKey key{RecordKind::kRuleSet, static_cast<uint64_t>(draft->version())};
    first.transaction.changes.push_back({key, PartitionSeq(0), SerialiseMessage(*draft)});
    store.Apply(first);
  }
  times_.emplace_back(absl::InfinitePast(), store.Snapshot());
  for (const CommittedTransaction& each : committed) {
    CommittedTransaction part{each.partition, each.seq, each.record_time, {}};
    for (const RecordChange& change : each.transaction.changes) {
      if (DecidesDrops(change.key.kind)) part.transaction.changes.push_back(change);
      v1::Budget budget;
      if (change.key.kind != RecordKind::kBudget || !budget.ParseFromString(change.bytes)) continue;
      budgets_[budget.name()] = budget;
    }
    if (part.transaction.changes.empty()) continue;
    store.Apply(part);
    // A clock that was put back does not put the catalogue back.
    times_.emplace_back(std::max(each.record_time, times_.back().first), store.Snapshot());
  }
}

const Catalogue& CatalogueHistory::At(absl::Time record_time) const {
  const auto after = std::upper_bound(times_.begin(), times_.end(), record_time, [](absl::Time t, const auto& at) { return t < at.first; });
  return *(after - 1)->second;
}

}  // namespace fenfen::ctl
