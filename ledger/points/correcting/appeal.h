// Appeals (申诉): a household says that an entry of its own is wrong, a person answers, and that closes it. Nothing is posted: what puts
// the entry right is a reversal or an adjustment, which the answer names.
#pragma once

#include "absl/status/statusor.h"
#include "ledger/points/correcting/grounds.h"
#include "ledger/state/state.h"

namespace fenfen {

// Appeals against one entry, one after another.
inline constexpr int kAppealsMax = 3;

struct AppealTerms {
  HouseholdId household;
  const CommittedTransaction* entry = nullptr;  // the household's, as the journal has it; outlives the decision
  uint32_t member = 0;                          // who appeals
  CorrectionGrounds grounds;
};

ReadSet AppealReads(HouseholdId household, PartitionSeq entry);

// Checks in this order: CORRECTION_REASON_UNKNOWN, ATTACHMENT_MALFORMED, ENTRY_NOT_APPEALABLE, HOUSEHOLD_UNKNOWN, APPEAL_OPEN,
// APPEALS_TOO_MANY.
absl::StatusOr<Transaction> DecideAppeal(const View& view, const AppealTerms& terms, const DecisionContext& context);

struct AnswerTerms {
  HouseholdId household;
  const CommittedTransaction* entry = nullptr;   // as above
  const CommittedTransaction* remedy = nullptr;  // what put it right; nullptr declines
  CorrectionGrounds grounds;
};

// Checks in this order: CORRECTION_REASON_UNKNOWN, ATTACHMENT_MALFORMED, HOUSEHOLD_UNKNOWN, APPEAL_UNKNOWN, APPEAL_CLOSED, CHECKER_IS_MAKER
// (who caused the entry does not judge it), REMEDY_INVALID.
absl::StatusOr<Transaction> DecideAppealAnswer(const View& view, const AnswerTerms& terms, const Catalogue& catalogue,
                                               const DecisionContext& context);

}  // namespace fenfen
