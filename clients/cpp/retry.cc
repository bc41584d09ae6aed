#include "clients/cpp/retry.h"

#include <algorithm>

namespace fenfen::client {

absl::Duration RetryDelay(const RetryPolicy& policy, int attempt, absl::Duration asked, uint64_t random) {
  const int doublings = std::clamp(attempt - 1, 0, 30);
  const absl::Duration ceiling = std::min(policy.delay_max, policy.delay_first * (int64_t{1} << doublings));
  const double fraction = 0.5 + 0.5 * static_cast<double>(random >> 11) / static_cast<double>(uint64_t{1} << 53);
  return std::max(ceiling * fraction, std::min(asked, absl::Seconds(30)));
}

}  // namespace fenfen::client
