// A progress bar: on a terminal one line that changes, elsewhere a line every few seconds. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_PROGRESS_BAR_H_
#define FENFEN_CLIENTS_CTL_DEMO_PROGRESS_BAR_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace fenfen::ctl {

// Shows how much of a total is done, how fast, and how long it will take.
class ProgressBar {
 public:
  ProgressBar(std::string what, int64_t total, absl::Time start, bool terminal)
      : what_(std::move(what)), total_(total), start_(start), terminal_(terminal) {}

  // The line for now; empty if it is too early for another one.
  std::string Line(int64_t done, absl::Time now);

 private:
  const std::string what_;
  const int64_t total_;
  const absl::Time start_;
  const bool terminal_;
  absl::Time shown_ = absl::InfinitePast();
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_PROGRESS_BAR_H_
