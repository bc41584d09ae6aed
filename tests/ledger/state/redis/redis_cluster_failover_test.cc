// Masters of a Redis Cluster that are killed with their replicas cut off, ten times under load: what the cluster acknowledged and lost, the
// journal gives back.
#include "tests/ledger/state/redis/redis_cluster_fixture.h"
#include "tests/ledger/state/redis/redis_fixture.h"
#include "tests/ledger/state/redis/under_load.h"

namespace fenfen {
namespace {

uint16_t SlotOfPartition(int partition) { return PartitionKeys("demo", PartitionId(static_cast<uint16_t>(partition))).slot(); }

// Kills the partition's master with a tail that only it has, and brings it back as its replica's replica.
void KillWithATailOfItsOwn(TestCluster& cluster, TestTail& tail, int partition) {
  const uint16_t slot = SlotOfPartition(partition);
  const size_t master = cluster.MasterOf(slot);
  ASSERT_NE(master, TestCluster::kNodes);
  cluster.CutReplication(master);
  const PartitionId id(static_cast<uint16_t>(partition));
  const size_t before = tail.Entries(id).size();
  AwaitThat([&] { return tail.Entries(id).size() >= before + 5; }, "no commit comes through");
  cluster.Kill(master);
  cluster.AwaitOtherMaster(slot, master);
  cluster.Start(master);
  cluster.AwaitWhole();
}

TEST(RedisClusterFailover, OneServerAndAJournalOfItsOwn) {
  TestCluster cluster;
  MemoryTail tail;
  RedisLedger ledger(cluster.Options(), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  LoadPlan plan;
  plan.disturbances = 5;
  UnderLoad(
      {&ledger}, tail, [&](int i) { KillWithATailOfItsOwn(cluster, tail, i); }, plan);
  EXPECT_GE(ledger.state().figures().restored, 25u);
}

TEST(RedisClusterFailover, TwoServersAndOneJournal) {
  TestCluster cluster;
  SharedJournal journal;
  WriterLedger one(cluster.Options(), journal), other(cluster.Options(), journal);
  ASSERT_TRUE(one.ledger().AwaitOpen().ok());
  ASSERT_TRUE(other.ledger().AwaitOpen().ok());
  LoadPlan plan;
  plan.disturbances = 5;
  UnderLoad(
      {&one.ledger(), &other.ledger()}, one.tail(), [&](int i) { KillWithATailOfItsOwn(cluster, one.tail(), i); }, plan);
  EXPECT_TRUE(one.tail().Sound().ok());
  EXPECT_GE(one.figures().restored + other.figures().restored, 25u);
}

}  // namespace
}  // namespace fenfen
