// Drops (投放): what a household earns for one.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

struct DropFacts {
  HouseholdId household;
  uint32_t member = 0;           // 0 if not known
  int category = 0;              // as in the request; may be no category at all
  std::optional<int64_t> grams;  // as in the request
  CatalogueId station;
  std::optional<uint64_t> code_step;  // of the station code, where one was scanned
  absl::Time event_time;
};

ReadSet DropReads(const DropFacts& facts);

// Credits the drop. Checks in this order: CATEGORY_UNKNOWN, WEIGHT_NOT_POSITIVE, WEIGHT_TOO_LARGE, STATION_UNKNOWN, RULES_ABSENT,
// EVENT_IN_FUTURE, EVENT_TOO_OLD, HOUSEHOLD_UNKNOWN, MEMBER_UNKNOWN, STATION_CODE_USED. A drop beyond the day's caps is recorded and
// credited what is left, maybe nothing. Caps are those of the event's own day.
absl::StatusOr<Transaction> DecideDrop(const View& view, const DropFacts& facts, const Catalogue& catalogue,
                                       const DecisionContext& context);

}  // namespace fenfen
