// Printed cards: a household has at most one. Another one takes its place at once, and a lost one is good for nothing from then on; who has
// neither card nor phone is served by the door's number. Pure.
#pragma once

#include "absl/status/statusor.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// By the staff; that no other household has the card is the caller's to ask (Directory::ByCard). `card_hash` is not 0.
// HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, FIELD_MALFORMED for the card that it has.
absl::StatusOr<Transaction> DecideCardIssue(const View& view, HouseholdId household, uint64_t card_hash, const DecisionContext& context);

// By the staff or a member who is there. HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, MEMBER_UNKNOWN, CARD_ABSENT.
absl::StatusOr<Transaction> DecideCardRevocation(const View& view, HouseholdId household, const DecisionContext& context);

}  // namespace fenfen
