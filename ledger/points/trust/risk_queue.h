// Risk queue: which cases wait for a person, the most pressing first, and which were decided. A projection of the households' records,
// which tell everything; what is kept here is where to look, some 100 bytes a case. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "ledger/core/projection.h"

namespace fenfen {

class RiskQueue final : public Projection {
 public:
  struct Case {
    HouseholdId household;
    uint32_t number = 0;  // within the household
    CatalogueId region;
    int32_t signal = 0;  // a v1::RiskSignal
    int32_t priority = 0;
    int64_t create_micros = 0;
    bool open = false;
  };

  void Apply(const CommittedTransaction& committed) override;
  void Restore(const PartitionContents& contents) override;

  // Up to `limit` of those for which `wanted` holds, the highest priority first, then the oldest, then by household and number; after the
  // given one, where there is one. One that is opened meanwhile may be left out, none comes twice.
  std::vector<Case> Find(absl::FunctionRef<bool(const Case&)> wanted, const Case* after, size_t limit) const;
  // How many `wanted` holds for.
  size_t Count(absl::FunctionRef<bool(const Case&)> wanted) const;
  // A case in 64 bits, for page tokens, and the case that has them; nullopt where it is no longer kept.
  static uint64_t PositionOf(const Case& one);
  std::optional<Case> AtPosition(uint64_t position) const;

 private:
  using Place = std::tuple<int32_t, int64_t, uint64_t, uint32_t>;  // priority below zero, time, household, number
  static Place PlaceOf(const Case& one);
  void Put(const RecordKey& key, absl::string_view bytes);

  mutable absl::Mutex mutex_;
  std::map<Place, Case> cases_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<uint64_t, std::vector<Place>> places_ ABSL_GUARDED_BY(mutex_);  // by household
};

}  // namespace fenfen
