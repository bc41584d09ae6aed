// Opening the PostgreSQL journal: the schema's versions, and every server that it cannot or must not use, with the reason named.
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "ledger/journal/postgres/migrations.h"
#include "tests/ledger/journal/postgres/postgres_fixture.h"

namespace fenfen {
namespace {

using testing::HasSubstr;

class PostgresOpenTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<PostgresServer>(); }
  static void TearDownTestSuite() { server_.reset(); }

  std::unique_ptr<PgConnection> Session() {
    auto session = PgConnection::Open(server_->Conninfo(database_), absl::Seconds(10));
    EXPECT_TRUE(session.ok()) << session.status();
    return *std::move(session);
  }
  std::string Ask(const std::string& sql) { return server_->Run(database_, {sql}); }

  static void ExpectRefused(PostgresJournalOptions options, absl::StatusCode code, const std::string& why) {
    const absl::Status status = PostgresJournal::Open(std::move(options)).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  }
  PostgresJournalOptions Options() { return OptionsFor(server_->Conninfo(database_)); }

  static inline std::unique_ptr<PostgresServer> server_;
  const std::string database_ = server_->NewDatabase();
};

// --- The schema.

TEST_F(PostgresOpenTest, TheSchemaIsMadeOnce) {
  const std::string latest = absl::StrCat(Migrations().back().version);
  for (int round = 0; round < 2; ++round) {
    MustOpen(Options());
    EXPECT_EQ(Ask("SELECT string_agg(version::text, ',' ORDER BY version) FROM fenfen.schema_version").back(), latest.back());
    EXPECT_EQ(Ask("SELECT count(*) FROM fenfen.schema_version"), latest);
  }
}

TEST_F(PostgresOpenTest, AnOlderSchemaIsBroughtUpToDate) {
  ASSERT_TRUE(Migrate(*Session(), {Migrations()[0]}).ok());
  EXPECT_EQ(Ask("SELECT max(version) FROM fenfen.schema_version"), "1");
  MustOpen(Options());
  EXPECT_EQ(Ask("SELECT max(version) FROM fenfen.schema_version"), absl::StrCat(Migrations().back().version));
}

TEST_F(PostgresOpenTest, AMigrationIsWholeOrNotThere) {
  std::vector<Migration> migrations = Migrations();
  migrations.push_back({migrations.back().version + 1, "broken", "CREATE TABLE fenfen.half (); SELECT 1 / 0"});
  EXPECT_FALSE(Migrate(*Session(), migrations).ok());
  EXPECT_EQ(Ask("SELECT to_regnamespace('fenfen')"), "");
  MustOpen(Options());
  EXPECT_FALSE(Migrate(*Session(), migrations).ok());
  EXPECT_EQ(Ask("SELECT to_regclass('fenfen.half')"), "");
  MustOpen(Options());
}

TEST_F(PostgresOpenTest, ANewerSchemaIsRefused) {
  MustOpen(Options());
  Ask("INSERT INTO fenfen.schema_version (version, name) VALUES (99, 'of a later release')");
  ExpectRefused(Options(), absl::StatusCode::kFailedPrecondition, "the journal's schema has version 99, this program knows ");
}

TEST_F(PostgresOpenTest, ServersThatStartTogetherMakeOneJournal) {
  std::array<uint64_t, 4> ids{};
  std::vector<std::thread> servers;
  for (uint64_t& id : ids) servers.emplace_back([&] { id = MustOpen(Options())->Id(); });
  for (std::thread& server : servers) server.join();
  EXPECT_NE(ids[0], 0u);
  EXPECT_THAT(ids, testing::Each(ids[0]));
}

// --- Servers that do not serve.

TEST_F(PostgresOpenTest, NobodyIsThere) {
  ExpectRefused(OptionsFor("host=/nowhere dbname=journal"), absl::StatusCode::kUnavailable, "/nowhere");
  ExpectRefused(OptionsFor(server_->Conninfo("no_such_database")), absl::StatusCode::kUnavailable, "no_such_database");
  ExpectRefused(OptionsFor("host="), absl::StatusCode::kUnavailable, "PostgreSQL: ");
}

TEST_F(PostgresOpenTest, AWrongPasswordIsRefused) {
  Ask("CREATE ROLE clerk LOGIN SUPERUSER PASSWORD 'right'");
  const std::string rules = server_->folder() + "/data/pg_hba.conf";
  std::ofstream(rules, std::ios::trunc) << "local all clerk scram-sha-256\nlocal all all trust\nlocal replication all trust\n";
  Ask("SELECT pg_reload_conf()");
  const std::string clerk = server_->Conninfo(database_, "clerk");
  ExpectRefused(OptionsFor(clerk + " password=wrong"), absl::StatusCode::kUnavailable, "password authentication failed for user \"clerk\"");
  const absl::Status status = PostgresJournal::Open(OptionsFor(clerk + " password=wrong")).status();
  EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("wrong")));
  EXPECT_TRUE(PostgresJournal::Open(OptionsFor(clerk + " password=right")).ok());
}

TEST_F(PostgresOpenTest, AServerThatOnlyReadsIsRefused) {
  Ask("ALTER DATABASE " + database_ + " SET default_transaction_read_only = on");
  ExpectRefused(Options(), absl::StatusCode::kUnavailable, "read-only");
}

TEST_F(PostgresOpenTest, AnOldServerIsRefused) {
  PostgresJournalOptions options = Options();
  options.session.server_version_min = 160'000;
  ExpectRefused(options, absl::StatusCode::kFailedPrecondition, "the server has version 15; the journal needs 16 or newer");
}

TEST_F(PostgresOpenTest, AServerThatForgetsIsRefused) {
  server_->Run("postgres", {"ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"});
  while (server_->Run("postgres", {"SHOW fsync"}) != "off") absl::SleepFor(absl::Milliseconds(5));
  ExpectRefused(Options(), absl::StatusCode::kFailedPrecondition, "fsync = off");
  server_->Run("postgres", {"ALTER SYSTEM RESET fsync", "SELECT pg_reload_conf()"});
  while (server_->Run("postgres", {"SHOW fsync"}) != "on") absl::SleepFor(absl::Milliseconds(5));
  MustOpen(Options());
}

TEST_F(PostgresOpenTest, ARoleWithoutRightsIsRefused) {
  Ask("CREATE ROLE guest LOGIN");
  const PostgresJournalOptions guest = OptionsFor(server_->Conninfo(database_, "guest"));
  ExpectRefused(guest, absl::StatusCode::kPermissionDenied, "permission denied for database");
  MustOpen(Options());
  ExpectRefused(guest, absl::StatusCode::kPermissionDenied, "permission denied for schema fenfen");
  Ask("GRANT USAGE ON SCHEMA fenfen TO guest");
  Ask("GRANT SELECT ON ALL TABLES IN SCHEMA fenfen TO guest");
  ExpectRefused(guest, absl::StatusCode::kPermissionDenied, "the role lacks UPDATE on fenfen.heads");
}

// The grants are those of the page.
TEST_F(PostgresOpenTest, AServersRoleWritesAndCannotEdit) {
  MustOpen(Options());
  Ask("CREATE ROLE fenfend LOGIN");
  std::ifstream page("docs/formats/postgres.md");
  int grants = 0;
  for (std::string line; std::getline(page, line);) {
    if (!absl::StrContains(line, "    GRANT ") || !absl::StrContains(line, " TO fenfend;")) continue;
    Ask(line);
    ++grants;
  }
  EXPECT_EQ(grants, 7);
  const std::string conninfo = server_->Conninfo(database_, "fenfend");
  {
    auto journal = MustOpen(OptionsFor(conninfo));
    EXPECT_TRUE(AppendAndWait(*journal, EntryOf(7, 1)).ok());  // makes the month, too
    EXPECT_TRUE(journal->Read(PartitionId(7), PartitionSeq(1)).ok());
    EXPECT_TRUE(journal->TakeLease("expiry", absl::Minutes(1))->granted);
    EXPECT_TRUE(journal->GiveBackLease("expiry", /*done=*/true).ok());
  }
  for (const char* sql : {"UPDATE fenfen.entries SET kind = 4", "DELETE FROM fenfen.postings_2026_06", "DELETE FROM fenfen.heads",
                          "ALTER TABLE fenfen.entries DISABLE TRIGGER append_only", "DROP TABLE fenfen.entries_2026_06",
                          "SELECT fenfen.drop_month('2026-06-01', '', '', 1, 4, 1)", "SELECT fenfen.make_leaf('entries', '2026-01-01')"}) {
    auto session = PgConnection::Open(conninfo, absl::Seconds(10));
    ASSERT_TRUE(session.ok()) << session.status();
    EXPECT_TRUE(absl::IsPermissionDenied((*session)->Query(sql).status())) << sql;
  }
}

}  // namespace
}  // namespace fenfen
