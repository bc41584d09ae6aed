// Directory: which household a card, a door or a WeChat subject belongs to, by their keyed hashes. A projection of the enrolments, and of
// the households' records at a start from a snapshot. Where two households claim a card or a door, the lower number has it, whichever came
// first. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "ledger/core/projection.h"

namespace fenfen {

class Directory final : public Projection {
 public:
  // What the directory takes from a household's record; given by whoever knows its form, nullopt where the bytes do not have it.
  struct Enrolled {
    uint64_t card_hash = 0;
    uint64_t door_hash = 0;
    std::vector<uint64_t> members;
  };
  using Extract = std::optional<Enrolled> (*)(absl::string_view household_record);
  explicit Directory(Extract extract) : extract_(extract) {}

  void Apply(const CommittedTransaction& committed) override;
  void Restore(const PartitionContents& contents) override;

  std::optional<HouseholdId> ByCard(uint64_t card_hash) const;
  std::optional<HouseholdId> ByDoor(uint64_t door_hash) const;
  // The households and member numbers that a person is, in their order; mostly none or one.
  std::vector<std::pair<HouseholdId, uint32_t>> BySubject(uint64_t subject_hash) const;

 private:
  void Add(HouseholdId household, absl::string_view record);

  const Extract extract_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<uint64_t, HouseholdId> cards_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<uint64_t, HouseholdId> doors_ ABSL_GUARDED_BY(mutex_);
  // Most people are one member of one household; more of them follow in `more_`.
  absl::flat_hash_map<uint64_t, std::pair<HouseholdId, uint32_t>> subjects_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<uint64_t, std::vector<std::pair<HouseholdId, uint32_t>>> more_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
