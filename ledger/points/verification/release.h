// What becomes of a pending drop: released, it is credited to its own day by that day's rules and caps, whatever came since; rejected, it
// earns nothing. Once, by a person or, when its time has come, by itself. A drop that came too late for its day's log is credited among
// those of its day that are still known, late ones like it: its day is opened anew.
//
// Both are entries with the drop's own time, so that boards and streaks count it on its own day. Pure.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "ledger/points/correcting/grounds.h"
#include "ledger/points/verification/pending.h"

namespace fenfen {

// `bag`: that the drop is in, as its record says (it never changes); 0 for none.
ReadSet PendingReads(HouseholdId household, uint64_t pending_drop, uint64_t bag);

// What an inspector saw where it is not as it was recorded.
struct Finding {
  int category = 0;  // as in the request; 0 as recorded
  std::optional<int64_t> grams;
  std::optional<std::string> material;
  std::optional<int64_t> pieces;
};

// Credits the drop: as found, and as VERIFICATION_KIND_INSPECTED, where somebody looked, else as recorded. Checks in this order:
// PENDING_DROP_UNKNOWN, PENDING_DROP_DECIDED, HOUSEHOLD_CLOSED, CATEGORY_UNKNOWN, WEIGHT_NOT_POSITIVE, WEIGHT_TOO_LARGE, FIELD_MALFORMED.
absl::StatusOr<Transaction> DecideRelease(const View& view, HouseholdId household, uint64_t pending_drop,
                                          const std::optional<Finding>& found, const Catalogue& catalogue, const DecisionContext& context);

// REJECTION_REASON_UNKNOWN for one that a person cannot give, PENDING_DROP_UNKNOWN, PENDING_DROP_DECIDED.
absl::StatusOr<Transaction> DecideRejection(const View& view, HouseholdId household, uint64_t pending_drop, int reason,
                                            const Catalogue& catalogue, const DecisionContext& context);

// What comes when its time is over: its release, or its rejection; the latter where the household is closed, too. PENDING_DROP_UNKNOWN,
// PENDING_DROP_DECIDED, also where its time is not over.
absl::StatusOr<Transaction> DecideDue(const View& view, HouseholdId household, uint64_t pending_drop, const Catalogue& catalogue,
                                      const DecisionContext& context);

// What an entry is reversed for that an inspection found wrong: REJECTION_REASON_UNKNOWN, or ENTRY_NOT_A_DROP where it credits no drop.
absl::StatusOr<CorrectionGrounds> ClawBackGrounds(const Transaction& entry, int reason);

// What release and a bag's inspection share.

// REJECTION_REASON_UNKNOWN for a reason that a person cannot give.
absl::Status CheckRejection(int reason);
// A drop being decided: its record, complete but for the decision, and the household.
struct Deciding {
  Versioned<HouseholdRecord> household;
  ledger::v1::PendingDrop drop;
  uint64_t id = 0;       // of its record; 0 where it has none
  bool pending = false;  // it waits in its day's log
};
// The entry that credits it, or does not; its records but for the household's and the day's log are the caller's to add.
absl::StatusOr<Transaction> Credit(const View& view, Deciding& deciding, const Catalogue& catalogue, const DecisionContext& context);
absl::StatusOr<Transaction> Reject(const View& view, Deciding& deciding, int reason, const Catalogue& catalogue,
                                   const DecisionContext& context);

}  // namespace fenfen
