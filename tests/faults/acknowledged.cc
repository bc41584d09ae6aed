#include "tests/faults/acknowledged.h"

#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fenfen::faults {

std::string AcknowledgedLine(const Script& script, int step) { return absl::StrCat(step, " ", FormatRequestKey(script.KeyOf(step)), "\n"); }

absl::StatusOr<std::vector<bool>> ReadAcknowledged(const Script& script, const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  std::stringstream whole;
  whole << file.rdbuf();
  const std::string text = whole.str();
  std::vector<bool> acknowledged(static_cast<size_t>(script.size()));
  for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string line = text.substr(at, end + 1 - at);
    int step = -1;
    if (!absl::SimpleAtoi(line.substr(0, line.find(' ')), &step) || step < 0 || step >= script.size() ||
        line != AcknowledgedLine(script, step) || acknowledged[static_cast<size_t>(step)]) {
      return absl::InternalError(absl::StrCat(path, ": not an acknowledgement, or one told twice: ", line));
    }
    acknowledged[static_cast<size_t>(step)] = true;
  }
  return acknowledged;
}

}  // namespace fenfen::faults
