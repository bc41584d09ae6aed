// Slots that move between masters under load, back and forth: no caller sees an error, and nothing is lost or done twice.
#include "tests/ledger/state/redis/redis_cluster_fixture.h"
#include "tests/ledger/state/redis/redis_fixture.h"
#include "tests/ledger/state/redis/under_load.h"

namespace fenfen {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);
// A machine may be so busy that a node seems to be dead.
constexpr char kNoFailovers[] = "cluster-node-timeout 60000";

void MoveOn(TestCluster& cluster, int partition) {
  const uint16_t slot = PartitionKeys("demo", PartitionId(static_cast<uint16_t>(partition))).slot();
  const size_t from = cluster.MasterOf(slot);
  ASSERT_LT(from, TestCluster::kMasters) << "nobody has failed over";
  cluster.MoveSlot(slot, from, (from + 1) % TestCluster::kMasters);
}

LoadPlan NoRefusals() {
  LoadPlan plan;
  plan.refusals_allowed = false;
  return plan;
}

TEST(RedisClusterMigration, OneServerAndAJournalOfItsOwn) {
  TestCluster cluster({kNoFailovers});
  MemoryTail tail;
  RedisLedger ledger(cluster.Options(), tail, "demo", kPatience);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  UnderLoad(
      {&ledger}, tail, [&](int i) { MoveOn(cluster, i % 3); }, NoRefusals());
  EXPECT_EQ(ledger.state().figures().restored, 0u) << "nothing was lost";
}

TEST(RedisClusterMigration, TwoServersAndOneJournal) {
  TestCluster cluster({kNoFailovers});
  SharedJournal journal;
  WriterLedger one(cluster.Options(), journal, true, kPatience), other(cluster.Options(), journal, true, kPatience);
  ASSERT_TRUE(one.ledger().AwaitOpen().ok());
  ASSERT_TRUE(other.ledger().AwaitOpen().ok());
  UnderLoad(
      {&one.ledger(), &other.ledger()}, one.tail(), [&](int i) { MoveOn(cluster, i % 3); }, NoRefusals());
  EXPECT_TRUE(one.tail().Sound().ok());
  EXPECT_EQ(one.figures().restored + other.figures().restored, 0u) << "nothing was lost";
}

// Left half-way, the partition waits; its works are refused when their patience is over, and go on when the slot has arrived.
TEST(RedisClusterMigration, ASlotThatStaysHalfWay) {
  TestCluster cluster({kNoFailovers});
  MemoryTail tail;
  RedisLedger ledger(cluster.Options(), tail, "demo", absl::Milliseconds(300));
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  ASSERT_TRUE(ledger.Execute(RedisLedger::Move({1, 1}, 2, 10)).ok());
  const PartitionKeys keys("demo", RedisLedger::kPartition);
  const size_t from = cluster.MasterOf(keys.slot()), to = (from + 1) % TestCluster::kMasters;
  cluster.BeginToMoveSlot(keys.slot(), from, to, {keys.Book(1)});
  EXPECT_EQ(ReasonOf(ledger.Execute(RedisLedger::Move({1, 2}, 2, 10))), Reason::REASON_STORE_UNAVAILABLE);
  EXPECT_TRUE(ledger.Execute(RedisLedger::Move({1, 2}, 2, 10), PartitionId(4)).ok()) << "another partition has nothing to do with it";
  cluster.MoveSlot(keys.slot(), from, to);
  absl::StatusOr<ExecuteResult> result = absl::UnknownError("");
  AwaitThat([&] { return (result = ledger.Execute(RedisLedger::Move({1, 2}, 2, 10))).ok(); }, "it does not go on");
  EXPECT_TRUE(std::holds_alternative<Committed>(*result)) << "nothing of it had been done";
  ledger.ExpectWhole();
}

// All keys are over there, and the slot is not: the node sends whoever asks to the other one, which must be told that he knows.
TEST(RedisClusterMigration, ASlotThatHasArrivedButForItsOwner) {
  TestCluster cluster({kNoFailovers});
  MemoryTail tail;
  RedisLedger ledger(cluster.Options(), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  ASSERT_TRUE(ledger.Execute(RedisLedger::Move({1, 1}, 2, 10)).ok());
  const PartitionKeys keys("demo", RedisLedger::kPartition);
  const size_t from = cluster.MasterOf(keys.slot()), to = (from + 1) % TestCluster::kMasters;
  std::vector<std::string> all;
  for (int book = 0; book < PartitionKeys::kBooks; ++book) all.push_back(keys.Book(book));
  for (int day = 0; day < PartitionKeys::kDays; ++day) all.push_back(keys.Day(day));
  cluster.BeginToMoveSlot(keys.slot(), from, to, all);
  for (uint64_t n = 2; n <= 20; ++n) ASSERT_TRUE(ledger.Execute(RedisLedger::Move({1, n}, 2, 10)).ok());
  EXPECT_EQ(cluster.MasterOf(keys.slot()), from);
  cluster.MoveSlot(keys.slot(), from, to);
  for (uint64_t n = 21; n <= 40; ++n) ASSERT_TRUE(ledger.Execute(RedisLedger::Move({1, n}, 2, 10)).ok());
  EXPECT_EQ(ledger.Balance(2), 400);
  ledger.ExpectWhole();
}

// A new day of the ring where the slot is about to move: the key stays there all the time.
TEST(RedisClusterMigration, ADayBeginsInASlotThatIsAboutToMove) {
  TestCluster cluster({kNoFailovers});
  MemoryTail tail;
  RedisLedger ledger(cluster.Options(), tail);
  ASSERT_TRUE(ledger.AwaitOpen().ok());
  const absl::Time day = absl::FromUnixSeconds(1'800'000'000);
  ASSERT_TRUE(ledger.Execute(RedisLedger::Move(KeyAt(day, 1), 2, 10)).ok());
  const PartitionKeys keys("demo", RedisLedger::kPartition);
  const size_t from = cluster.MasterOf(keys.slot());
  cluster.BeginToMoveSlot(keys.slot(), from, (from + 1) % TestCluster::kMasters, {});
  ASSERT_TRUE(ledger.Execute(RedisLedger::Move(KeyAt(day + absl::Hours(24 * 47), 1), 2, 10)).ok());
  EXPECT_EQ(ReasonOf(ledger.Execute(RedisLedger::Move(KeyAt(day, 2), 2, 10))), Reason::REASON_REQUEST_ID_OUT_OF_WINDOW);
  EXPECT_EQ(ledger.state().figures().began_anew, kPartitions) << "only at the beginning";
  ledger.ExpectWhole();
}

}  // namespace
}  // namespace fenfen
