// Adjustment (调整): points given or taken for a reason that no rule knows, proposed by one person and decided by another.
//
//   proposed ──► approved: posted, up to the approver's limit
//           ├──► dismissed, with a reason
//           └──► lapsed, kProposalDays after; seen from its day, nothing is written
#pragma once

#include "absl/status/statusor.h"
#include "ledger/points/correcting/grounds.h"
#include "ledger/state/state.h"

namespace fenfen {

// Days after that of the proposal on which it can be approved.
inline constexpr int kProposalDays = 14;
inline constexpr int64_t kAdjustmentMax = 10'000'000;  // hundredths, of one adjustment

struct ProposalTerms {
  HouseholdId household;
  int asset = 0;       // as in the request: a v1::Asset or none
  int64_t amount = 0;  // hundredths, signed
  CorrectionGrounds grounds;
};

// The number of the proposal that a request key makes, with the household's partition in the top 8 bits.
uint64_t ProposalIdFor(HouseholdId household, const RequestKey& key);

// Of a proposal and a dismissal; and of an approval, which posts to or from the programme of `town`.
ReadSet ProposalReads(HouseholdId household, uint64_t proposal);
ReadSet ApprovalReads(HouseholdId household, uint64_t proposal, CatalogueId town);

// Checks in this order: CORRECTION_REASON_UNKNOWN, ATTACHMENT_MALFORMED, ADJUSTMENT_AMOUNT_INVALID, HOUSEHOLD_UNKNOWN,
// HOUSEHOLD_CLOSED.
absl::StatusOr<Transaction> DecideProposal(const View& view, const ProposalTerms& terms, const DecisionContext& context);

// Posts the proposal, to or from the programme of `town`: that of the household, found before. Checks in this order: HOUSEHOLD_UNKNOWN,
// HOUSEHOLD_CLOSED,
// PROPOSAL_UNKNOWN, PROPOSAL_CLOSED, PROPOSAL_LAPSED, CHECKER_IS_MAKER, CORRECTION_ABOVE_LIMIT, TAKEN_MORE_THAN_GIVEN.
absl::StatusOr<Transaction> DecideApproval(const View& view, HouseholdId household, uint64_t proposal, CatalogueId town,
                                           const Catalogue& catalogue, const DecisionContext& context);

// Closes it without posting. Checks in this order: CORRECTION_REASON_UNKNOWN, ATTACHMENT_MALFORMED, then as an approval up to
// CHECKER_IS_MAKER.
absl::StatusOr<Transaction> DecideDismissal(const View& view, HouseholdId household, uint64_t proposal, const CorrectionGrounds& grounds,
                                            const Catalogue& catalogue, const DecisionContext& context);

}  // namespace fenfen
