// Refusals: every error that a caller can cause or meet is made here, from a Reason of the error table (proto/fenfen/v1/reason.proto).
//
//   return Refuse(Reason::REASON_WEIGHT_TOO_LARGE, {{"value", "90000"}, {"limit", "50000"}}, "weight_grams");
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fenfen/v1/reason.pb.h"

namespace fenfen {

using v1::Reason;

// The facts that fill the sentence's placeholders.
using Facts = std::vector<std::pair<absl::string_view, std::string>>;

// A status with the table's code and English sentence, carrying the reason, the facts and the field for the reply.
absl::Status Refuse(Reason reason, const Facts& facts = {}, absl::string_view field = {});

// The same, telling when to try again; for retryable reasons.
absl::Status RefuseUntil(Reason reason, absl::Duration retry_delay);

// FIELD_MALFORMED; `detail` says what form the field should have.
absl::Status Malformed(absl::string_view field, std::string detail);

// What Refuse put into a status.
struct Refusal {
  Reason reason = Reason::REASON_UNSPECIFIED;
  std::string zh;
  std::string en;
  std::string field;  // empty where no field is at fault
  std::vector<std::pair<std::string, std::string>> facts;
  std::optional<absl::Duration> retry_delay;
};

// The refusal within a status; for a status that Refuse did not make, our own bug, REASON_UNSPECIFIED. `status` is not OK.
Refusal RefusalOf(const absl::Status& status);

// The row of the error table.
const v1::ErrorRow& RowOf(Reason reason);

// "STATION_CODE_EXPIRED".
absl::string_view NameOf(Reason reason);

}  // namespace fenfen
