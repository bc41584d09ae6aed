// `fenfenctl migrate` to several servers' stores, a Redis Cluster and PostgreSQL, and back to one machine's: killed half-way in the journal
// and in Redis, it goes on, and at both ends there are the same entries and the same digests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "clients/ctl/stores/held_journal.h"
#include "clients/ctl/stores/migrate.h"
#include "ledger/state/memory_state.h"
#include "tests/clients/ctl/stores/busy_day.h"
#include "tests/ledger/journal/postgres/postgres_server.h"
#include "tests/ledger/state/redis/redis_cluster_fixture.h"

namespace fenfen::ctl {
namespace {

using testing::HasSubstr;

constexpr uint64_t kJournal = 0x77;

class MigrateClusterTest : public testing::Test {
 protected:
  MigrateClusterTest() {
    char name[] = "/tmp/fenfen-migrate-XXXXXX";
    folder_ = mkdtemp(name);
    Write("one.toml", "data_dir = \"one\"\n");
    Write("back.toml", "data_dir = \"back\"\n");
    const std::string seeds = absl::StrJoin(cluster_.Options().cluster, ", ", [](std::string* out, const RedisEndpoint& seed) {
      absl::StrAppend(out, "\"", FormatEndpoint(seed), "\"");
    });
    Write("many.toml", absl::StrCat("data_dir = \"many\"\n[journal]\nstore = \"postgres\"\n[postgres]\nconnection = \"",
                                    postgres_.Conninfo(postgres_.NewDatabase()), "\"\n[state]\nstore = \"redis\"\n[redis]\ncluster = [",
                                    seeds, "]\ndeployment = \"moved\"\n"));
  }
  ~MigrateClusterTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(absl::StrCat(folder_, "/", name))
        << text << "[[issuer]]\nname = \"operator\"\npublic_key = \"operator.pub.pem\"\nroles = [\"OPERATOR\"]\n";
  }
  server::Config Read(const std::string& name) const {
    const absl::StatusOr<server::Config> config = server::LoadConfig(absl::StrCat(folder_, "/", name));
    EXPECT_TRUE(config.ok()) << config.status();
    std::filesystem::create_directories(config->data_dir);
    return *config;
  }
  // A move that is killed when `options` say so.
  static void Killed(const server::Config& from, const server::Config& to, const MigrateOptions& options) {
    const pid_t child = fork();
    if (child == 0) {
      const auto ignored = MigrateBooks(from, to, options);
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it was not killed: " << status;
  }
  // Ends this process when there are as many keys in the cluster.
  void KillOnceRedisHolds(int64_t keys) {
    for (int64_t sum = 0; sum < keys;) {
      sum = 0;
      for (const size_t master : cluster_.Masters()) {
        int64_t here = 0;
        if (absl::SimpleAtoi(cluster_.node(master).Type({"DBSIZE"}), &here)) sum += here;
      }
    }
    raise(SIGKILL);
  }
  // What fenfenctl prints, and that it ends well. `@` in the arguments is the folder.
  std::string Run(const std::string& arguments) const {
    const std::string command = absl::StrCat("timeout 300 ", std::getenv("FENFEN_BIN"), "/fenfenctl --json ",
                                             absl::StrReplaceAll(arguments, {{"@", folder_}}), " 2>&1");
    FILE* pipe = popen(command.c_str(), "r");
    std::string out;
    char chunk[4096];
    for (size_t got = 0; pipe != nullptr && (got = fread(chunk, 1, sizeof chunk, pipe)) > 0;) out.append(chunk, got);
    EXPECT_EQ(pipe == nullptr ? -1 : WEXITSTATUS(pclose(pipe)), 0) << arguments << ": " << out;
    return out;
  }
  std::vector<std::string> EntriesOf(const server::Config& config) const {
    std::vector<std::string> entries;
    const auto held = HeldJournal::Open(config, {});
    EXPECT_TRUE(held.ok()) << held.status();
    if (!held.ok()) return entries;
    EXPECT_EQ((*held)->journal().Id(), kJournal);
    const absl::Status read = (*held)->journal().Replay([&](const JournalEntry& entry) {
      entries.push_back(
          absl::StrCat(entry.partition.value(), "/", entry.seq.value(), "/", absl::ToUnixMicros(entry.record_time), "/", entry.bytes));
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return entries;
  }

  std::string folder_;
  PostgresServer postgres_;
  TestCluster cluster_;
  BusyDay day_;
};

TEST_F(MigrateClusterTest, ThereAndBackKilledHalfWay) {
  const server::Config one = Read("one.toml"), many = Read("many.toml"), back = Read("back.toml");
  {
    const auto held = HeldJournal::Open(one, {.make_with_id = kJournal});
    ASSERT_TRUE(held.ok()) << held.status();
    MemoryState state;
    BusyDay::Server server(state, (*held)->journal(), day_);
    server.Begin();
    server.Enrol(100);
    server.Drop(6000);
  }
  const std::vector<std::string> entries = EntriesOf(one);
  ASSERT_GT(entries.size(), 6000u);
  const std::string all = absl::StrCat("\"partitions_equal\":", kPartitions);

  Killed(one, many, {.progress = [](uint64_t) { raise(SIGKILL); }});
  // The second time all of the journal is there, and some of Redis.
  Killed(one, many, {.say = [this](const std::string& text) {
           if (absl::StrContains(text, "restoring")) std::thread([this] { KillOnceRedisHolds(1000); }).detach();
         }});
  EXPECT_THAT(Run("migrate --from @/one.toml --to @/many.toml"), HasSubstr(absl::StrCat("\"partitions_rebuilt\":", kPartitions)));
  EXPECT_EQ(EntriesOf(many), entries);
  EXPECT_THAT(Run("verify --redis @/many.toml"), HasSubstr(absl::StrCat("\"redis_digests_equal\":", kPartitions)));

  Killed(many, back, {.progress = [](uint64_t) { raise(SIGKILL); }});
  EXPECT_THAT(Run("migrate --from @/many.toml --to @/back.toml"), HasSubstr(all));
  EXPECT_EQ(EntriesOf(back), entries);
  Run("verify @/back/journal");
}

}  // namespace
}  // namespace fenfen::ctl
