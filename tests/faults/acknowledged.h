// What `fault_script run` tells: a line for each acknowledged step, `STEP KEY`. A line that a kill cut short tells nothing. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/faults/script.h"

namespace fenfen::faults {

// With its newline.
std::string AcknowledgedLine(const Script& script, int step);

// Which steps the file tells of. Errors: NOT_FOUND where there is no such file; INTERNAL for a line that the script does not have, or
// twice.
absl::StatusOr<std::vector<bool>> ReadAcknowledged(const Script& script, const std::string& path);

}  // namespace fenfen::faults
