// CatalogueHistory: the catalogue as it was at each moment of the journal, as far as a drop's worth depends on it: regions, stations and
// rules; and, where draft rules are tried, with them above all others from their first day on.
//
// Budgets stop nothing in it: which drops a used-up budget cut stands in their entries. Immutable once made, so thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fenfen/v1/budget.pb.h"
#include "ledger/points/catalogue.h"

namespace fenfen::ctl {

class CatalogueHistory {
 public:
  // `committed`: of the catalogue's partition, in order. `draft`: checked, its version above all others'.
  CatalogueHistory(const std::vector<CommittedTransaction>& committed, const std::optional<v1::RuleSet>& draft);

  // What was in force for a decision recorded at that time.
  const Catalogue& At(absl::Time record_time) const;
  const Catalogue& Last() const { return *times_.back().second; }
  // As they stand in the end, by name.
  const std::map<std::string, v1::Budget>& budgets() const { return budgets_; }

 private:
  std::vector<std::pair<absl::Time, std::shared_ptr<const Catalogue>>> times_;  // never empty; the first is from ever on
  std::map<std::string, v1::Budget> budgets_;
};

}  // namespace fenfen::ctl
