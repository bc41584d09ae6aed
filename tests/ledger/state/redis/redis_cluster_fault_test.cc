// What else may happen to a Redis Cluster under load: nodes that forget everything, a master that comes back from a pause after its replica
// has taken over, a cluster that is down.
#include "tests/ledger/state/redis/redis_cluster_fixture.h"
#include "tests/ledger/state/redis/redis_fixture.h"
#include "tests/ledger/state/redis/under_load.h"

namespace fenfen {
namespace {

uint16_t SlotOfPartition(int partition) { return PartitionKeys("demo", PartitionId(static_cast<uint16_t>(partition))).slot(); }

TEST(RedisClusterFault, FlushAllOnANode) {
  TestCluster cluster;
  SharedJournal journal;
  WriterLedger one(cluster.Options(), journal), other(cluster.Options(), journal);
  ASSERT_TRUE(one.ledger().AwaitOpen().ok());
  ASSERT_TRUE(other.ledger().AwaitOpen().ok());
  UnderLoad({&one.ledger(), &other.ledger()}, one.tail(),
            [&](int i) { cluster.node(cluster.MasterOf(SlotOfPartition(i % 8))).Type({"FLUSHALL"}); });
  EXPECT_TRUE(one.tail().Sound().ok());
}

// The other server goes on waiting for the paused master, which does what it was told before, as soon as it is back, and says so.
TEST(RedisClusterFault, APausedMasterThatComesBackAndIsStillTalkedTo) {
  TestCluster cluster;
  SharedJournal journal;
  RedisOptions patient = cluster.Options();
  patient.command_timeout = absl::Seconds(60);
  WriterLedger one(cluster.Options(), journal), other(patient, journal);
  ASSERT_TRUE(one.ledger().AwaitOpen().ok());
  ASSERT_TRUE(other.ledger().AwaitOpen().ok());
  LoadPlan plan;
  plan.disturbances = 10;
  UnderLoad(
      {&one.ledger(), &other.ledger()}, one.tail(),
      [&](int i) {
        const uint16_t slot = SlotOfPartition(i);
        const size_t master = cluster.MasterOf(slot);
        ASSERT_NE(master, TestCluster::kNodes);
        cluster.CutReplication(master);
        cluster.Pause(master);
        cluster.AwaitOtherMaster(slot, master);
        // The first server has the partition open there, under another term.
        std::vector<State::Work> works;
        works.push_back(RedisLedger::Move(DeviceEventKey(CatalogueId(9), static_cast<uint64_t>(i) + 1), 1, 1));
        AwaitThat(
            [&] {
              std::vector<State::Work> again;
              again.push_back(RedisLedger::Move(DeviceEventKey(CatalogueId(9), static_cast<uint64_t>(i) + 1), 1, 1));
              return one.ledger().Execute(std::move(again), PartitionId(static_cast<uint16_t>(i))).front().ok();
            },
            "the new master is not used");
        cluster.Resume(master);
        cluster.ReplicateAgain(master);
        cluster.AwaitWhole();
      },
      plan);
  EXPECT_TRUE(one.tail().Sound().ok());
}

TEST(RedisClusterFault, AClusterThatIsDownAndComesBack) {
  TestCluster cluster;
  MemoryTail tail;
  RedisLedger ledger(cluster.Options(), tail, "demo", absl::Milliseconds(300));
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  for (uint64_t n = 1; n <= 20; ++n) {
    ASSERT_TRUE(ledger.Execute(RedisLedger::Move({1, n}, 2, 10), PartitionId(static_cast<uint16_t>(n % 8))).ok());
  }
  // Two of three: the one that is left cannot give their slots to the replicas, and stops serving its own.
  const std::vector<size_t> masters = cluster.Masters();
  cluster.Kill(masters[0]);
  cluster.Kill(masters[1]);
  for (int p = 0; p < 8; ++p) {
    AwaitThat(
        [&] {
          const auto result = ledger.Execute(RedisLedger::Move({2, 1000}, 2, 0), PartitionId(static_cast<uint16_t>(p)));
          const Reason reason = ReasonOf(result);
          const bool told = reason == Reason::REASON_STORE_UNAVAILABLE || reason == Reason::REASON_OUTCOME_UNKNOWN;
          EXPECT_TRUE(result.ok() || told) << result.status();
          return reason == Reason::REASON_STORE_UNAVAILABLE;
        },
        "a cluster that is down goes on serving");
  }
  cluster.Start(masters[0]);
  cluster.Start(masters[1]);
  ASSERT_TRUE(ledger.AwaitOpen(absl::Seconds(60)).ok()) << ledger.state().Condition();
  for (uint16_t p = 0; p < 8; ++p) {
    AwaitThat([&] { return ledger.Execute(RedisLedger::Move({2, 2000}, 2, 10), PartitionId(p)).ok(); }, "it does not go on");
    ledger.ExpectWhole(PartitionId(p));
  }
}

}  // namespace
}  // namespace fenfen
