// The rows of an import of households: read as they come, checked as a whole before the first is written. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "fenfen/v1/household.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/enrolment.h"
#include "ledger/projections/directory.h"
#include "ledger/state/state.h"

namespace fenfen::server {

class ImportRows {
 public:
  // `lookups_key` outlives this.
  explicit ImportRows(absl::string_view lookups_key) : lookups_key_(lookups_key) {}

  // Takes a row; what is personal in it is kept as a keyed hash alone.
  void Add(const v1::HouseholdRow& row, const Catalogue& catalogue);
  int rows() const { return rows_; }

  // Compares with what is enrolled already. After this, `fresh` are to be written, unless there are errors. The State's refusal, where it
  // cannot be asked.
  absl::Status Compare(const State& state, const Directory& directory);

  const std::vector<v1::RowError>& errors() const { return errors_; }
  const std::vector<EnrolmentFacts>& fresh() const { return fresh_; }
  int unchanged() const { return unchanged_; }

 private:
  void Error(int row, absl::string_view field, absl::string_view zh, absl::string_view en);
  void ReadKeys(const v1::HouseholdRow& row, EnrolmentFacts& facts);

  const absl::string_view lookups_key_;
  int rows_ = 0;
  int unchanged_ = 0;
  std::vector<EnrolmentFacts> all_;  // row n at n − 1
  std::vector<EnrolmentFacts> fresh_;
  std::vector<v1::RowError> errors_;
  absl::flat_hash_set<uint64_t> numbers_, cards_, doors_;
};

}  // namespace fenfen::server
