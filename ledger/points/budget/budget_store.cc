#include "ledger/points/budget/budget_store.h"

#include <utility>

#include "ledger/core/check.h"
#include "ledger/points/budget/stopped_budgets.h"

namespace fenfen {

void BudgetStore::Apply(const CommittedTransaction& committed) {
  if (committed.partition != kCataloguePartition) return;
  for (const RecordChange& change : committed.transaction.changes) Take(change.key, committed.seq, change.bytes);
}

void BudgetStore::Restore(const PartitionContents& contents) {
  if (contents.partition != kCataloguePartition) return;
  for (const PartitionContents::Record& record : contents.records) Take(record.key, record.version, record.bytes);
}

void BudgetStore::Take(const RecordKey& key, PartitionSeq version, absl::string_view bytes) {
  if (key.kind != RecordKind::kBudget) return;
  Stored stored;
  FENFEN_CHECK(stored.budget.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  std::optional<BudgetName> name = ParseBudgetName(stored.budget.name());
  FENFEN_CHECK(name.has_value());
  stored.version = version;
  stored.month = name->month;
  stored.region = std::move(name->region);
  const std::string text = stored.budget.name();
  absl::MutexLock lock(&mutex_);
  budgets_[text] = std::move(stored);
}

std::vector<BudgetStore::Stored> BudgetStore::OfMonths(int32_t first, int32_t last) const {
  std::vector<Stored> found;
  absl::ReaderMutexLock lock(&mutex_);
  for (const auto& [name, stored] : budgets_) {
    if (first <= stored.month && stored.month <= last) found.push_back(stored);
  }
  return found;
}

std::optional<BudgetStore::Stored> BudgetStore::Find(const std::string& name) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto found = budgets_.find(name);
  if (found == budgets_.end()) return std::nullopt;
  return found->second;
}

}  // namespace fenfen
