// Picks: which accounts the transfers of a benchmark go between, drawn ahead, so that bare and ours do the same and neither pays for
// drawing. Both accounts of a pick lie in one partition.
//
// Immutable, so thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "ledger/core/ids.h"

namespace fenfen::bench {

// How the accounts are chosen.
enum class Spread {
  kUniform,  // all alike
  kHot,      // by Zipf's law with exponent 1: of a million accounts the busiest has a fourteenth of all transfers
};

// Account number i belongs to this household.
constexpr HouseholdId HouseholdOf(uint32_t account) { return HouseholdId(uint64_t{account} + 1); }

class Picks {
 public:
  struct Pick {
    uint32_t from = 0;  // 0 to accounts − 1
    uint32_t to = 0;    // another
  };

  // `accounts`: at least 1,000, so that most partitions have two. The same every time.
  Picks(uint32_t accounts, Spread spread);

  // The `turn`th; they repeat after a million.
  const Pick& At(uint64_t turn) const { return picks_[turn % picks_.size()]; }
  uint32_t accounts() const { return accounts_; }

 private:
  const uint32_t accounts_;
  std::vector<Pick> picks_;
};

}  // namespace fenfen::bench
