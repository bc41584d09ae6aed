// Corrections: which adjustments are proposed and which entries are appealed against, newest first, for those who decide them. A projection
// of their records, which tell everything; so what is kept here is where to look. Some 100 bytes each; they are as rare as disputes.
// Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "ledger/core/projection.h"

namespace fenfen {

class Corrections final : public Projection {
 public:
  enum class List : uint8_t { kProposals = 0, kAppeals = 1 };

  struct Case {
    HouseholdId household;
    CatalogueId region;    // where it lay
    int64_t micros = 0;    // when it was proposed or appealed against last, since 1970
    bool open = false;     // nobody has decided
    int32_t last_day = 0;  // on which somebody can; INT32_MAX for no end
  };
  // What a record says; given by whoever knows its form, nullopt for a record that is no proposal and has no appeal.
  using Extract = std::optional<Case> (*)(const RecordKey& key, absl::string_view bytes);
  explicit Corrections(Extract extract) : extract_(extract) {}

  void Apply(const CommittedTransaction& committed) override;
  void Restore(const PartitionContents& contents) override;

  struct Found {
    uint64_t id = 0;  // of the record
    HouseholdId household;
  };
  // Up to `limit` of those for which `wanted` holds, newest first, after the one of id `after` (0: from the first). One that changes
  // meanwhile may come twice, none is left out.
  std::vector<Found> Find(List list, absl::FunctionRef<bool(const Case&)> wanted, uint64_t after, size_t limit) const;

 private:
  using Place = std::pair<int64_t, uint64_t>;  // time and id
  struct Cases {
    std::map<Place, Case> by_time;
    absl::flat_hash_map<uint64_t, int64_t> times;
  };
  void Put(const RecordKey& key, absl::string_view bytes);

  const Extract extract_;
  mutable absl::Mutex mutex_;
  std::array<Cases, 2> lists_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
