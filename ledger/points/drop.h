// Drops (投放): what a household earns for one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

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
  std::string material{};  // a short id; empty where it does not matter
  int64_t pieces = 0;
  v1::VerificationKind verification = v1::VERIFICATION_KIND_SELF_SCANNED;
  bool may_be_late = false;          // beyond its day's window it waits for a person instead of being refused
  uint64_t bag = 0;                  // the number of the tagged bag it is in; 0 for none
  std::optional<MemberRole> role{};  // of a drop that waited: the member's when it was recorded; else as the household has it
};

// What is read of a drop that is credited at once.
ReadSet DropReads(const DropFacts& facts);
// The same, and what a drop writes that waits, where it may have to; by the catalogue that the decision gets.
ReadSet DropReads(const DropFacts& facts, const Catalogue& catalogue, const DecisionContext& context);

// Credits the drop by the rules and caps of its own day (earning/earn.h). Checks in this order: CATEGORY_UNKNOWN, WEIGHT_NOT_POSITIVE,
// WEIGHT_TOO_LARGE, FIELD_MALFORMED, STATION_UNKNOWN, RULES_ABSENT, EVENT_IN_FUTURE, EVENT_TOO_OLD, HOUSEHOLD_UNKNOWN, MEMBER_UNKNOWN,
// STATION_CODE_USED, BAG_UNKNOWN, BAG_OTHER_HOUSEHOLD, BAG_REVOKED, BAG_USED. A drop that caps cut is recorded all the same, and credited
// what is left, maybe nothing; one that has to wait (verification/pending.h) is recorded, and credited when it is released.
absl::StatusOr<Transaction> DecideDrop(const View& view, const DropFacts& facts, const Catalogue& catalogue,
                                       const DecisionContext& context);

}  // namespace fenfen
