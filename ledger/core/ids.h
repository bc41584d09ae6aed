// Strong types for identifiers, so that a household is never mistaken for a voucher, and the one function that places households in
// partitions.
#pragma once

#include <compare>
#include <cstdint>
#include <utility>

#include "absl/strings/string_view.h"

namespace fenfen {

// An integer that only compares and hashes.
template <typename Tag, typename Rep>
class StrongId {
 public:
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  friend constexpr auto operator<=>(StrongId, StrongId) = default;
  template <typename H>
  friend H AbslHashValue(H state, StrongId id) {
    return H::combine(std::move(state), id.value_);
  }

 private:
  Rep value_ = 0;
};

using PartitionId = StrongId<struct PartitionTag, uint16_t>;  // 0…255 households, 256 the catalogue
using PartitionSeq = StrongId<struct SeqTag, uint64_t>;       // 1, 2, 3… within a partition; 0 = none yet
using HouseholdId = StrongId<struct HouseholdTag, uint64_t>;  // 1…2^53 − 1
using CatalogueId = StrongId<struct CatalogueTag, uint64_t>;  // hash of a resource name such as "stations/ab-12"
using VoucherId = StrongId<struct VoucherTag, uint64_t>;      // the partition in the top 8 bits

inline constexpr uint16_t kHouseholdPartitions = 256;
inline constexpr PartitionId kCataloguePartition{256};
inline constexpr uint16_t kPartitions = 257;

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): spreads consecutive numbers over all bits. On disk, do not change: it decides
// which partition a household's history lies in.
constexpr uint64_t MixBits(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

constexpr PartitionId PartitionOf(HouseholdId household) {
  return PartitionId(static_cast<uint16_t>(MixBits(household.value()) % kHouseholdPartitions));
}
constexpr PartitionId PartitionOf(VoucherId voucher) { return PartitionId(static_cast<uint16_t>(voucher.value() >> 56)); }

// FNV-1a, 64 bits, finished by MixBits: stable over versions and machines. On disk, do not change.
constexpr uint64_t StableHash(absl::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return MixBits(hash);
}
constexpr CatalogueId CatalogueIdOf(absl::string_view resource_name) { return CatalogueId(StableHash(resource_name)); }

}  // namespace fenfen
