// Moves: a household goes on under the same number at another estate or door, so its points, its history and its partition stay. From then
// on the programme of the new town pays; points earned before stay issued by the former one, which the journal's postings tell, and when
// they lapse it is at the town where the household lives then. Pure.
#pragma once

#include "absl/status/statusor.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

struct MoveTo {
  HouseholdId household;
  CatalogueId region;      // the estate
  uint64_t door_hash = 0;  // keyed hash of the door there; 0 for unknown
};

// By the staff. REGION_UNKNOWN, HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, FIELD_MALFORMED where it lives there already.
absl::StatusOr<Transaction> DecideMove(const View& view, const MoveTo& to, const Catalogue& catalogue, const DecisionContext& context);

}  // namespace fenfen
