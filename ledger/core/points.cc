#include "ledger/core/points.h"

#include "absl/strings/str_cat.h"

namespace fenfen {

std::string FormatPoints(Points points) {
  const int64_t magnitude = points.hundredths() < 0 ? -points.hundredths() : points.hundredths();
  std::string text = absl::StrCat(points.hundredths() < 0 ? "-" : "", magnitude / 100);
  if (magnitude % 100 == 0) return text;
  absl::StrAppend(&text, ".", absl::Dec(magnitude % 100, absl::kZeroPad2));
  if (text.back() == '0') text.pop_back();
  return text;
}

}  // namespace fenfen
