// Token buckets, one a caller: `rate` requests a second in the long run, `burst` at once.
//
// Invariant: at most kCallersMax buckets are held; a bucket that is full again says nothing and is dropped first.
// Thread-safe.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_RATE_LIMITER_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_RATE_LIMITER_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include "absl/strings/string_view.h"

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

namespace fenfen::bridge {

class RateLimiter {
 public:
  static constexpr std::size_t kCallersMax = 65536;

  // Both above 0; `rate_per_second` 0 turns the limit off.
  RateLimiter(double rate_per_second, double burst) : rate_(rate_per_second), burst_(burst) {}

  // Takes one request from the caller's bucket. Zero if it may proceed, else how long until it may.
  absl::Duration Take(absl::string_view caller, absl::Time now);

 private:
  struct Bucket {
    double left;
    absl::Time as_of;
  };

  void Sweep(absl::Time now);

  const double rate_;
  const double burst_;
  std::mutex mutex_;
  absl::flat_hash_map<std::uint64_t, Bucket> buckets_;  // guarded by mutex_; by the caller's hash
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_RATE_LIMITER_H_
