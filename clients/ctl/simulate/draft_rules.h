// Draft rules: a rule set as a file has it, checked as an import checks it, made ready to stand above all others from a day on.
// Thread-safe: functions.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/ctl/simulate/simulate.h"
#include "fenfen/v1/rules.pb.h"

namespace fenfen::ctl {

// INVALID_ARGUMENT naming the file where it is not a rule set in JSON; the errors of reading it.
absl::StatusOr<v1::RuleSet> ReadDraft(const std::string& path);

// `draft` with a version above the journal's and in force from `first_day` on, whatever it says itself. INVALID_ARGUMENT with a line for
// each field that an import would refuse.
absl::StatusOr<v1::RuleSet> CheckedDraft(v1::RuleSet draft, const LedgerHead& head, int32_t first_day);

}  // namespace fenfen::ctl
