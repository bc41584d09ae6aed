// The books moved from store to store: nothing of them changes, an interrupted move goes on, and nothing is written over.
#include "clients/ctl/stores/migrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/ctl/stores/held_journal.h"
#include "clients/ctl/stores/journal_copy.h"
#include "ledger/state/memory_state.h"
#include "tests/clients/ctl/stores/busy_day.h"
#include "tests/ledger/journal/postgres/postgres_server.h"
#include "tests/ledger/state/redis/redis_server.h"

namespace fenfen::ctl {
namespace {

using testing::HasSubstr;

constexpr uint64_t kJournal = 0x1234;

class MigrateTest : public testing::Test {
 protected:
  MigrateTest() {
    char name[] = "/tmp/fenfen-migrate-XXXXXX";
    folder_ = mkdtemp(name);
    files_ = InFiles("a");
  }
  ~MigrateTest() override { std::filesystem::remove_all(folder_); }
  static void SetUpTestSuite() { postgres_ = new PostgresServer; }
  static void TearDownTestSuite() { delete postgres_; }

  server::Config InFiles(const std::string& name) {
    server::Config config;
    config.data_dir = absl::StrCat(folder_, "/", name);
    std::filesystem::create_directories(config.data_dir);
    return config;
  }
  server::Config InPostgres() {
    server::Config config = InFiles("p");
    config.journal.store = "postgres";
    config.stores.postgres.connection = postgres_->Conninfo(postgres_->NewDatabase());
    return config;
  }
  // A day in the journal of that configuration.
  void Fill(const server::Config& config, uint32_t households = 60, int drops = 600) {
    const auto held = HeldJournal::Open(config, {.make_with_id = kJournal});
    ASSERT_TRUE(held.ok()) << held.status();
    MemoryState state;
    BusyDay::Server server(state, (*held)->journal(), day_);
    server.Begin();
    server.Enrol(households);
    server.Drop(drops);
  }
  static std::vector<std::string> EntriesOf(const server::Config& config) {
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
  static MigrateReport MustMigrate(const server::Config& from, const server::Config& to, const MigrateOptions& options = {}) {
    const absl::StatusOr<MigrateReport> report = MigrateBooks(from, to, options);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : MigrateReport();
  }

  static PostgresServer* postgres_;
  std::string folder_;
  server::Config files_;
  BusyDay day_;
};

PostgresServer* MigrateTest::postgres_ = nullptr;

TEST_F(MigrateTest, FilesToPostgresToFilesIsTheSameEntryByEntry) {
  Fill(files_);
  const std::vector<std::string> entries = EntriesOf(files_);
  const server::Config postgres = InPostgres(), back = InFiles("b");
  EXPECT_EQ(MustMigrate(files_, postgres, {.dry_run = true}).copied, entries.size());
  const MigrateReport there = MustMigrate(files_, postgres);
  EXPECT_EQ(there.copied, entries.size());
  EXPECT_EQ(there.equal, kPartitions);
  EXPECT_EQ(there.journal_id, kJournal);
  EXPECT_EQ(EntriesOf(postgres), entries);
  EXPECT_EQ(MustMigrate(postgres, back).equal, kPartitions);
  EXPECT_EQ(EntriesOf(back), entries);
  EXPECT_EQ(MustMigrate(postgres, back).copied, 0u) << "a second time there is nothing to do";
}

TEST_F(MigrateTest, AMoveThatIsKilledGoesOnWhereItWas) {
  Fill(files_, 100, 9000);  // more than are under way at once
  const std::vector<std::string> entries = EntriesOf(files_);
  const server::Config postgres = InPostgres(), back = InFiles("b");
  for (const auto& [from, to] : {std::pair(files_, postgres), std::pair(postgres, back)}) {
    const pid_t child = fork();
    if (child == 0) {
      // Killed as soon as some of it is durable.
      const auto ignored = MigrateBooks(from, to, {.progress = [](uint64_t) { raise(SIGKILL); }});
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    const MigrateReport report = MustMigrate(from, to);
    EXPECT_GT(report.copied, 0u);
    EXPECT_LT(report.copied, entries.size());
    EXPECT_EQ(report.equal, kPartitions);
    EXPECT_EQ(EntriesOf(to), entries);
  }
}

TEST_F(MigrateTest, ASourceThatIsServedIsNotMoved) {
  Fill(files_, 5, 5);
  const server::Config postgres = InPostgres();
  {
    const auto served = HeldJournal::Open(files_, {});
    ASSERT_TRUE(served.ok());
    const absl::Status refused = MigrateBooks(files_, postgres, {}).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(refused.message()), HasSubstr("stop the server first"));
  }
  MustMigrate(files_, postgres);
  const auto served = HeldJournal::Open(postgres, {});
  ASSERT_TRUE(served.ok()) << served.status();
  const absl::Status refused = MigrateBooks(postgres, InFiles("b"), {}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("stop it first"));
}

TEST_F(MigrateTest, ATargetWithAnotherJournalIsNotWrittenTo) {
  Fill(files_, 5, 5);
  const server::Config postgres = InPostgres(), other = InFiles("other");
  for (const server::Config& target : {postgres, other}) {
    ASSERT_TRUE(HeldJournal::Open(target, {.make_with_id = kJournal + 1}).ok());
    for (const bool dry_run : {true, false}) {
      const absl::Status refused = MigrateBooks(files_, target, {.dry_run = dry_run}).status();
      EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_THAT(std::string(refused.message()), HasSubstr("another journal"));
    }
  }
}

TEST_F(MigrateTest, ATargetThatIsFurtherIsNotWrittenTo) {
  Fill(files_, 5, 5);
  const server::Config postgres = InPostgres();
  MustMigrate(files_, postgres);
  const auto further = HeldJournal::Open(postgres, {});
  ASSERT_TRUE(further.ok());
  const auto head = (*further)->journal().HeadOf(kCataloguePartition);
  Transaction transaction;
  transaction.kind = TransactionKind::kCatalogueUpdate;
  transaction.key = {1, 2};
  transaction.event_time = absl::FromUnixSeconds(1'700'000'000);
  (*further)->journal().Append(
      {kCataloguePartition, PartitionSeq(head->last.value() + 1), transaction.event_time, EncodeTransaction(transaction)},
      [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
  ASSERT_TRUE((*further)->journal().Flush().ok());
  const auto source = HeldJournal::Open(files_, {});
  const absl::Status refused = CopyJournal((*source)->journal(), (*further)->journal(), [](uint64_t) {}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("further than the source"));
}

TEST_F(MigrateTest, MemoryToRedisAndBack) {
  Fill(files_);
  const RedisServer redis;
  server::Config in_redis = files_;
  in_redis.stores.state = "redis";
  in_redis.stores.redis.address = absl::StrCat("unix:", redis.OverUnixSocket().endpoint.unix_path);
  const MigrateReport there = MustMigrate(files_, in_redis);
  EXPECT_EQ(there.copied, 0u) << "it is the same journal";
  EXPECT_EQ(there.rebuilt, kPartitions);
  // Over to PostgreSQL, with a Redis of another name.
  server::Config shared = InPostgres();
  shared.stores.state = "redis";
  shared.stores.redis = in_redis.stores.redis;
  shared.stores.redis.deployment = "shared";
  const MigrateReport over = MustMigrate(in_redis, shared);
  EXPECT_EQ(over.equal, kPartitions);
  EXPECT_EQ(over.rebuilt, kPartitions);
  const MigrateReport back = MustMigrate(shared, InFiles("b"));
  EXPECT_EQ(back.equal, kPartitions);
  EXPECT_EQ(back.rebuilt, 0);
}

}  // namespace
}  // namespace fenfen::ctl
