#include "server/services/risk_render.h"

#include <set>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/points/entry.h"
#include "ledger/points/trust/cases.h"
#include "ledger/points/trust/sentences.h"
#include "server/services/render.h"

namespace fenfen::server {
namespace {

constexpr int64_t kGramsOfKilogram = 1000;

template <typename Item>
std::string NameOf(uint64_t id, absl::string_view collection, const Catalogue& catalogue) {
  const Item* item = catalogue.Find<Item>(CatalogueId(id));
  return item == nullptr ? absl::StrCat(collection, "/#", absl::Hex(id)) : item->name();
}

std::string SubjectName(const ledger::v1::RiskEvidence& evidence, const Catalogue& catalogue) {
  switch (evidence.subject_kind()) {
    case v1::RISK_SUBJECT_KIND_ATTENDANT:
      return NameOf<v1::Staff>(evidence.subject(), "staff", catalogue);
    case v1::RISK_SUBJECT_KIND_STATION:
      return NameOf<v1::Station>(evidence.subject(), "stations", catalogue);
    case v1::RISK_SUBJECT_KIND_IDENTITY:
      return absl::StrCat(absl::Hex(evidence.subject(), absl::kZeroPad16));
    default:
      return HouseholdName(HouseholdId(evidence.subject()));
  }
}

std::string EntryName(HouseholdId household, uint64_t entry) { return absl::StrCat(HouseholdName(household), "/entries/", entry); }

void FillEvidence(HouseholdId household, const ledger::v1::RiskEvidence& evidence, const Catalogue& catalogue, v1::RiskCase& out) {
  out.set_signal(static_cast<v1::RiskSignal>(evidence.signal()));
  out.set_subject_kind(static_cast<v1::RiskSubjectKind>(evidence.subject_kind()));
  out.set_subject(SubjectName(evidence, catalogue));
  for (const uint64_t station : evidence.stations()) out.add_stations(NameOf<v1::Station>(station, "stations", catalogue));
  out.set_measured(evidence.measured());
  out.set_threshold(evidence.threshold());
  const Sentence sentence = EvidenceSentence(evidence, catalogue);
  out.set_reason_zh(sentence.zh);
  out.set_reason_en(sentence.en);
  out.set_day(DayText(evidence.day()));
  for (const uint64_t entry : evidence.entries()) out.add_entries(EntryName(household, entry));
  out.set_entry_count(static_cast<int32_t>(evidence.entry_count()));
}

// A ratio only where there is something to divide by.
void FillRatios(v1::StationReport& row, const int64_t* collected) {
  if (collected == nullptr) return;
  row.set_collected_grams(*collected);
  if (*collected == 0) return;
  row.set_claimed_permille(row.claimed_grams() * 1000 / *collected);
  row.set_reward_per_kg(row.reward() * kGramsOfKilogram / *collected);
}

v1::StationReport& AddRow(const v1::Station& station, const StationSums::Sum& sum, v1::ReportStationsResponse& out) {
  v1::StationReport& row = *out.add_rows();
  row.set_station(station.name());
  row.set_display_name(station.display_name());
  row.set_drops(sum.drops);
  row.set_reward(sum.reward);
  row.set_claimed_grams(sum.claimed_grams);
  return row;
}

}  // namespace

v1::RiskCase RenderRiskCase(HouseholdId household, const ledger::v1::RiskCase& stored, const Catalogue& catalogue, absl::TimeZone zone) {
  v1::RiskCase out;
  out.set_name(RiskCaseName(household, stored.number()));
  FillEvidence(household, stored.evidence(), catalogue, out);
  out.set_priority(stored.priority());
  SetMicros(*out.mutable_create_time(), stored.create_micros());
  if (stored.hold_last_day() != 0) {
    SetTime(*out.mutable_hold_until(), absl::FromCivil(CivilDayOf(stored.hold_last_day()) + 1, zone));
    out.set_hold_limit(stored.hold_limit());
  }
  if (stored.decide_micros() == 0) {
    out.set_state(v1::RiskCase::STATE_OPEN);
    return out;
  }
  out.set_state(stored.confirmed() ? v1::RiskCase::STATE_CONFIRMED : v1::RiskCase::STATE_CLEARED);
  SetMicros(*out.mutable_decide_time(), stored.decide_micros());
  out.set_decider(NameOf<v1::Staff>(stored.decider(), "staff", catalogue));
  out.set_decide_reason(static_cast<v1::CorrectionReason>(stored.grounds().reason()));
  *out.mutable_attachments() = stored.grounds().attachments();
  return out;
}

v1::Reinspection RenderDraw(const ledger::v1::ReinspectionDraw& draw, const Catalogue& catalogue) {
  v1::Reinspection out;
  out.set_region(NameOf<v1::Region>(draw.region(), "regions", catalogue));
  out.set_day(DayText(draw.day()));
  out.set_seed_hex(absl::BytesToHexString(draw.seed()));
  out.set_seed_drawn(draw.seed_drawn());
  out.set_population(static_cast<int32_t>(draw.population()));
  out.set_population_sha256_hex(absl::BytesToHexString(draw.population_sha256()));
  for (const ledger::v1::SampledEntry& sampled : draw.sample()) {
    v1::ReinspectedEntry& entry = *out.add_sample();
    entry.set_entry(EntryName(HouseholdId(sampled.household()), sampled.entry()));
    entry.set_state(v1::ReinspectedEntry::STATE_WAITING);
  }
  SetMicros(*out.mutable_create_time(), draw.create_micros());
  out.set_drawer(NameOf<v1::Staff>(draw.drawer(), "staff", catalogue));
  return out;
}

void AddResult(HouseholdId household, uint64_t id, const ledger::v1::ReinspectionResult& result, const Catalogue& catalogue,
               v1::Reinspection& out) {
  if (result.draw() != id) return;
  const std::string name = EntryName(household, result.entry());
  for (v1::ReinspectedEntry& entry : *out.mutable_sample()) {
    if (entry.entry() != name) continue;
    entry.set_state(result.correct() ? v1::ReinspectedEntry::STATE_CORRECT : v1::ReinspectedEntry::STATE_WRONG);
    entry.set_reason(static_cast<v1::CorrectionReason>(result.reason()));
    entry.set_inspector(NameOf<v1::Staff>(result.inspector(), "staff", catalogue));
  }
}

void CountResults(v1::Reinspection& out) {
  int inspected = 0;
  int correct = 0;
  for (const v1::ReinspectedEntry& entry : out.sample()) {
    inspected += entry.state() == v1::ReinspectedEntry::STATE_WAITING ? 0 : 1;
    correct += entry.state() == v1::ReinspectedEntry::STATE_CORRECT ? 1 : 0;
  }
  out.set_inspected(inspected);
  out.set_correct(correct);
  if (inspected > 0) out.set_match_permille(correct * 1000 / inspected);
}

void AddStationRows(const v1::Station& station, const StationSums::Report& report, bool by_category, v1::ReportStationsResponse& out) {
  StationSums::Sum all;
  int64_t collected = 0;
  std::set<uint8_t> categories;
  for (const auto& [category, sum] : report.claimed) {
    all.drops += sum.drops;
    all.reward += sum.reward;
    all.claimed_grams += sum.claimed_grams;
    categories.insert(category);
  }
  for (const auto& [category, grams] : report.collected) {
    collected += grams;
    categories.insert(category);
  }
  v1::StationReport& total = AddRow(station, all, out);
  total.set_collected_days(report.days_collected);
  FillRatios(total, report.collected.empty() ? nullptr : &collected);
  if (!by_category) return;
  for (const uint8_t category : categories) {
    const auto sum = report.claimed.find(category);
    const auto grams = report.collected.find(category);
    v1::StationReport& row = AddRow(station, sum == report.claimed.end() ? StationSums::Sum() : sum->second, out);
    row.set_category(static_cast<v1::Category>(category));
    const auto days = report.collected_days.find(category);
    row.set_collected_days(days == report.collected_days.end() ? 0 : days->second);
    FillRatios(row, grams == report.collected.end() ? nullptr : &grams->second);
  }
}

}  // namespace fenfen::server
