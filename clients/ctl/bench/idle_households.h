// What idle households cost in memory: a process that holds them and nothing else, as the server would after a start.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

namespace fenfen::bench {

// Figures in bytes.
struct IdleCost {
  uint64_t base = 0;      // resident before
  uint64_t resident = 0;  // resident after, what was only needed on the way given back
  uint64_t raw = 0;       // the same knowledge side by side: ids, versions, balances, records and look-up pairs
};

// Folds an enrolment and a drop of each household into a memory State and the projections: done fifty days ago, so that their request keys
// are past the remembered window. One in three has a card, the others two members with WeChat; all have a door.
absl::StatusOr<IdleCost> HoldIdleHouseholds(uint32_t households);

}  // namespace fenfen::bench
