// RiskFold: risk cases, re-inspections and collections of one partition (docs/formats/records.md, "Trust"): none of them posts anything; a
// case is opened once and decided once, by a person, and stays what it was; a drop is looked into once a sample; no category's collections
// fall below zero. Written from the page, not from the engine's code.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "clients/ctl/verify/openings.h"
#include "fenfen/ledger/v1/trust.pb.h"
#include "ledger/core/transaction.h"

namespace fenfen::ctl {

// True for the record of a draw, by its id; that of a household has the household's number.
constexpr bool IsDraw(const RecordKey& key) { return key.kind == RecordKind::kRiskCase && (key.id >> 55 & 1) != 0; }

class RiskFold {
 public:
  using Report = absl::FunctionRef<void(std::string)>;

  // What the partition had where the journal begins. Of a record that was written since, nothing is known before its next step.
  void Begin(const PartitionOpening& opening);
  void Apply(const Transaction& transaction, Report report);

 private:
  struct Case {
    bool open = false;
    std::string terms;  // all that does not change
  };
  struct Household {
    bool known = true;  // else `cases` and `count` begin with the next record
    uint32_t count = 0;
    std::map<uint32_t, Case> cases;
  };

  void TakeHousehold(uint64_t id, const ledger::v1::HouseholdRisk& risk);
  void CheckCase(const Transaction& transaction, uint64_t id, const ledger::v1::HouseholdRisk& risk, Report report);
  void CheckResult(const Transaction& transaction, uint64_t id, const ledger::v1::HouseholdRisk& risk, Report report);
  void CheckDraw(const Transaction& transaction, const RecordKey& key, const ledger::v1::ReinspectionDraw& draw, Report report);
  void CheckCollection(const RecordKey& key, absl::string_view bytes, Report report);

  absl::flat_hash_map<uint64_t, Household> households_;
  absl::flat_hash_set<std::pair<uint64_t, uint64_t>> results_;  // draw and entry
  absl::flat_hash_set<uint64_t> draws_;
  absl::flat_hash_map<uint64_t, std::string> collections_;  // by id, what was weighed
};

}  // namespace fenfen::ctl
