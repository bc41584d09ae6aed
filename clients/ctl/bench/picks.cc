#include "clients/ctl/bench/picks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace fenfen::bench {
namespace {

constexpr size_t kPicks = 1 << 20;
constexpr uint64_t kSeed = 20260101;

// A rank from 0 to count − 1. For Zipf's law with exponent 1 the logarithm of the rank is uniform.
uint32_t Rank(std::mt19937_64& random, Spread spread, uint32_t count) {
  const double unit = std::uniform_real_distribution<double>(0, 1)(random);
  const double rank = spread == Spread::kUniform ? unit * count : std::pow(count + 1.0, unit) - 1;
  return std::min(count - 1, static_cast<uint32_t>(rank));
}

}  // namespace

Picks::Picks(uint32_t accounts, Spread spread) : accounts_(accounts) {
  std::array<std::vector<uint32_t>, kHouseholdPartitions> partitions;
  for (uint32_t account = 0; account < accounts; ++account) partitions[PartitionOf(HouseholdOf(account)).value()].push_back(account);
  std::mt19937_64 random(kSeed);
  picks_.reserve(kPicks);
  while (picks_.size() < kPicks) {
    // The busy ones lie anywhere, not side by side.
    const auto from = static_cast<uint32_t>(MixBits(Rank(random, spread, accounts)) % accounts);
    const std::vector<uint32_t>& neighbours = partitions[PartitionOf(HouseholdOf(from)).value()];
    const auto size = static_cast<uint32_t>(neighbours.size());
    if (size < 2) continue;
    const uint32_t at = Rank(random, spread, size);
    picks_.push_back({from, neighbours[at] != from ? neighbours[at] : neighbours[(at + 1) % size]});
  }
}

}  // namespace fenfen::bench
