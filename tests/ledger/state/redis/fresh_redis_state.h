// FreshRedisState: what the conformance suite is given, over whatever Redis there is.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/state/redis/redis_state.h"
#include "tests/ledger/state/redis/memory_tail.h"

namespace fenfen {

// A State with a journal of its own, under a deployment of its own: as empty as a new MemoryState.
class FreshRedisState final : public State {
 public:
  explicit FreshRedisState(const RedisOptions& redis) : state_(Options(redis), tail_) {
    const absl::Status open = state_.AwaitOpen(absl::Seconds(60));
    EXPECT_TRUE(open.ok()) << open;
  }
  const RedisState& state() const { return state_; }

  void Execute(PartitionId partition, std::vector<Work> works, Done done) override {
    state_.Execute(partition, std::move(works), std::move(done));
  }
  absl::Status Read(PartitionId partition, absl::FunctionRef<void(const View&, PartitionSeq last)> reader) const override {
    return state_.Read(partition, reader);
  }
  absl::Status Apply(PartitionId partition, PartitionSeq seq, const Transaction& transaction) override {
    return state_.Apply(partition, seq, transaction);
  }
  absl::StatusOr<Digest> DigestOf(PartitionId partition) const override { return state_.DigestOf(partition); }

 private:
  static RedisStateOptions Options(const RedisOptions& redis) {
    static std::atomic<int> count{0};
    RedisStateOptions options;
    options.redis = redis;
    options.deployment = absl::StrCat("test-", ++count);
    return options;
  }
  MemoryTail tail_;
  RedisState state_;
};

}  // namespace fenfen
