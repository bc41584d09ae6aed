// What a Redis Cluster says and how it is understood: slots, maps, redirections; and RedisState against the conformance suite over a real
// one, as an ACL user with no more rights than docs/formats/redis.md names.
#include "ledger/state/redis/redis_cluster.h"

#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/match.h"
#include "ledger/state/redis/partition_keys.h"
#include "tests/ledger/state/redis/fresh_redis_state.h"
#include "tests/ledger/state/redis/redis_cluster_fixture.h"
#include "tests/ledger/state/redis/redis_fixture.h"
#include "tests/ledger/state/state_conformance.h"

namespace fenfen {
namespace {

TEST(RedisClusterSlots, KnownAnswers) {
  // The first is the cluster specification's own; the others are what CLUSTER KEYSLOT says.
  EXPECT_EQ(SlotOf("123456789"), 0x31C3);
  EXPECT_EQ(SlotOf(""), 0);
  EXPECT_EQ(SlotOf("foo"), 12'182);
  EXPECT_EQ(SlotOf("bar"), 5061);
  EXPECT_EQ(SlotOf("hello"), 866);
}

RedisReply Parsed(const std::string& wire) {
  const std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader(redisReaderCreate(), redisReaderFree);
  void* reply = nullptr;
  EXPECT_EQ(redisReaderFeed(reader.get(), wire.data(), wire.size()), REDIS_OK);
  EXPECT_EQ(redisReaderGetReply(reader.get(), &reply), REDIS_OK);
  return RedisReply(static_cast<redisReply*>(reply));
}

TEST(RedisClusterSlots, AMapIsRead) {
  const std::string master = "*3\r\n$9\r\n127.0.0.1\r\n:7000\r\n$2\r\nid\r\n";
  const std::string nameless = "*3\r\n$0\r\n\r\n:7001\r\n$2\r\nid\r\n";
  const auto ranges =
      ParseSlots(Parsed("*2\r\n*3\r\n:0\r\n:5460\r\n" + master + "*3\r\n:5461\r\n:16383\r\n" + nameless).value(), {"10.0.0.7", 7001, {}});
  ASSERT_TRUE(ranges.ok()) << ranges.status();
  ASSERT_EQ(ranges->size(), 2u);
  EXPECT_EQ((*ranges)[0].last, 5460);
  EXPECT_EQ((*ranges)[0].master, (RedisEndpoint{"127.0.0.1", 7000, {}}));
  EXPECT_EQ((*ranges)[1].first, 5461);
  EXPECT_EQ((*ranges)[1].master, (RedisEndpoint{"10.0.0.7", 7001, {}}))
      << "a node that does not know its address has the one it was asked at";
  for (const char* bad : {"+OK\r\n", "*1\r\n:1\r\n", "*1\r\n*2\r\n:0\r\n:16384\r\n", "*1\r\n*2\r\n:5\r\n:4\r\n", "$-1\r\n"}) {
    EXPECT_FALSE(ParseSlots(Parsed(bad).value(), {}).ok()) << bad;
  }
  EXPECT_FALSE(ParseSlots(Parsed("*1\r\n*3\r\n:0\r\n:16384\r\n" + master).value(), {}).ok());
}

TEST(RedisClusterSlots, ARedirectionIsRead) {
  const auto of = [](absl::string_view reply) { return RedirectionOf(RedisError(FaultOfReply(reply), reply)); };
  const auto moved = of("MOVED 3999 127.0.0.1:6381");
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->slot, 3999);
  EXPECT_EQ(moved->host, "127.0.0.1");
  EXPECT_EQ(moved->port, 6381);
  EXPECT_EQ(of("ASK 16383 ::1:7000")->host, "::1");
  EXPECT_EQ(of("ASK 5 :7000")->host, "") << "the host that said so";
  for (const char* bad :
       {"MOVED", "MOVED 1", "MOVED x a:1", "MOVED 16384 a:1", "MOVED 1 a", "MOVED 1 a:0", "MOVED 1 a:65536", "ERR 1 a:1"}) {
    EXPECT_FALSE(of(bad)) << bad;
  }
}

// One for all tests of this program.
TestCluster& Shared() {
  static TestCluster cluster(
      {"user ledger on >only-functions ~fenfen:* +fcall +ping +role +info +hget +hmget +hset +hdel +hgetall +exists "
       "+unlink +asking +cluster|info +cluster|slots +function|load"});
  return cluster;
}

RedisOptions AsLedger() {
  RedisOptions options = Shared().Options();
  options.user = "ledger";
  options.password = "only-functions";
  return options;
}

TEST(RedisClusterState, FindsTheClusterFromAnySeedEvenAReplica) {
  for (size_t i = 0; i < TestCluster::kNodes; ++i) {
    RedisOptions options = Shared().Options();
    options.cluster = {options.cluster[i]};
    FreshRedisState state(options);
    EXPECT_TRUE(state.state().Condition().ok());
  }
}

TEST(RedisClusterState, AWrongPasswordIsToldAtOnce) {
  RedisOptions options = AsLedger();
  options.password = "wrong";
  MemoryTail tail;
  RedisLedger ledger(options, tail);
  EXPECT_EQ(FaultOf(ledger.AwaitOpen(absl::Seconds(60))), RedisFault::kAccessDenied);
}

TEST(RedisClusterState, ANodeThatIsNoneIsNamed) {
  RedisServer alone;
  RedisOptions options = alone.OverTcp();
  options.cluster = {options.endpoint};
  MemoryTail tail;
  RedisLedger ledger(options, tail, "demo", absl::Milliseconds(50));
  AwaitThat([&] { return absl::StrContains(ledger.state().Condition().message(), "cluster support disabled"); }, "it does not say why");
  EXPECT_EQ(ReasonOf(ledger.Execute(RedisLedger::Move({1, 1}, 2, 10))), Reason::REASON_STORE_UNAVAILABLE);
  // And the other way round.
  RedisOptions single = Shared().Options();
  single.cluster.clear();
  RedisLedger other(single, tail, "other", absl::Milliseconds(50));
  AwaitThat([&] { return FaultOf(other.state().Condition()) == RedisFault::kMoved; }, "it does not say why");
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(RedisCluster, StateConformance,
                         testing::Values([]() -> std::unique_ptr<State> { return std::make_unique<FreshRedisState>(AsLedger()); }));

}  // namespace fenfen
