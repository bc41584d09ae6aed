// Two servers under load by the C++ client that balances over them, while servers and stores fail: every acknowledged drop is there exactly
// once, by the clients' own records.
#include <signal.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/ledger/state/redis/redis_cluster_fixture.h"
#include "tests/server/drop_load.h"
#include "tests/server/shared_deployment.h"

namespace fenfen::server {
namespace {

using ServersKilled = SharedDeployment;

constexpr int kTimes = 10;

// Each kill falls between the commit in Redis and the journal: what the server has queued for the journal is committed, and the journal is
// held meanwhile, so none of that can have been written.
TEST_F(ServersKilled, KilledBetweenRedisAndTheJournalTenTimes) {
  a_.SetTop(absl::StrCat("listen = \"127.0.0.1:", LastingPort(), "\"\n"));
  StartBoth();
  DropLoad load(a_, {a_.address(), b_.address()});
  double swept = 0;  // by a, in lives that have ended
  for (int kill = 0; kill < kTimes && !HasFatalFailure(); ++kill) {
    load.Await(40);
    swept += MetricOf(a_, "fenfen_redis_swept");
    {
      const JournalHeld held(*postgres_, database_);
      AwaitThat([&] { return MetricOf(a_, "fenfen_journal_queued_bytes") > 0; }, "nothing of a's waits for the journal");
      a_.Kill();
    }
    load.Await(20);
    ASSERT_TRUE(a_.Start()) << a_.Log();
  }
  load.Await(20);
  load.Stop();
  load.ExpectIn(*postgres_, database_);
  swept += MetricOf(a_, "fenfen_redis_swept") + MetricOf(b_, "fenfen_redis_swept");
  EXPECT_GE(swept, kTimes) << "what each kill left was journaled by somebody";
}

// At whatever moment, and nothing waits.
TEST_F(ServersKilled, KilledTenTimes) {
  a_.SetTop(absl::StrCat("listen = \"127.0.0.1:", LastingPort(), "\"\n"));
  StartBoth();
  DropLoad load(a_, {a_.address(), b_.address()});
  for (int kill = 0; kill < kTimes && !HasFatalFailure(); ++kill) {
    load.Await(40);
    a_.Kill();
    load.Await(20);
    ASSERT_TRUE(a_.Start()) << a_.Log();
  }
  load.Await(20);
  load.Stop();
  load.ExpectIn(*postgres_, database_);
}

// A server that sleeps has committed what it has not journaled: the other one journals that, and the sleeper finds its own there.
TEST_F(ServersKilled, AsleepTenTimes) {
  StartBoth();
  DropLoad load(a_, {a_.address(), b_.address()});
  for (int time = 0; time < kTimes && !HasFatalFailure(); ++time) {
    load.Await(40);
    kill(a_.pid(), SIGSTOP);
    absl::SleepFor(absl::Milliseconds(150));
    kill(a_.pid(), SIGCONT);
  }
  load.Await(20);
  load.Stop();
  load.ExpectIn(*postgres_, database_);
  EXPECT_EQ(a_.Digests(), b_.Digests());
}

TEST_F(ServersKilled, RedisEmptiedTenTimesOfDataAndTenTimesOfFunctions) {
  StartBoth();
  DropLoad load(a_, {a_.address(), b_.address()});
  for (int time = 0; time < 2 * kTimes && !HasFatalFailure(); ++time) {
    load.Await(40);
    redis_->Type({time % 2 == 0 ? "FLUSHALL" : "FUNCTION", time % 2 == 0 ? "SYNC" : "FLUSH"});
  }
  load.Await(40);
  load.Stop();
  load.ExpectIn(*postgres_, database_);
  EXPECT_EQ(a_.Digests(), b_.Digests());
}

// The primary is killed and its standby promoted, each in turn taking the other's place.
TEST_F(ServersKilled, PostgresFailsOverTenTimes) {
  PostgresServer first;
  const std::string database = first.NewDatabase();
  const std::unique_ptr<PostgresServer> second = PostgresServer::StandbyOf(first);
  const std::string stores = RedisAndPostgres(*redis_, "failover", PostgresServer::ConninfoOf({&first, second.get()}, database));
  TestServer one(stores), other(one, stores);
  ASSERT_TRUE(one.Start()) << one.Log();
  one.ImportDistrict();
  ASSERT_TRUE(other.Start()) << other.Log();
  DropLoad load(one, {one.address(), other.address()});
  PostgresServer* primary = &first;
  PostgresServer* standby = second.get();
  for (int failover = 0; failover < kTimes && !HasFatalFailure(); ++failover) {
    load.Await(60);
    primary->Kill();
    standby->Promote();
    std::swap(primary, standby);
    standby->BecomeStandbyOf(*primary);
  }
  load.Await(60);
  load.Stop();
  load.ExpectIn(*primary, database);
}

// The same over a Redis Cluster: a master is killed with what its replica does not have, and a server too.
TEST_F(ServersKilled, AMasterOfARedisClusterAndAServer) {
  TestCluster cluster;
  const std::string stores = ClusterAndPostgres(cluster.Options().cluster, "cluster", postgres_->Conninfo(database_));
  TestServer one(stores), other(one, stores);
  one.SetTop(absl::StrCat("listen = \"127.0.0.1:", LastingPort(), "\"\n"));
  ASSERT_TRUE(one.Start()) << one.Log();
  one.ImportDistrict();
  ASSERT_TRUE(other.Start()) << other.Log();
  DropLoad load(one, {one.address(), other.address()});
  load.Await(60);
  const size_t master = cluster.Masters().front();
  cluster.CutReplication(master);
  load.Await(20);
  cluster.Kill(master);
  one.Kill();
  load.Await(60);
  ASSERT_TRUE(one.Start()) << one.Log();
  load.Await(60);
  load.Stop();
  load.ExpectIn(*postgres_, database_);
  EXPECT_EQ(one.Digests(), other.Digests());
}

}  // namespace
}  // namespace fenfen::server
