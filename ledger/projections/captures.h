// Captures: what each merchant captured, by day, newest first. A projection of the captures' postings. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/core/projection.h"

namespace fenfen {

class Captures final : public Projection {
 public:
  // Where a capture's transaction is found, and what it is owed.
  struct Capture {
    PartitionId partition;
    PartitionSeq seq;
    Points amount;
  };
  struct Page {
    std::vector<Capture> captures;  // newest first
    size_t day_count = 0;
    Points day_amount;
  };

  // Days are days in `zone`.
  explicit Captures(absl::TimeZone zone) : zone_(zone) {}
  void Apply(const CommittedTransaction& committed) override;

  // A merchant's captures of one day, from the `skip`th newest on.
  Page OfDay(CatalogueId merchant, int32_t day, size_t skip, size_t limit) const;

 private:
  struct Day {
    std::vector<Capture> captures;  // in the order in which they came
    int64_t amount = 0;
  };
  const absl::TimeZone zone_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<CatalogueId, std::map<int32_t, Day>> merchants_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
