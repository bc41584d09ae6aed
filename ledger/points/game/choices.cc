#include "ledger/points/game/choices.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/game/household_entry.h"

namespace fenfen {
namespace {

// As long as a streak remembers single days.
constexpr int kFrozenDaysKept = 64;

bool IsKept(const ledger::v1::GameRecord& record, int32_t day) {
  return std::find(record.frozen_days().begin(), record.frozen_days().end(), day) != record.frozen_days().end();
}

}  // namespace

ReadSet GameReads(HouseholdId household) { return {{KeyOf(household), GameKey(household)}, PurseAccounts(household)}; }

absl::StatusOr<Transaction> DecidePreferences(const View& view, HouseholdId household, const Preferences& preferences,
                                              const DecisionContext& context) {
  absl::StatusOr<GameEntry> entry = ReadGameEntry(view, household);
  if (!entry.ok()) return entry.status();
  entry->game.message.set_hidden(preferences.hidden);
  entry->game.message.set_quiet(preferences.quiet);
  ledger::v1::GameFacts facts;
  facts.mutable_preference()->set_hidden(preferences.hidden);
  facts.mutable_preference()->set_quiet(preferences.quiet);
  return WriteGameEntry(view, *entry, TransactionKind::kPreference, facts, context);
}

int FreezesLeft(const ledger::v1::GameRecord& record, int32_t day, const v1::GameRules& rules) {
  const absl::CivilMonth month(CivilDayOf(day));
  const auto used = std::count_if(record.frozen_days().begin(), record.frozen_days().end(),
                                  [&](int32_t kept) { return absl::CivilMonth(CivilDayOf(kept)) == month; });
  return std::max(0, rules.freezes_per_month() - static_cast<int>(used));
}

absl::StatusOr<Transaction> DecideFreeze(const View& view, HouseholdId household, int32_t day, const v1::GameRules& rules,
                                         const DecisionContext& context) {
  const int32_t today = DayNumberOf(context.now, context.zone);
  if (day >= today || day < today - rules.freeze_days_back()) {
    return Refuse(Reason::REASON_FREEZE_DAY_INVALID, {{"days", absl::StrCat(rules.freeze_days_back())}}, "day");
  }
  absl::StatusOr<GameEntry> entry = ReadGameEntry(view, household);
  if (!entry.ok()) return entry.status();
  ledger::v1::GameRecord& record = entry->game.message;
  if (IsKept(record, day)) return Refuse(Reason::REASON_FREEZE_NOT_NEEDED, {}, "day");
  const int left = FreezesLeft(record, day, rules);
  if (left == 0) {
    return Refuse(Reason::REASON_FREEZES_USED_UP, {{"limit", absl::StrCat(rules.freezes_per_month())}}, "day");
  }
  auto* days = record.mutable_frozen_days();
  days->Add(day);
  std::sort(days->begin(), days->end());
  days->erase(days->begin(), std::lower_bound(days->begin(), days->end(), today - kFrozenDaysKept));
  ledger::v1::GameFacts facts;
  facts.mutable_freeze()->set_day(day);
  facts.mutable_freeze()->set_left(static_cast<uint32_t>(left - 1));
  return WriteGameEntry(view, *entry, TransactionKind::kFreeze, facts, context);
}

}  // namespace fenfen
