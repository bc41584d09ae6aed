// Directory: which household a card, a door or a WeChat subject belongs to, by their keyed hashes, and who left theirs. A projection of all
// transactions that change a household's names, and of the households' records at a start from a snapshot. Where two households claim a
// card or a door, the lower number has it, whichever came first, and the other has it once that one gives it up. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
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
    std::vector<uint32_t> left = {};  // numbers of members who are no longer there
  };
  using Extract = std::optional<Enrolled> (*)(absl::string_view household_record);
  // What the household of a transaction, no enrolment, was known by before it; nullopt where the transaction changes none of it. Asked of
  // every transaction, so it must be quick to say no. The directory cannot tell by itself: it has no list of a household's names.
  using Former = std::optional<Enrolled> (*)(const Transaction& transaction);
  explicit Directory(Extract extract, Former former = nullptr) : extract_(extract), former_(former) {}

  void Apply(const CommittedTransaction& committed) override;
  void ApplyAll(absl::Span<const CommittedTransaction* const> several) override;
  void Restore(const PartitionContents& contents) override;

  std::optional<HouseholdId> ByCard(uint64_t card_hash) const;
  std::optional<HouseholdId> ByDoor(uint64_t door_hash) const;
  // The households and member numbers that a person is, in their order; mostly none or one.
  std::vector<std::pair<HouseholdId, uint32_t>> BySubject(uint64_t subject_hash) const;
  // False where a person is one member of one household at most, or nobody. Cheaper than BySubject, for those who ask for all.
  bool MayBeSeveral(uint64_t subject_hash) const;

  // Whether the household's member of that number is no longer one: left, or gone to another household in a merge or a split.
  bool HasLeft(HouseholdId household, uint32_t member) const;

  // Up to `count` households from the `first`th on, in no order that means anything, for work that walks all of them; fewer at the end. New
  // ones come at the end; one may come twice.
  std::vector<HouseholdId> Households(size_t first, size_t count) const;

 private:
  static constexpr size_t kShards = 64;
  // What a hash stands for: a household's place among all, and what of it. 12 bytes, so that millions cost little.
  struct Entry {
    uint32_t hash_low = 0;
    uint32_t hash_high = 0;
    uint32_t place = 0;  // in households_, above 5 bits of what: a member's number, kCard or kDoor; kNobody where it was given up
    bool empty() const { return place == 0; }
    uint64_t hash() const { return uint64_t{hash_high} << 32 | hash_low; }
    uint32_t what() const { return place & 31; }
  };
  static constexpr uint32_t kCard = 30;
  static constexpr uint32_t kDoor = 31;
  static constexpr size_t kHouseholdsMax = size_t{1} << 27;
  // A place that no household has, and no member's number, card or door. The table cannot let go of an entry.
  static constexpr uint32_t kNobody = (uint32_t{kHouseholdsMax} - 1) << 5;
  static constexpr size_t kChunk = 512;
  using Person = std::pair<HouseholdId, uint32_t>;
  struct Shard {
    mutable absl::Mutex mutex;
    CompactTable<Entry, Order::kByDistance> entries ABSL_GUARDED_BY(mutex);
    // Most people are one member of one household, and a card or door is one household's; other claims to the same hash follow here, as
    // Entry::place has them.
    absl::flat_hash_map<uint64_t, std::vector<uint32_t>> more ABSL_GUARDED_BY(mutex);
    bool given_up ABSL_GUARDED_BY(mutex) = false;  // an entry is kNobody's
  };

  static bool IsPerson(uint32_t what) { return what != 0 && what < kCard; }
  // A person has several places at once; a card is not in the way of a door.
  static bool SameSort(uint32_t a, uint32_t b) { return IsPerson(a) ? IsPerson(b) : a == b; }
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
    uint32_t what() const { return place & 31; }
    bool Is(const Name& other) const { return hash == other.hash && what() == other.what(); }
  };
  // The names in a household's record, whose place among the households is `place`.
  static void AddNames(HouseholdId household, const Enrolled& enrolled, uint32_t place, std::vector<Name>& names);
  // Those of newly enrolled households are added to `enrolled`, so that the memory of many comes near together.
  void Take(const Transaction& transaction, std::vector<Name>& enrolled);
  // Names of one household that stay are in neither.
  void Change(std::vector<Name> gone, std::vector<Name> come);
  void Enter(Shard& shard, const Name& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void GiveUp(Shard& shard, const Name& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  bool IsAt(uint32_t place, const Name& name) const { return (place & 31) == name.what() && HouseholdAt(place >> 5) == name.household; }
  // The place among the households of one that has one of these names; a new one where none is found.
  uint32_t PlaceWith(HouseholdId household, const std::vector<Name>& names);
  void EnterAll(Shard& shard, const std::vector<Name>& names);
  // Gives the households places one after another; the first.
  uint32_t PlaceOf(const std::vector<HouseholdId>& households);
  HouseholdId HouseholdAt(uint32_t place) const;
  std::optional<HouseholdId> OwnerOf(uint64_t hash, uint32_t what) const;
  void SetLeft(HouseholdId household, const Enrolled& enrolled);

  const Extract extract_;
  const Former former_;
  std::array<Shard, kShards> shards_;
  mutable absl::Mutex households_mutex_;  // taken within a shard's, never around it
  std::vector<std::unique_ptr<HouseholdId[]>> households_ ABSL_GUARDED_BY(households_mutex_);
  size_t count_ ABSL_GUARDED_BY(households_mutex_) = 0;
  mutable absl::Mutex left_mutex_;
  absl::flat_hash_set<Person> left_ ABSL_GUARDED_BY(left_mutex_);  // few: most people stay
};

}  // namespace fenfen
