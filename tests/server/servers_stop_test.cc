// A server that is asked to stop while PostgreSQL is away ends by itself before long, and nothing acknowledged is lost: what it has
// committed in Redis and could not journal is journaled by whoever comes first when PostgreSQL is back.
#include <signal.h>

#include <functional>
#include <future>
#include <vector>

#include "absl/time/clock.h"
#include "tests/ledger/state/redis/redis_cluster_fixture.h"
#include "tests/server/drop_load.h"
#include "tests/server/shared_deployment.h"

namespace fenfen::server {
namespace {

constexpr std::chrono::seconds kEndsBy(120);  // far more than it needs, on a busy machine too

class ServersStopped : public SharedDeployment {
 protected:
  // Asks for the stop, and gives the exit code; -1 where the server had to be killed.
  static int StopInTime(TestServer& server) {
    const pid_t pid = server.pid();
    std::future<int> stopped = std::async(std::launch::async, [&] { return server.Stop(); });
    if (stopped.wait_for(kEndsBy) == std::future_status::ready) return stopped.get();
    kill(pid, SIGKILL);
    stopped.wait();
    return -1;
  }
  // Somebody's only server has work that PostgreSQL does not take any more, when it is asked to stop.
  void StopWhileAway(const std::function<void()>& leave, const std::function<void()>& come_back) {
    const std::string stores = RedisAndPostgres(*redis_, database_, postgres_->Conninfo(database_) + "\"\ntimeout = \"2s");
    TestServer one(stores), other(one, stores);
    one.SetTop("listen = \"127.0.0.1:" + std::to_string(LastingPort()) + "\"\n");
    ASSERT_TRUE(one.Start()) << one.Log();
    one.ImportDistrict();
    ASSERT_TRUE(other.Start()) << other.Log();
    DropLoad load(one, std::vector<DropLoad::Targets>{{one.address()}, {other.address()}});
    load.Await(60);
    // Where nothing was under way at that moment, nothing waits: no more is admitted. Then once more.
    bool waits = false;
    for (int attempt = 0; attempt < 10 && !waits; ++attempt) {
      if (attempt > 0) {
        come_back();
        load.Await(60);
      }
      leave();
      for (const absl::Time until = absl::Now() + absl::Seconds(4); !waits && absl::Now() < until; absl::SleepFor(absl::Milliseconds(10))) {
        waits = MetricOf(one, "fenfen_journal_queued_bytes") > 0;
      }
    }
    ASSERT_TRUE(waits) << "nothing waits for PostgreSQL";
    EXPECT_EQ(StopInTime(one), 0) << one.Log();
    come_back();
    load.AwaitOf(1, 40);
    ASSERT_TRUE(one.Start()) << one.Log();
    load.AwaitOf(0, 20);
    load.Stop();
    load.ExpectIn(*postgres_, database_);
    EXPECT_EQ(one.Digests(), other.Digests());
  }
};

TEST_F(ServersStopped, WhilePostgresIsGone) {
  StopWhileAway([] { postgres_->Kill(); }, [] { postgres_->Start(); });
}

TEST_F(ServersStopped, WhilePostgresIsSilent) {
  StopWhileAway([] { postgres_->Pause(); }, [] { postgres_->Resume(); });
}

}  // namespace
}  // namespace fenfen::server
