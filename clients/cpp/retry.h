// How long to wait before which attempt: exponential back-off with jitter, never less than the server asked for. Retrying is for
// errors whose row in the error table says so, with the same request id; client.h sees to both.
//
// Thread-safe: values and pure functions.
#ifndef FENFEN_CLIENTS_CPP_RETRY_H_
#define FENFEN_CLIENTS_CPP_RETRY_H_

#include <cstdint>

#include "absl/time/time.h"

namespace fenfen::client {

// The limits of retrying.
struct RetryPolicy {
  int attempts_max = 6;                                 // 1 means no retry
  absl::Duration delay_first = absl::Milliseconds(50);  // the ceiling of the first wait
  absl::Duration delay_max = absl::Seconds(5);          // the ceiling of any wait
};

// The wait after attempt number `attempt` (from 1): a uniformly random part of min(delay_max, delay_first · 2^(attempt − 1)), at least
// half of it so that a crowd spreads but nobody hammers, and at least `asked`, which is itself cut to 30 s.
absl::Duration RetryDelay(const RetryPolicy& policy, int attempt, absl::Duration asked, uint64_t random);

}  // namespace fenfen::client

#endif  // FENFEN_CLIENTS_CPP_RETRY_H_
