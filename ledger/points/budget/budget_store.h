// BudgetStore: all budgets as they were last written, folded from the catalogue's partition: what the job and the service look through.
// What a drop's decision knows of them is in the catalogue's own snapshot (stopped_budgets.h). Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "fenfen/v1/budget.pb.h"
#include "ledger/core/projection.h"

namespace fenfen {

class BudgetStore final : public Projection {
 public:
  struct Stored {
    v1::Budget budget;
    PartitionSeq version;
    int32_t month = 0;  // MonthNumber
    std::string region;
  };
  void Apply(const CommittedTransaction& committed) override;
  void Restore(const PartitionContents& contents) override;

  // Those of the months from `first` to `last`, by name.
  std::vector<Stored> OfMonths(int32_t first, int32_t last) const;
  std::optional<Stored> Find(const std::string& name) const;

 private:
  void Take(const RecordKey& key, PartitionSeq version, absl::string_view bytes);

  mutable absl::Mutex mutex_;
  std::map<std::string, Stored> budgets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
