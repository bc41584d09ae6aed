#include "ledger/core/points.h"

#include "absl/strings/str_cat.h"

namespace fenfen {

std::string FormatPoints(Points points) {
  const int64_t magnitude = points.hundredths() < 0 ? -points.hundredths() : points.hundredths();
  const char* sign = points.hundredths() < 0 ? "-" : "";
  const int64_t fraction = magnitude % 100;
  if (fraction == 0) return absl::StrCat(sign, magnitude / 100);
  return absl::StrCat(sign, magnitude / 100, ".", absl::Dec(fraction, absl::kZeroPad2));
}

}  // namespace fenfen
