// How long a retry waits.
#include "clients/cpp/retry.h"

#include <gtest/gtest.h>

namespace fenfen::client {
namespace {

constexpr uint64_t kLeast = 0, kMost = ~uint64_t{0};

TEST(RetryDelay, DoublesUpToItsCeiling) {
  const RetryPolicy policy{.attempts_max = 9, .delay_first = absl::Milliseconds(100), .delay_max = absl::Seconds(1)};
  EXPECT_EQ(RetryDelay(policy, 1, absl::ZeroDuration(), kLeast), absl::Milliseconds(50));
  EXPECT_EQ(RetryDelay(policy, 3, absl::ZeroDuration(), kLeast), absl::Milliseconds(200));
  EXPECT_EQ(RetryDelay(policy, 60, absl::ZeroDuration(), kLeast), absl::Milliseconds(500));
  EXPECT_LE(RetryDelay(policy, 60, absl::ZeroDuration(), kMost), absl::Seconds(1));
}

TEST(RetryDelay, SpreadsByTheRandomNumber) {
  const RetryPolicy policy;
  EXPECT_LT(RetryDelay(policy, 2, absl::ZeroDuration(), kLeast), RetryDelay(policy, 2, absl::ZeroDuration(), kMost));
}

TEST(RetryDelay, HonoursTheServersWishWithinReason) {
  const RetryPolicy policy;
  EXPECT_EQ(RetryDelay(policy, 1, absl::Seconds(7), kMost), absl::Seconds(7));
  EXPECT_EQ(RetryDelay(policy, 1, absl::Hours(7), kMost), absl::Seconds(30));
}

}  // namespace
}  // namespace fenfen::client
