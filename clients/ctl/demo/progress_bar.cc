#include "clients/ctl/demo/progress_bar.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fenfen::ctl {

std::string ProgressBar::Line(int64_t done, absl::Time now) {
  const bool last = done >= total_;
  if (!last && now - shown_ < (terminal_ ? absl::Milliseconds(200) : absl::Seconds(3))) return "";
  shown_ = now;
  const double seconds = std::max(absl::ToDoubleSeconds(now - start_), 0.001);
  const double rate = static_cast<double>(done) / seconds;
  const double left = rate > 0 ? static_cast<double>(total_ - done) / rate : 0;
  constexpr int kWidth = 30;
  const int filled = total_ > 0 ? static_cast<int>(kWidth * std::min(done, total_) / total_) : kWidth;
  std::string bar;
  for (int i = 0; i < kWidth; ++i) absl::StrAppend(&bar, i < filled ? "█" : "░");
  const std::string line = absl::StrFormat("%s %s %d/%d  %.0f/s  剩余 / left %.0f s", what_, bar, done, total_, rate, left);
  return terminal_ ? absl::StrCat("\r\033[K", line, last ? "\n" : "") : absl::StrCat(line, "\n");
}

}  // namespace fenfen::ctl
