#include "mini_program_bridge/rate_limiter.h"

#include <algorithm>

#include "absl/hash/hash.h"

namespace fenfen::bridge {

absl::Duration RateLimiter::Take(absl::string_view caller, absl::Time now) {
  if (rate_ <= 0) return absl::ZeroDuration();
  std::lock_guard<std::mutex> lock(mutex_);
  if (buckets_.size() >= kCallersMax) Sweep(now);
  Bucket& bucket = buckets_.try_emplace(absl::Hash<absl::string_view>()(caller), Bucket{burst_, now}).first->second;
  // A clock that steps back earns nothing and costs nothing.
  const double gained = std::max(0.0, absl::ToDoubleSeconds(now - bucket.as_of)) * rate_;
  bucket.left = std::min(burst_, bucket.left + gained);
  bucket.as_of = now;
  if (bucket.left >= 1) {
    bucket.left -= 1;
    return absl::ZeroDuration();
  }
  return absl::Seconds((1 - bucket.left) / rate_);
}

void RateLimiter::Sweep(absl::Time now) {
  const absl::Duration refill = absl::Seconds(burst_ / rate_);
  absl::erase_if(buckets_, [&](const auto& item) { return now - item.second.as_of >= refill; });
  // All of them busy: forget any half, so that the next sweep is far off. Those callers get a fresh burst, which is bounded.
  for (auto it = buckets_.begin(); it != buckets_.end() && buckets_.size() > kCallersMax / 2;) buckets_.erase(it++);
}

}  // namespace fenfen::bridge
