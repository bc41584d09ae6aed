// Counters in Redis: each transaction once, whoever adds it; counted anew where Redis has lost them; in a cluster, too.
#include "ledger/state/redis/redis_counters.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/ledger/state/redis/redis_cluster_fixture.h"
#include "tests/ledger/state/redis/redis_server.h"

namespace fenfen {
namespace {

constexpr PartitionId kPartition{3};
constexpr char kBoard[] = "fenfen:{demo.3}:board:2026-06:regions/t";
constexpr char kRollup[] = "fenfen:{demo.3}:rollup:2026-06-15:regions/t";
constexpr int kTries = 3000;  // 60 s

RedisStateOptions OptionsOf(RedisOptions redis) {
  RedisStateOptions options;
  options.redis = std::move(redis);
  options.deployment = "demo";
  return options;
}

std::vector<CounterChange> Changes(int64_t points) {
  const absl::Time tomorrow = absl::Now() + absl::Hours(24);
  return {{CounterChange::Kind::kBoard, "2026-06:regions/t", "10000001", points, tomorrow},
          {CounterChange::Kind::kRollup, "2026-06-15:regions/t", "drops", 1, tomorrow}};
}

// Once Redis can be asked.
PartitionSeq Counted(RedisCounters& counters, PartitionId partition = kPartition) {
  for (int i = 0; i < kTries; ++i) {
    const absl::StatusOr<PartitionSeq> counted = counters.Counted(partition);
    if (counted.ok()) return *counted;
    EXPECT_TRUE(absl::IsUnavailable(counted.status()) || absl::IsAborted(counted.status())) << counted.status();
    absl::SleepFor(absl::Milliseconds(20));
  }
  ADD_FAILURE() << "Redis cannot be asked";
  return PartitionSeq(0);
}

TEST(RedisCountersTest, AddsEachStretchOnce) {
  RedisServer server;
  RedisCounters counters(OptionsOf(server.OverUnixSocket()), 7);
  EXPECT_EQ(Counted(counters), PartitionSeq(0));
  EXPECT_TRUE(counters.Add(kPartition, PartitionSeq(1), PartitionSeq(2), Changes(100)).ok());
  EXPECT_TRUE(absl::IsAborted(counters.Add(kPartition, PartitionSeq(1), PartitionSeq(2), Changes(100))));
  EXPECT_TRUE(absl::IsAborted(counters.Add(kPartition, PartitionSeq(4), PartitionSeq(4), Changes(100))));
  EXPECT_TRUE(counters.Add(kPartition, PartitionSeq(3), PartitionSeq(3), Changes(50)).ok());
  EXPECT_EQ(Counted(counters), PartitionSeq(3));
  EXPECT_EQ(server.Type({"ZSCORE", kBoard, "10000001"}), "150");
  EXPECT_EQ(server.Type({"HGET", kRollup, "drops"}), "2");
  EXPECT_GT(std::stoll(server.Type({"TTL", kBoard})), 0);
  // A stretch in which nothing counts moves on, too.
  EXPECT_TRUE(counters.Add(kPartition, PartitionSeq(4), PartitionSeq(9), {}).ok());
  EXPECT_EQ(Counted(counters), PartitionSeq(9));
}

TEST(RedisCountersTest, WhoComesSecondIsToldHowFarTheyAre) {
  RedisServer server;
  RedisCounters one(OptionsOf(server.OverUnixSocket()), 7);
  RedisCounters other(OptionsOf(server.OverTcp()), 7);
  EXPECT_EQ(Counted(one), PartitionSeq(0));
  EXPECT_EQ(Counted(other), PartitionSeq(0));
  EXPECT_TRUE(one.Add(kPartition, PartitionSeq(1), PartitionSeq(5), Changes(100)).ok());
  EXPECT_TRUE(absl::IsAborted(other.Add(kPartition, PartitionSeq(1), PartitionSeq(3), Changes(60))));
  EXPECT_EQ(Counted(other), PartitionSeq(5));
  EXPECT_EQ(server.Type({"ZSCORE", kBoard, "10000001"}), "100");
}

TEST(RedisCountersTest, BeginsAnewWhereRedisHasLostThem) {
  RedisServer server;
  RedisCounters counters(OptionsOf(server.OverUnixSocket()), 7);
  EXPECT_EQ(Counted(counters), PartitionSeq(0));
  EXPECT_TRUE(counters.Add(kPartition, PartitionSeq(1), PartitionSeq(5), Changes(100)).ok());
  // How far they are is lost, what was counted is not: it is forgotten, that of other partitions is not.
  EXPECT_EQ(Counted(counters, PartitionId(4)), PartitionSeq(0));
  EXPECT_TRUE(counters.Add(PartitionId(4), PartitionSeq(1), PartitionSeq(1), Changes(7)).ok());
  server.Type({"DEL", "fenfen:{demo.3}:counted"});
  EXPECT_EQ(Counted(counters), PartitionSeq(0));
  EXPECT_EQ(server.Type({"EXISTS", kBoard, kRollup}), "0");
  EXPECT_EQ(server.Type({"ZSCORE", "fenfen:{demo.4}:board:2026-06:regions/t", "10000001"}), "7");
  for (const RedisCommand& blow : {RedisCommand{"FLUSHALL"}, RedisCommand{"FUNCTION", "FLUSH"}}) {
    server.Type(blow);
    const bool lost = blow[0] == "FLUSHALL";
    EXPECT_EQ(Counted(counters), PartitionSeq(lost ? 0 : 5));
    if (lost) {
      EXPECT_TRUE(counters.Add(kPartition, PartitionSeq(1), PartitionSeq(5), Changes(100)).ok());
    }
    EXPECT_EQ(server.Type({"ZSCORE", kBoard, "10000001"}), "100");
  }
}

TEST(RedisCountersTest, ThoseOfAnotherJournalAreForgotten) {
  RedisServer server;
  RedisCounters before(OptionsOf(server.OverUnixSocket()), 7);
  EXPECT_EQ(Counted(before), PartitionSeq(0));
  EXPECT_TRUE(before.Add(kPartition, PartitionSeq(1), PartitionSeq(5), Changes(100)).ok());
  RedisCounters now(OptionsOf(server.OverUnixSocket()), 8);
  EXPECT_EQ(Counted(now), PartitionSeq(0));
  EXPECT_EQ(server.Type({"EXISTS", kBoard}), "0");
}

TEST(RedisCountersTest, CountsInACluster) {
  TestCluster cluster;
  RedisCounters counters(OptionsOf(cluster.Options()), 7);
  for (const uint16_t p : {0, 3, 100, 255}) {
    EXPECT_EQ(Counted(counters, PartitionId(p)), PartitionSeq(0));
    EXPECT_TRUE(counters.Add(PartitionId(p), PartitionSeq(1), PartitionSeq(2), Changes(p)).ok());
    EXPECT_EQ(Counted(counters, PartitionId(p)), PartitionSeq(2));
  }
}

}  // namespace
}  // namespace fenfen
