// The commands of clients/ctl/stores as an operator runs them: what they print and how they end, over a real PostgreSQL and a real Redis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "clients/ctl/stores/held_journal.h"
#include "ledger/state/memory_state.h"
#include "tests/clients/ctl/stores/busy_day.h"
#include "tests/ledger/journal/postgres/postgres_server.h"
#include "tests/ledger/state/redis/redis_server.h"

namespace fenfen::ctl {
namespace {

using testing::HasSubstr;

struct Ran {
  int exit_code = -1;
  std::string out;  // and what it said to standard error
  int64_t Number(const char* field) const {
    boost::system::error_code error;
    const size_t begin = out.find('{');
    const boost::json::value value = boost::json::parse(begin == std::string::npos ? "" : out.substr(begin), error);
    const boost::json::value* const number = !error && value.is_object() ? value.as_object().if_contains(field) : nullptr;
    return number != nullptr && number->is_number() ? number->to_number<int64_t>() : -1;
  }
};

class StoresCommands : public testing::Test {
 protected:
  StoresCommands() {
    char name[] = "/tmp/fenfen-commands-XXXXXX";
    folder_ = mkdtemp(name);
    const std::string database = postgres_.NewDatabase();
    // Files and memory; the same files and Redis; PostgreSQL and Redis.
    Write("a.toml", "data_dir = \"a\"\n");
    Write("r.toml", absl::StrCat("data_dir = \"a\"\n", InRedis("r")));
    Write("p.toml", absl::StrCat("data_dir = \"p\"\n[journal]\nstore = \"postgres\"\n[postgres]\nconnection = \"",
                                 postgres_.Conninfo(database), "\"\n", InRedis("p")));
  }
  ~StoresCommands() override { std::filesystem::remove_all(folder_); }

  std::string InRedis(const std::string& deployment) const {
    return absl::StrCat("[state]\nstore = \"redis\"\n[redis]\naddress = \"unix:", redis_.OverUnixSocket().endpoint.unix_path,
                        "\"\ndeployment = \"", deployment, "\"\n");
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(absl::StrCat(folder_, "/", name))
        << text << "[[issuer]]\nname = \"operator\"\npublic_key = \"operator.pub.pem\"\nroles = [\"OPERATOR\"]\n";
  }
  // `@` in the arguments is the folder.
  Ran Run(const std::string& arguments) const {
    const std::string command = absl::StrCat("timeout 100 ", std::getenv("FENFEN_BIN"), "/fenfenctl --json ",
                                             absl::StrReplaceAll(arguments, {{"@", folder_}}), " 2>&1");
    FILE* pipe = popen(command.c_str(), "r");
    Ran ran;
    char chunk[4096];
    for (size_t got = 0; pipe != nullptr && (got = fread(chunk, 1, sizeof chunk, pipe)) > 0;) ran.out.append(chunk, got);
    if (pipe != nullptr) ran.exit_code = WEXITSTATUS(pclose(pipe));
    return ran;
  }
  server::Config Read(const std::string& name) const {
    const absl::StatusOr<server::Config> config = server::LoadConfig(absl::StrCat(folder_, "/", name));
    EXPECT_TRUE(config.ok()) << config.status();
    return *config;
  }
  void Fill() {
    const auto held = HeldJournal::Open(Read("a.toml"), {.make_with_id = 9});
    ASSERT_TRUE(held.ok()) << held.status();
    MemoryState state;
    BusyDay::Server server(state, (*held)->journal(), day_);
    server.Begin();
    server.Enrol(20);
    server.Drop(100);
  }

  std::string folder_;
  PostgresServer postgres_;
  RedisServer redis_;
  BusyDay day_;
};

TEST_F(StoresCommands, FromFilesToRedisToPostgresAndEachIsVerified) {
  EXPECT_EQ(Run("rebuild --config @/r.toml").exit_code, 2) << "there is no journal yet";
  Fill();
  const Ran compared = Run("rebuild --config @/r.toml --dry-run");
  EXPECT_EQ(compared.exit_code, 1) << compared.out;
  EXPECT_EQ(compared.Number("partitions_missing_before"), kPartitions);
  EXPECT_EQ(Run("rebuild --config @/a.toml").exit_code, 2) << "it has no Redis";
  const Ran rebuilt = Run("rebuild --config @/r.toml");
  EXPECT_EQ(rebuilt.exit_code, 0) << rebuilt.out;
  EXPECT_EQ(rebuilt.Number("partitions_equal"), kPartitions);
  EXPECT_EQ(Run("rebuild --config @/r.toml --dry-run").exit_code, 0);

  EXPECT_EQ(Run("migrate --from @/r.toml --to @/p.toml --dry-run").Number("entries_copied"), 121);
  const Ran moved = Run("migrate --from @/r.toml --to @/p.toml");
  EXPECT_EQ(moved.exit_code, 0) << moved.out;
  EXPECT_EQ(moved.Number("partitions_equal"), kPartitions);
  EXPECT_EQ(moved.Number("partitions_rebuilt"), kPartitions);

  for (const char* journal : {"--redis @/r.toml", "--redis @/p.toml", "@/a/journal"}) {
    const Ran verified = Run(absl::StrCat("verify ", journal));
    EXPECT_EQ(verified.exit_code, 0) << verified.out;
    EXPECT_EQ(verified.Number("transactions"), 121);
    EXPECT_EQ(verified.Number("redis_digests_equal"), journal[0] == '@' ? 0 : kPartitions);
  }
  // An emptied Redis is found, and so is a flag that asks for what is not there.
  redis_.Type({"FLUSHALL"});
  EXPECT_EQ(Run("verify --redis @/p.toml").exit_code, 1);
  EXPECT_EQ(Run("verify @/p.toml").exit_code, 0);
  EXPECT_EQ(Run("verify --redis @/a.toml").exit_code, 2);
  EXPECT_EQ(Run("verify @/nothing").exit_code, 2);
}

TEST_F(StoresCommands, AMonthIsArchivedAndRestored) {
  {
    const auto held = HeldJournal::Open(Read("p.toml"), {.make_with_id = 9});
    ASSERT_TRUE(held.ok()) << held.status();
    Transaction transaction;
    transaction.kind = TransactionKind::kCatalogueUpdate;
    transaction.key = {1, 2};
    transaction.event_time = absl::FromUnixSeconds(1'700'000'000);  // 2023-11-14
    (*held)->journal().Append({kCataloguePartition, PartitionSeq(1), transaction.event_time, EncodeTransaction(transaction)},
                              [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
    ASSERT_TRUE((*held)->journal().Flush().ok());
  }
  EXPECT_EQ(Run("journal archive 2023-11 --to @/archive --config @/a.toml").exit_code, 2) << "its journal is in files";
  EXPECT_EQ(Run("journal archive never --to @/archive --config @/p.toml").exit_code, 2);
  const Ran archived = Run("journal archive 2023-11 --to @/archive --config @/p.toml");
  EXPECT_EQ(archived.exit_code, 0) << archived.out;
  EXPECT_EQ(archived.Number("entries"), 1);
  const Ran refused = Run("verify @/p.toml");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.out, HasSubstr("restore"));
  const Ran restored = Run("journal restore @/archive/fenfen-0000000000000009-2023-11.zst --config @/p.toml");
  EXPECT_EQ(restored.exit_code, 0) << restored.out;
  EXPECT_EQ(Run("verify @/p.toml").exit_code, 0);
}

}  // namespace
}  // namespace fenfen::ctl
