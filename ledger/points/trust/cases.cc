#include "ledger/points/trust/cases.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/entry.h"
#include "ledger/points/keeping/household_people.h"
#include "ledger/points/purse.h"
#include "ledger/points/trust/risk_rules.h"

namespace fenfen {
namespace {

using ledger::v1::HouseholdRisk;
using ledger::v1::RiskCase;
using ledger::v1::RiskEvidence;

RiskEvidence EvidenceOf(const Signal& signal) {
  RiskEvidence evidence;
  evidence.set_signal(signal.signal);
  evidence.set_subject_kind(signal.subject_kind);
  evidence.set_subject(signal.subject);
  for (const CatalogueId station : signal.stations) evidence.add_stations(station.value());
  evidence.set_measured(signal.measured);
  evidence.set_threshold(signal.threshold);
  evidence.set_day(signal.day);
  const size_t count = signal.entries.size();
  for (size_t i = count - std::min(count, kEvidenceEntriesMax); i < count; ++i) evidence.add_entries(signal.entries[i].value());
  evidence.set_entry_count(static_cast<uint32_t>(count));
  return evidence;
}

bool IsOpen(const RiskCase& risk_case) { return risk_case.decide_micros() == 0; }

bool IsSame(const RiskCase& risk_case, const Signal& signal) {
  return risk_case.evidence().signal() == signal.signal && risk_case.evidence().subject() == signal.subject;
}

int32_t DayOfMicros(int64_t micros, absl::TimeZone zone) { return DayNumberOf(absl::FromUnixMicros(micros), zone); }

absl::Status CheckFresh(const HouseholdRisk& risk, const Signal& signal, const v1::RiskRules& rules, const DecisionContext& context) {
  const int32_t today = DayNumberOf(context.now, context.zone);
  for (const RiskCase& former : risk.cases()) {
    if (!IsSame(former, signal)) continue;
    const bool quiet = IsOpen(former) || today <= DayOfMicros(former.decide_micros(), context.zone) + rules.quiet_days();
    if (quiet) return Refuse(Reason::REASON_RISK_CASE_KNOWN);
  }
  if (std::count_if(risk.cases().begin(), risk.cases().end(), IsOpen) >= kOpenCasesMax) {
    return Refuse(Reason::REASON_RISK_CASES_TOO_MANY, {{"limit", absl::StrCat(kOpenCasesMax)}});
  }
  return absl::OkStatus();
}

// The last day of a hold that begins today: that of a former one where there was one lately, so that holds do not follow one another
// without end; 0 where that is over.
int32_t HoldLastDay(const HouseholdRisk& risk, const v1::RiskRules& rules, int32_t today) {
  int32_t former_last = 0;
  for (const RiskCase& former : risk.cases()) {
    if (former.hold_last_day() == 0 || former.hold_last_day() + kHoldSpanDays - rules.hold_days() < today) continue;
    former_last = std::max(former_last, former.hold_last_day());
  }
  if (former_last == 0) return today + rules.hold_days() - 1;
  return former_last >= today ? former_last : 0;
}

// Lets go of what was decided longest ago where there are too many.
void Trim(HouseholdRisk& risk) {
  auto& cases = *risk.mutable_cases();
  while (cases.size() > kCasesKept) {
    const auto oldest = std::find_if(cases.begin(), cases.end(), [](const RiskCase& one) { return !IsOpen(one); });
    if (oldest == cases.end()) return;
    cases.erase(oldest);
  }
}

// The household's entry: both records as they are now, and nothing posted.
Transaction Write(const View& view, TransactionKind kind, HouseholdId id, Versioned<HouseholdRecord>& household,
                  const StoredMessage<ledger::v1::RiskRecord>& risk, const RiskCase& risk_case, const DecisionContext& context) {
  Transaction transaction = BeginTransaction(kind, context, context.now);
  FactsWhy why;
  why.after = Purse(view, id, household.record, transaction).After();
  *why.facts.mutable_trust()->mutable_risk_case() = risk_case;
  transaction.changes.push_back({KeyOf(id), household.version, EncodeHousehold(household.record)});
  transaction.changes.push_back({RiskKey(id), risk.version, SerialiseMessage(risk.message)});
  transaction.why = EncodeWhy(why);
  return transaction;
}

}  // namespace

absl::StatusOr<StoredMessage<ledger::v1::RiskRecord>> ReadRisk(const View& view, HouseholdId household) {
  return ReadMessage<ledger::v1::RiskRecord>(view, RiskKey(household));
}

std::string RiskCaseName(HouseholdId household, uint32_t number) { return absl::StrCat(HouseholdName(household), "/riskCases/", number); }

std::optional<std::pair<HouseholdId, uint32_t>> ParseRiskCaseName(absl::string_view name) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(name, absl::MaxSplits("/riskCases/", 1));
  const std::optional<HouseholdId> household = ParseHouseholdName(parts.first);
  uint32_t number = 0;
  if (!household || !absl::SimpleAtoi(parts.second, &number) || number == 0 || absl::StrCat(number) != parts.second) return std::nullopt;
  return std::make_pair(*household, number);
}

ReadSet CaseReads(HouseholdId household) { return {{KeyOf(household), RiskKey(household)}, PurseAccounts(household)}; }

RequestKey HoldKey(const Signal& signal, int32_t today, absl::TimeZone zone) {
  return DerivedKey(absl::FromCivil(CivilDayOf(today), zone),
                    absl::StrCat("risk/", signal.household.value(), "/", static_cast<int>(signal.signal), "/", signal.subject));
}

absl::StatusOr<Transaction> DecideHold(const View& view, const Signal& signal, const v1::RiskRules& rules, const DecisionContext& context) {
  absl::StatusOr<Versioned<HouseholdRecord>> household = ReadOpenHousehold(view, signal.household);
  if (!household.ok()) return household.status();
  absl::StatusOr<StoredMessage<ledger::v1::RiskRecord>> risk = ReadRisk(view, signal.household);
  if (!risk.ok()) return risk.status();
  HouseholdRisk& known = *risk->message.mutable_household();
  if (absl::Status fresh = CheckFresh(known, signal, rules, context); !fresh.ok()) return fresh;

  const v1::RiskRule* rule = RuleFor(rules, signal.signal);
  const bool holds = rule != nullptr && rule->effect() == v1::RISK_EFFECT_HOLD;
  const int32_t today = DayNumberOf(context.now, context.zone);
  RiskCase opened;
  opened.set_number(known.case_count() + 1);
  *opened.mutable_evidence() = EvidenceOf(signal);
  opened.set_priority(rule == nullptr ? 1 : rule->priority());
  opened.set_create_micros(absl::ToUnixMicros(context.now));
  opened.set_hold_last_day(holds ? HoldLastDay(known, rules, today) : 0);
  opened.set_hold_limit(opened.hold_last_day() == 0 ? 0 : rules.hold_limit());
  opened.set_region(household->record.region.value());
  known.set_household(signal.household.value());
  known.set_case_count(opened.number());
  *known.add_cases() = opened;
  Trim(known);
  return Write(view, TransactionKind::kHold, signal.household, *household, *risk, opened, context);
}

absl::StatusOr<Transaction> DecideHoldEnd(const View& view, const CaseDecision& decision, const Catalogue& catalogue,
                                          const DecisionContext& context) {
  if (absl::Status status = CheckGrounds(decision.grounds); !status.ok()) return status;
  absl::StatusOr<Versioned<HouseholdRecord>> household = ReadHousehold(view, decision.household);
  if (!household.ok()) return household.status();
  absl::StatusOr<StoredMessage<ledger::v1::RiskRecord>> risk = ReadRisk(view, decision.household);
  if (!risk.ok()) return risk.status();
  auto& cases = *risk->message.mutable_household()->mutable_cases();
  const auto found = std::find_if(cases.begin(), cases.end(), [&](const RiskCase& one) { return one.number() == decision.number; });
  if (found == cases.end()) return Refuse(Reason::REASON_RISK_CASE_UNKNOWN, {}, "name");
  if (!IsOpen(*found)) {
    return Refuse(Reason::REASON_RISK_CASE_CLOSED, {{"time", MinuteText(found->decide_micros(), context.zone)}}, "name");
  }
  const bool about_caller = found->evidence().subject_kind() == v1::RISK_SUBJECT_KIND_ATTENDANT &&
                            SamePerson(catalogue, CatalogueId(found->evidence().subject()), CatalogueId(context.actor.id));
  if (context.actor.kind != ActorKind::kStaff || about_caller) return Refuse(Reason::REASON_CHECKER_IS_MAKER);
  found->set_region(household->record.region.value());
  found->set_decide_micros(absl::ToUnixMicros(context.now));
  found->set_decider(context.actor.id);
  found->set_confirmed(decision.confirmed);
  *found->mutable_grounds() = StoredGrounds(decision.grounds);
  const RiskCase decided = *found;
  return Write(view, TransactionKind::kHoldEnd, decision.household, *household, *risk, decided, context);
}

absl::Status CheckNotHeld(const View& view, HouseholdId household, Points price, const DecisionContext& context) {
  const absl::StatusOr<StoredMessage<ledger::v1::RiskRecord>> risk = ReadRisk(view, household);
  if (!risk.ok()) return risk.status();
  const int32_t today = DayNumberOf(context.now, context.zone);
  int32_t last_day = 0;
  int64_t limit = 0;
  for (const RiskCase& one : risk->message.household().cases()) {
    if (!IsOpen(one) || one.hold_last_day() < today || price <= Points(one.hold_limit())) continue;
    limit = last_day == 0 ? one.hold_limit() : std::min(limit, one.hold_limit());
    last_day = std::max(last_day, one.hold_last_day());
  }
  if (last_day == 0) return absl::OkStatus();
  return Refuse(Reason::REASON_RISK_HOLD, {{"time", DayText(last_day)}, {"limit", FormatPoints(Points(limit))}}, "offer");
}

}  // namespace fenfen
