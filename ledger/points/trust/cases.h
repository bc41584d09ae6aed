// Risk cases: what a signal leads to. A case is a record of its household for a person to look into; neither opening nor deciding one posts
// anything. Where its rule holds, reservations above a limit wait while it is open, up to a day that is known when it is opened; a
// household is held so for at most RiskRules.hold_days in any 30, whatever signals come. What follows from a confirmed case is a correction
// of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/points/correcting/grounds.h"
#include "ledger/points/decision.h"
#include "ledger/points/stored_message.h"
#include "ledger/points/trust/signals.h"
#include "ledger/state/state.h"

namespace fenfen {

// Cases that a household's record keeps, and those of them that may be open.
inline constexpr int kCasesKept = 32;
inline constexpr int kOpenCasesMax = 8;
// Entries that a case names: the latest.
inline constexpr size_t kEvidenceEntriesMax = 16;
// A household is not held longer than RiskRules.hold_days in so many.
inline constexpr int kHoldSpanDays = 30;

// A household's record: its cases and re-inspections.
constexpr RecordKey RiskKey(HouseholdId household) { return {RecordKind::kRiskCase, household.value()}; }
// DATA_LOSS. An empty one where there is none.
absl::StatusOr<StoredMessage<ledger::v1::RiskRecord>> ReadRisk(const View& view, HouseholdId household);

// "households/7/riskCases/2" and its parts.
std::string RiskCaseName(HouseholdId household, uint32_t number);
std::optional<std::pair<HouseholdId, uint32_t>> ParseRiskCaseName(absl::string_view name);

ReadSet CaseReads(HouseholdId household);

// The key under which a signal's case is opened on `today`: whoever opens it, it is opened once.
RequestKey HoldKey(const Signal& signal, int32_t today, absl::TimeZone zone);
// Opens a case. Checks in this order: HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, RISK_CASE_KNOWN (open, or decided within the quiet days),
// RISK_CASES_TOO_MANY. `rules` has a rule for the signal.
absl::StatusOr<Transaction> DecideHold(const View& view, const Signal& signal, const v1::RiskRules& rules, const DecisionContext& context);

struct CaseDecision {
  HouseholdId household;
  uint32_t number = 0;
  bool confirmed = false;
  CorrectionGrounds grounds;
};
// Checks in this order: CORRECTION_REASON_UNKNOWN, ATTACHMENT_MALFORMED, HOUSEHOLD_UNKNOWN, RISK_CASE_UNKNOWN, RISK_CASE_CLOSED,
// CHECKER_IS_MAKER (nobody decides a case about themselves).
absl::StatusOr<Transaction> DecideHoldEnd(const View& view, const CaseDecision& decision, const Catalogue& catalogue,
                                          const DecisionContext& context);

// Whether a reservation of that price may be made today: RISK_HOLD says up to when it waits at the latest. `view` shows RiskKey.
absl::Status CheckNotHeld(const View& view, HouseholdId household, Points price, const DecisionContext& context);

}  // namespace fenfen
