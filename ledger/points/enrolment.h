// Enrolment: opening a household's account.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

struct EnrolmentFacts {
  HouseholdId household;
  CatalogueId region;      // an estate
  uint64_t card_hash = 0;  // keyed hashes; 0 for none
  uint64_t door_hash = 0;
  std::vector<uint64_t> members;  // each one's keyed subject hash; 0 for a card holder
};

// What a household that is there already means for a row of an import.
enum class EnrolmentState { kNew, kSame, kDifferent };
EnrolmentState CompareEnrolment(const View& view, const EnrolmentFacts& facts);

ReadSet EnrolmentReads(HouseholdId household);

// Errors: REGION_UNKNOWN, FIELD_MALFORMED (members, number), REQUEST_ID_REUSED where the household is there already.
absl::StatusOr<Transaction> DecideEnrolment(const View& view, const EnrolmentFacts& facts, const Catalogue& catalogue,
                                            const DecisionContext& context);

// What a transaction enrolled, for the directory; nullopt for a transaction of another kind.
std::optional<EnrolmentFacts> EnrolmentOf(const CommittedTransaction& committed);

}  // namespace fenfen
