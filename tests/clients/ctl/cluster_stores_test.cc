// The stores of a cluster as the demo starts them, from Debian's packages: what must start does, on any machine; and what is killed is
// replaced by what stands behind it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/demo/port.h"
#include "clients/ctl/demo/postgres_pair.h"
#include "clients/ctl/demo/redis_nodes.h"

namespace fenfen::ctl {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

// A workspace whose stores run.
class ClusterStores : public testing::Test {
 protected:
  ClusterStores() : services_([](const std::string& text) { std::cerr << text << std::endl; }, &stop_) {
    char name[] = "/tmp/fenfen-cluster-XXXXXX";
    folder_ = mkdtemp(name);
    // PostgreSQL's user has to come through.
    chmod(name, 0711);
    workspace_ = *Workspace::Open(folder_ + "/demo", {});
    PickPostgresPorts();
    PortPicker picker;
    for (size_t node = 0; node < kRedisNodes; ++node) {
      ports_.redis.push_back(picker.Pick());
      ports_.redis_bus.push_back(picker.Pick());
    }
  }
  ~ClusterStores() override {
    services_.StopAll();
    std::filesystem::remove_all(folder_);
  }

  void PickPostgresPorts() {
    PortPicker picker;
    ports_.postgres = {picker.Pick(), picker.Pick()};
  }
  std::unique_ptr<PostgresPair> StartPostgres() {
    auto pair = std::make_unique<PostgresPair>(
        *workspace_, ports_, &services_, [](const std::string& text) { std::cerr << text << std::endl; }, stop_);
    const absl::Status started = pair->Start();
    EXPECT_TRUE(started.ok()) << started;
    return pair;
  }
  // The first column of a statement, by whichever node takes writes.
  std::string Sql(const std::string& statement) {
    ChildOptions options;
    options.arguments = {"/usr/lib/postgresql/15/bin/psql",
                         "-XAtq",
                         "-d",
                         absl::StrCat(workspace_->PostgresConnection(ports_), " target_session_attrs=read-write connect_timeout=10"),
                         "-c",
                         statement};
    options.log_file = folder_ + "/log";
    const absl::StatusOr<std::string> said = RunProgram(options, stop_, kPatience);
    EXPECT_TRUE(said.ok()) << said.status();
    return said.ok() ? *said : "";
  }

  std::atomic<bool> stop_{false};
  std::string folder_;
  std::unique_ptr<Workspace> workspace_;
  DemoPorts ports_;
  Services services_;
};

TEST_F(ClusterStores, SixRedisNodesBecomeAClusterAndAReplicaTakesOver) {
  const absl::Status started = StartRedisNodes(*workspace_, ports_, &services_, stop_);
  ASSERT_TRUE(started.ok()) << started;
  const std::vector<size_t> masters = RedisMasters(*workspace_, ports_, stop_);
  ASSERT_EQ(masters.size(), kRedisNodes / 2);
  kill(services_.Find(absl::StrCat("redis-", masters[0] + 1))->pid(), SIGKILL);
  const auto took_over = [&] {
    const std::vector<size_t> now = RedisMasters(*workspace_, ports_, stop_);
    return now.size() == masters.size() && now != masters;
  };
  const absl::Time deadline = absl::Now() + kPatience;
  while (!took_over() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(100));
  EXPECT_TRUE(took_over());
}

TEST_F(ClusterStores, APrimaryThatIsKilledIsReplacedByItsStandbyWhichHasEverything) {
  std::unique_ptr<PostgresPair> pair = StartPostgres();
  ASSERT_EQ(pair->primary(), "pg-1");
  EXPECT_EQ(Sql("CREATE TABLE kept AS SELECT 7 AS number"), "");
  kill(services_.Find("pg-1")->pid(), SIGKILL);
  const absl::Time deadline = absl::Now() + kPatience;
  while (pair->primary() != "pg-2" && absl::Now() < deadline) {
    pair->Watch();
    absl::SleepFor(absl::Milliseconds(20));
  }
  ASSERT_EQ(pair->primary(), "pg-2");
  EXPECT_EQ(Sql("SELECT number FROM kept"), "7");
  EXPECT_EQ(Sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"), "1") << "the other has become its standby";
  EXPECT_EQ(Sql("INSERT INTO kept VALUES (8)"), "");

  // Both are there again after an orderly end, on other ports too.
  services_.StopAll();
  pair.reset();
  PickPostgresPorts();
  pair = StartPostgres();
  EXPECT_EQ(pair->primary(), "pg-2");
  EXPECT_EQ(Sql("SELECT sum(number) FROM kept"), "15");
}

}  // namespace
}  // namespace fenfen::ctl
