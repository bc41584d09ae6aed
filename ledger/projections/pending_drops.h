// PendingDrops: which drops wait to be credited, the oldest first for those who decide them, and by the time at which they are decided by
// themselves for the job that does it. A projection of their records, which tell everything; so what is kept here is where to look. Some
// 250 bytes each, and gone once it is decided. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/core/projection.h"

namespace fenfen {

class PendingDrops final : public Projection {
 public:
  struct Waiting {
    HouseholdId household;
    CatalogueId region;         // where it lay
    uint64_t bag = 0;           // the tagged bag that it is in; 0 for none
    int64_t create_micros = 0;  // since 1970
    int64_t due_micros = 0;     // 0 where it waits for a person
  };
  // What a record says; given by whoever knows its form. nullopt for one that does not wait any more.
  using Extract = std::optional<Waiting> (*)(absl::string_view pending_drop_record);
  explicit PendingDrops(Extract extract) : extract_(extract) {}

  void Apply(const CommittedTransaction& committed) override;
  void Restore(const PartitionContents& contents) override;

  // When a drop was recorded, and its record's id: its place in the list, whether or not it still waits.
  using Place = std::pair<int64_t, uint64_t>;
  struct Found {
    Place place;
    Waiting waiting;
  };
  // Up to `limit` of those for which `wanted` holds, the oldest first, after `after`.
  std::vector<Found> Find(absl::FunctionRef<bool(const Waiting&)> wanted, Place after, size_t limit) const;
  // The same of one household, whatever else waits.
  std::vector<Found> FindOf(HouseholdId household, Place after, size_t limit) const;
  // Up to `limit` of those whose time has come, the earliest first.
  std::vector<Found> Due(absl::Time now, size_t limit) const;
  size_t size() const;

 private:
  void Put(uint64_t id, absl::string_view bytes);

  const Extract extract_;
  mutable absl::Mutex mutex_;
  std::map<Place, Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  std::map<Place, Place> due_ ABSL_GUARDED_BY(mutex_);  // by due time and id
  std::set<std::pair<HouseholdId, Place>> of_households_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<uint64_t, int64_t> times_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
