#include "clients/ctl/bench/measure.h"

#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <utility>

#include "absl/status/status.h"

namespace fenfen::bench {

absl::StatusOr<Pair> Alternate(int rounds, absl::FunctionRef<absl::StatusOr<double>()> bare,
                               absl::FunctionRef<absl::StatusOr<double>()> ours) {
  std::vector<Pair> pairs;
  for (int round = 0; round < rounds; ++round) {
    const absl::StatusOr<double> first = bare();
    if (!first.ok()) return first.status();
    const absl::StatusOr<double> second = ours();
    if (!second.ok()) return second.status();
    if (*first <= 0 || *second <= 0) return absl::InternalError("测量结果为零，时间太短 / measured nothing: the time is too short");
    pairs.push_back({*first, *second});
  }
  const auto middle = pairs.begin() + static_cast<std::ptrdiff_t>(pairs.size() / 2);
  std::nth_element(pairs.begin(), middle, pairs.end(), [](const Pair& a, const Pair& b) { return a.ratio() < b.ratio(); });
  return *middle;
}

double Quantile(std::vector<double> values, double share) {
  const auto last = static_cast<double>(values.size() - 1);
  const auto at = values.begin() + std::lround(share * last);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

double MonotonicSeconds() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

absl::StatusOr<TemporaryFolder> TemporaryFolder::Make(const std::string& parent) {
  std::error_code error;
  std::filesystem::create_directories(parent, error);
  if (error) return absl::ErrnoToStatus(error.value(), parent);
  std::string pattern = (std::filesystem::absolute(parent) / "fenfen-bench.XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return absl::ErrnoToStatus(errno, pattern);
  return TemporaryFolder(std::move(pattern));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace fenfen::bench
