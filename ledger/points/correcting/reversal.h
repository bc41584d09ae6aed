// Reversal (冲正): exactly the opposite of what an entry posted, once. What a household got and has spent becomes a debt; what it lost
// comes back, repaying a debt first. Civic points do not go below zero. The entry itself stays as it is.
//
// A voucher's entries are undone by cancelling or refunding the voucher, a transfer's by another transfer, a reversal by an adjustment.
#pragma once

#include "absl/status/statusor.h"
#include "ledger/points/correcting/grounds.h"
#include "ledger/state/state.h"

namespace fenfen {

// Points that had lapsed come back for so many days.
inline constexpr int kComeBackDays = 30;

struct ReversalTerms {
  HouseholdId household;
  const CommittedTransaction* entry = nullptr;  // the household's, as the journal has it; outlives the decision
  CorrectionGrounds grounds;
};

// Why an entry of this kind and these postings cannot be reversed; OK where it can: REVERSAL_OF_VOUCHER, REVERSAL_OF_TRANSFER,
// REVERSAL_OF_REVERSAL, REVERSAL_NOTHING.
absl::Status CheckReversible(const Transaction& entry);

ReadSet ReversalReads(HouseholdId household, const CommittedTransaction& entry);

// Checks in this order: CORRECTION_REASON_UNKNOWN, ATTACHMENT_MALFORMED, what CheckReversible says, HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED,
// REVERSED_ALREADY, CORRECTION_ABOVE_LIMIT, TAKEN_MORE_THAN_GIVEN.
absl::StatusOr<Transaction> DecideReversal(const View& view, const ReversalTerms& terms, const Catalogue& catalogue,
                                           const DecisionContext& context);

}  // namespace fenfen
