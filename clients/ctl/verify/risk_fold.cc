#include "clients/ctl/verify/risk_fold.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fenfen/v1/risk.pb.h"

namespace fenfen::ctl {
namespace {

bool IsOurs(TransactionKind kind) {
  return kind == TransactionKind::kHold || kind == TransactionKind::kHoldEnd || kind == TransactionKind::kReinspection ||
         kind == TransactionKind::kCollection;
}

// All of a case that its decision leaves as it was.
std::string TermsOf(ledger::v1::RiskCase one) {
  one.clear_region();
  one.clear_decide_micros();
  one.clear_decider();
  one.clear_confirmed();
  one.clear_grounds();
  return one.SerializeAsString();
}

// The weighings one after another: later ones are added behind.
std::string WeighingsOf(const ledger::v1::StationCollections& day) {
  std::string all;
  for (const auto& weighing : day.weighings()) {
    absl::StrAppend(&all, weighing.category(), ":", weighing.grams(), ":", weighing.micros(), ":", weighing.recorder(), ";");
  }
  return all;
}

bool Parse(absl::string_view bytes, google::protobuf::MessageLite& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

void RiskFold::Begin(const PartitionOpening& opening) {
  for (const auto& [key, record] : opening.records) {
    if (key.kind == RecordKind::kRiskCase) {
      if (IsDraw(key)) {
        if (!record.written_since) draws_.insert(key.id);
        continue;
      }
      ledger::v1::RiskRecord stored;
      if (record.written_since || !Parse(record.bytes, stored)) {
        households_[key.id].known = false;
      } else {
        TakeHousehold(key.id, stored.household());
      }
    } else if (key.kind == RecordKind::kCollection && !record.written_since) {
      ledger::v1::StationCollections stored;
      if (Parse(record.bytes, stored)) collections_[key.id] = WeighingsOf(stored);
    }
  }
}

void RiskFold::TakeHousehold(uint64_t id, const ledger::v1::HouseholdRisk& risk) {
  Household& household = households_[id];
  household.known = true;
  household.count = risk.case_count();
  household.cases.clear();
  for (const ledger::v1::RiskCase& one : risk.cases()) household.cases[one.number()] = {one.decide_micros() == 0, TermsOf(one)};
  for (const ledger::v1::ReinspectionResult& result : risk.results()) results_.insert({result.draw(), result.entry()});
}

void RiskFold::Apply(const Transaction& transaction, Report report) {
  const bool ours = IsOurs(transaction.kind);
  if (ours && !transaction.postings.empty()) report("a check of trust posts something");
  for (const RecordChange& change : transaction.changes) {
    if (change.key.kind == RecordKind::kCollection) {
      if (transaction.kind != TransactionKind::kCollection) report("a collection is written by something else");
      CheckCollection(change.key, change.bytes, report);
    }
    if (change.key.kind != RecordKind::kRiskCase || transaction.kind == TransactionKind::kCatalogueUpdate) continue;
    ledger::v1::RiskRecord stored;
    if (!Parse(change.bytes, stored)) {
      report(absl::StrCat("risk record ", change.key.id, " does not have its form"));
      continue;
    }
    if (IsDraw(change.key)) {
      CheckDraw(transaction, change.key, stored.draw(), report);
      continue;
    }
    const ledger::v1::HouseholdRisk& risk = stored.household();
    if (risk.household() != change.key.id) report(absl::StrCat("the risk record of household ", change.key.id, " names another"));
    if (transaction.kind == TransactionKind::kReinspection) {
      CheckResult(transaction, change.key.id, risk, report);
    } else if (ours) {
      CheckCase(transaction, change.key.id, risk, report);
    } else {
      report(absl::StrCat("the risk record of household ", change.key.id, " is written by something else"));
    }
    TakeHousehold(change.key.id, risk);
  }
}

void RiskFold::CheckCase(const Transaction& transaction, uint64_t id, const ledger::v1::HouseholdRisk& risk, Report report) {
  const Household& before = households_[id];
  if (!before.known) return;
  const bool opens = transaction.kind == TransactionKind::kHold;
  if (risk.case_count() != before.count + (opens ? 1 : 0)) report(absl::StrCat("household ", id, " counts ", risk.case_count(), " cases"));
  int decided = 0;
  for (const ledger::v1::RiskCase& one : risk.cases()) {
    const std::string name = absl::StrCat("risk case ", one.number(), " of household ", id);
    const bool open = one.decide_micros() == 0;
    const auto was = before.cases.find(one.number());
    if (was == before.cases.end()) {
      if (!opens || one.number() != risk.case_count() || !open) report(absl::StrCat(name, " was not opened"));
      continue;
    }
    if (was->second.terms != TermsOf(one)) report(absl::StrCat(name, " is no longer what it was"));
    if (was->second.open == open) continue;
    if (open || opens) report(absl::StrCat(name, open ? " is open again" : " is decided without a decision"));
    ++decided;
    if (transaction.actor.kind != ActorKind::kStaff || one.decider() != transaction.actor.id) {
      report(absl::StrCat(name, " is not decided by who did it"));
    }
    const bool own = one.evidence().subject_kind() == v1::RISK_SUBJECT_KIND_ATTENDANT && one.evidence().subject() == one.decider();
    if (own) report(absl::StrCat(name, " is decided by whom it is about"));
  }
  if (!opens && decided != 1) report(absl::StrCat("a decision of household ", id, " decides ", decided, " cases"));
}

void RiskFold::CheckResult(const Transaction& transaction, uint64_t id, const ledger::v1::HouseholdRisk& risk, Report report) {
  if (risk.results().empty()) return report(absl::StrCat("a re-inspection of household ", id, " is not noted"));
  const ledger::v1::ReinspectionResult& last = *risk.results().rbegin();
  if (!results_.insert({last.draw(), last.entry()}).second) {
    report(absl::StrCat("entry ", last.entry(), " of household ", id, " is looked into twice for one sample"));
  }
  if (last.inspector() != transaction.actor.id) report(absl::StrCat("a re-inspection of household ", id, " is not by who did it"));
}

void RiskFold::CheckDraw(const Transaction& transaction, const RecordKey& key, const ledger::v1::ReinspectionDraw& draw, Report report) {
  if (transaction.kind != TransactionKind::kReinspection) report("a sample is written by something else");
  if (!draws_.insert(key.id).second) report(absl::StrCat("the sample ", key.id, " is drawn again"));
  if (draw.drawer() != transaction.actor.id) report(absl::StrCat("the sample ", key.id, " is not drawn by who did it"));
  std::set<std::pair<uint64_t, uint64_t>> sample;
  for (const ledger::v1::SampledEntry& one : draw.sample()) sample.insert({one.household(), one.entry()});
  if (sample.size() != static_cast<size_t>(draw.sample_size()) || sample.size() > draw.population() || sample.empty()) {
    report(absl::StrCat("the sample ", key.id, " has ", draw.sample_size(), " drops out of ", draw.population()));
  }
}

void RiskFold::CheckCollection(const RecordKey& key, absl::string_view bytes, Report report) {
  ledger::v1::StationCollections day;
  if (!Parse(bytes, day)) return report(absl::StrCat("collection ", key.id, " does not have its form"));
  std::map<int, int64_t> sums;
  for (const auto& weighing : day.weighings()) sums[weighing.category()] += weighing.grams();
  for (const auto& [category, grams] : sums) {
    if (grams < 0) report(absl::StrCat("collection ", key.id, ": category ", category, " has ", grams, " grams"));
  }
  const std::string weighings = WeighingsOf(day);
  std::string& before = collections_[key.id];
  if (!absl::StartsWith(weighings, before)) report(absl::StrCat("collection ", key.id, ": what was weighed before is changed"));
  before = weighings;
}

}  // namespace fenfen::ctl
