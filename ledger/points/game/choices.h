// What a household chooses for itself: whether boards show it, whether it gets notices, and which missed day of its streak is kept. Small
// transactions of its own partition, with its record of choices (fenfen.ledger.v1.GameRecord).
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "fenfen/v1/game_rules.pb.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

constexpr RecordKey GameKey(HouseholdId household) { return {RecordKind::kGame, household.value()}; }
ReadSet GameReads(HouseholdId household);

struct Preferences {
  bool hidden = false;  // on no board
  bool quiet = false;   // no notices
};
// HOUSEHOLD_UNKNOWN.
absl::StatusOr<Transaction> DecidePreferences(const View& view, HouseholdId household, const Preferences& preferences,
                                              const DecisionContext& context);

// How many freezes the month of `day` still has, by the household's record of choices.
int FreezesLeft(const ledger::v1::GameRecord& record, int32_t day, const v1::GameRules& rules);

// Keeps a day before today. Whether there was a drop on it is the caller's to ask first: no record says so. Checks in this order:
// FREEZE_DAY_INVALID, HOUSEHOLD_UNKNOWN, FREEZE_NOT_NEEDED where it is kept already, FREEZES_USED_UP.
absl::StatusOr<Transaction> DecideFreeze(const View& view, HouseholdId household, int32_t day, const v1::GameRules& rules,
                                         const DecisionContext& context);

}  // namespace fenfen
