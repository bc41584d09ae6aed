// CallLimit: so many places, one more is refused with a time to come again, and a place that is given back is free.
#include "server/call/call_limit.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace fenfen::server {
namespace {

TEST(CallLimitTest, OneMoreIsRefusedAndToldWhenToComeAgain) {
  CallLimit limit(2);
  CallLimit::Place first, second, third;
  EXPECT_TRUE(limit.Enter(first).ok());
  EXPECT_TRUE(limit.Enter(second).ok());
  const absl::Status refused = limit.Enter(third);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(RefusalOf(refused).reason, Reason::REASON_OVERLOADED);
  EXPECT_EQ(RefusalOf(refused).retry_delay, limits::kRetryDelayWhenBusy);
  EXPECT_EQ(limit.in_progress(), 2);
}

TEST(CallLimitTest, APlaceGivenBackIsFreeOnce) {
  CallLimit limit(1);
  CallLimit::Place first, second;
  ASSERT_TRUE(limit.Enter(first).ok());
  first.GiveBack();
  first.GiveBack();
  EXPECT_EQ(limit.in_progress(), 0);
  EXPECT_TRUE(limit.Enter(second).ok());
  EXPECT_FALSE(limit.Enter(first).ok());
}

TEST(CallLimitTest, APlaceMovesAndIsGivenBackWhenItGoes) {
  CallLimit limit(1);
  {
    CallLimit::Place first;
    ASSERT_TRUE(limit.Enter(first).ok());
    CallLimit::Place second(std::move(first));
    EXPECT_EQ(limit.in_progress(), 1);
    second = CallLimit::Place();
    EXPECT_EQ(limit.in_progress(), 0);
    ASSERT_TRUE(limit.Enter(second).ok());
  }
  EXPECT_EQ(limit.in_progress(), 0);
}

TEST(CallLimitTest, ThreadsNeverHaveMorePlacesThanThereAre) {
  constexpr int64_t kMost = 3;
  CallLimit limit(kMost);
  std::atomic<int64_t> inside{0};
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> threads;
  for (int n = 0; n < 8; ++n) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 2000; ++turn) {
        CallLimit::Place place;
        if (!limit.Enter(place).ok()) continue;
        if (inside.fetch_add(1) >= kMost) exceeded = true;
        inside.fetch_sub(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(limit.in_progress(), 0);
}

}  // namespace
}  // namespace fenfen::server
