// Directory: which household a card, a door or a WeChat subject belongs to, by their keyed hashes. A projection of the enrolments, and of
// the households' records at a start from a snapshot. Where two households claim a card or a door, the lower number has it, whichever came
// first. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "ledger/core/compact_table.h"
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
  static constexpr size_t kShards = 64;
  // What a hash stands for: a household's place among all, and what of it. 12 bytes, so that millions cost little.
  struct Entry {
    uint32_t hash_low = 0;
    uint32_t hash_high = 0;
    uint32_t place = 0;  // in households_, above 5 bits of what: a member's number, kCard or kDoor
    bool empty() const { return place == 0; }
    uint64_t hash() const { return uint64_t{hash_high} << 32 | hash_low; }
    uint32_t what() const { return place & 31; }
  };
  static constexpr uint32_t kCard = 30;
  static constexpr uint32_t kDoor = 31;
  static constexpr size_t kHouseholdsMax = size_t{1} << 27;
  static constexpr size_t kChunk = 512;
  using Person = std::pair<HouseholdId, uint32_t>;
  struct Shard {
    mutable absl::Mutex mutex;
    CompactTable<Entry, Order::kByDistance> entries ABSL_GUARDED_BY(mutex);
    // Most people are one member of one household; more of them follow here.
    absl::flat_hash_map<uint64_t, std::vector<Person>> more ABSL_GUARDED_BY(mutex);
  };

  static uint64_t SpreadOfEntry(const Entry& entry) { return SpreadOf(entry.hash()); }
  // Keyed hashes are well mixed; mixed once more, the shard's bits are other ones than the slot's in its table.
  static uint64_t SpreadOf(uint64_t hash) { return MixBits(hash); }
  Shard& ShardOf(uint64_t hash) { return shards_[SpreadOf(hash) % kShards]; }
  const Shard& ShardOf(uint64_t hash) const { return shards_[SpreadOf(hash) % kShards]; }
  // A hash of a household, to be entered.
  struct Name {
    uint64_t hash;
    HouseholdId household;
    uint32_t place;  // as in Entry
  };
  // The names in a household's record, whose place among the households is `place`.
  void AddNames(HouseholdId household, absl::string_view record, uint32_t place, std::vector<Name>& names) const;
  void Enter(Shard& shard, const Name& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void EnterAll(Shard& shard, const std::vector<Name>& names);
  // Gives the households places one after another; the first.
  uint32_t PlaceOf(const std::vector<HouseholdId>& households);
  HouseholdId HouseholdAt(uint32_t place) const;
  std::optional<HouseholdId> OwnerOf(uint64_t hash, uint32_t what) const;

  const Extract extract_;
  std::array<Shard, kShards> shards_;
  mutable absl::Mutex households_mutex_;  // taken within a shard's, never around it
  std::vector<std::unique_ptr<HouseholdId[]>> households_ ABSL_GUARDED_BY(households_mutex_);
  size_t count_ ABSL_GUARDED_BY(households_mutex_) = 0;
};

}  // namespace fenfen
