// The PostgreSQL journal while its server is killed, replaced, silent or cut off: whatever was acknowledged is there, once, by the clients'
// own record.
#include "tests/ledger/journal/postgres/postgres_fixture.h"

namespace fenfen {
namespace {

constexpr int kStrikes = 10;

TEST(PostgresFaultTest, TheServerIsKilledUnderLoad) {
  PostgresServer server;
  const std::string database = server.NewDatabase();
  Reports reports;
  PostgresJournalOptions options = Impatient(server.Conninfo(database));
  options.report = reports.Taker();
  auto journal = MustOpen(options);
  Load load(*journal);
  for (int strike = 0; strike < kStrikes; ++strike) {
    load.Await(500);
    server.Kill();
    server.Start();
    EXPECT_TRUE(journal->Read(PartitionId(0), PartitionSeq(1)).ok());
  }
  load.Await(500);
  load.Stop();
  EXPECT_TRUE(load.flushed.ok()) << load.flushed;
  EXPECT_EQ(load.failed, 0u) << "nothing that was queued is given up";
  load.ExpectStoredIn(*MustOpen(Impatient(server.Conninfo(database))));
  EXPECT_THAT(reports.all(), testing::Contains("back"));
  EXPECT_EQ(server.Run(database, {"SELECT count(*) FROM fenfen.asset_sums WHERE sum <> 0"}), "0");
  EXPECT_EQ(server.Run(database, {"SELECT count(*) FROM fenfen.broken_partitions"}), "0");
}

TEST(PostgresFaultTest, ItsSessionsAreTerminatedInTheMiddleOfCommits) {
  PostgresServer server;
  const std::string database = server.NewDatabase();
  auto journal = MustOpen(Impatient(server.Conninfo(database)));
  Load load(*journal);
  for (int strike = 0; strike < 5 * kStrikes; ++strike) {
    load.Await(50);
    server.Run("postgres", {"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fenfen'"});
  }
  load.Await(500);
  load.Stop();
  EXPECT_EQ(load.failed, 0u);
  EXPECT_GT(journal->Metrics().connections, 10u);
  load.ExpectStoredIn(*MustOpen(Impatient(server.Conninfo(database))));
}

TEST(PostgresFaultTest, APausedServerIsGivenUpAndTakenUpAgain) {
  PostgresServer server;
  const std::string database = server.NewDatabase();
  auto journal = MustOpen(Impatient(server.Conninfo(database)));
  Load load(*journal);
  for (int strike = 0; strike < 2; ++strike) {
    load.Await(300);
    server.Pause();
    const uint64_t before = load.refused;
    while (load.refused == before) absl::SleepFor(absl::Milliseconds(5));
    const absl::Status refusal = journal->Admit();
    EXPECT_TRUE(absl::IsUnavailable(refusal)) << refusal;
    EXPECT_TRUE(RefusalOf(refusal).retry_delay.has_value());
    EXPECT_TRUE(absl::IsUnavailable(journal->Read(PartitionId(0), PartitionSeq(1)).status()));
    server.Resume();
  }
  load.Await(300);
  load.Stop();
  EXPECT_EQ(load.failed, 0u);
  load.ExpectStoredIn(*MustOpen(Impatient(server.Conninfo(database))));
}

// A commit that gives up waiting for the standby says OK and warns: then it is on one machine only, and is not acknowledged.
TEST(PostgresFaultTest, ACommitThatTheStandbyDoesNotHaveIsNotAcknowledged) {
  PostgresServer primary;
  const std::string database = primary.NewDatabase();
  auto journal = MustOpen(Impatient(primary.Conninfo(database)));
  ASSERT_TRUE(AppendAndWait(*journal, EntryOf(1, 1)).ok());
  const std::unique_ptr<PostgresServer> standby = PostgresServer::StandbyOf(primary);
  standby->Pause();
  absl::Notification told;
  absl::Status outcome;
  journal->Append(EntryOf(1, 2), [&](absl::Status status) {
    outcome = std::move(status);
    told.Notify();
  });
  const std::string waiting = "FROM pg_stat_activity WHERE application_name = 'fenfen' AND wait_event = 'SyncRep'";
  while (primary.Run("postgres", {"SELECT count(*) " + waiting}) == "0") absl::SleepFor(absl::Milliseconds(5));
  primary.Run("postgres", {"SELECT pg_cancel_backend(pid) " + waiting});
  while (primary.Run(database, {"SELECT sequence FROM fenfen.heads WHERE partition = 1"}) != "2") absl::SleepFor(absl::Milliseconds(5));
  while (journal->Admit().ok()) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_FALSE(told.HasBeenNotified());
  standby->Resume();
  told.WaitForNotification();
  EXPECT_TRUE(outcome.ok()) << outcome;
  EXPECT_EQ(primary.Run(database, {"SELECT count(*) FROM fenfen.entries"}), "2");
}

// The names of two databases change places, as after a failover to a server that is not the one it should be.
TEST(PostgresFaultTest, AServerThatLacksWhatWasAcknowledgedIsNotUsed) {
  PostgresServer server;
  const std::string database = server.NewDatabase();
  Reports reports;
  PostgresJournalOptions options = Impatient(server.Conninfo(database));
  options.report = reports.Taker();
  ASSERT_TRUE(AppendAndWait(*MustOpen(options), EntryOf(1, 1)).ok());
  server.Run("postgres", {"CREATE DATABASE older TEMPLATE " + database});
  MustOpen(OptionsFor(server.Conninfo(server.NewDatabase())));  // journal2
  auto journal = MustOpen(options);
  ASSERT_TRUE(AppendAndWait(*journal, EntryOf(1, 2)).ok());

  const auto replace = [&](const std::string& with, const std::string& put_away_as) {
    server.Run("postgres", {"ALTER DATABASE " + database + " ALLOW_CONNECTIONS false"});
    while (server.Run("postgres", {"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '" + database + "'"}) !=
           "0") {
      absl::SleepFor(absl::Milliseconds(5));
    }
    server.Run("postgres",
               {"ALTER DATABASE " + database + " RENAME TO " + put_away_as, "ALTER DATABASE " + with + " RENAME TO " + database,
                "ALTER DATABASE " + put_away_as + " ALLOW_CONNECTIONS true", "ALTER DATABASE " + database + " ALLOW_CONNECTIONS true"});
  };
  const auto await_report = [&](const std::string& text) {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (!testing::Value(reports.all(), testing::Contains(testing::HasSubstr(text)))) {
      ASSERT_LT(absl::Now(), deadline) << text;
      absl::SleepFor(absl::Milliseconds(5));
    }
  };
  replace("older", "newest");
  await_report("lost acknowledged entries, it is not written to: partition 1 ends with 1, 2 was acknowledged");
  EXPECT_TRUE(absl::IsUnavailable(journal->Admit()));
  replace("journal2", "older");
  await_report("has another journal");
  absl::Notification told;
  journal->Append(EntryOf(1, 3), [&](const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
    told.Notify();
  });
  replace("newest", "journal2");
  told.WaitForNotification();
  EXPECT_TRUE(journal->Admit().ok());
  EXPECT_EQ(server.Run(database, {"SELECT count(*) FROM fenfen.entries"}), "3");
  EXPECT_EQ(server.Run("journal2", {"SELECT count(*) FROM fenfen.entries"}), "0");
}

TEST(PostgresFaultTest, ClosingWithoutAServerFailsWhatIsQueued) {
  PostgresServer server;
  PostgresJournalOptions options = Impatient(server.Conninfo(server.NewDatabase()));
  options.close_patience = absl::Milliseconds(200);
  auto journal = MustOpen(options);
  server.Kill();
  absl::Status outcome;
  journal->Append(EntryOf(1, 1), [&](absl::Status status) { outcome = std::move(status); });
  journal.reset();
  EXPECT_EQ(RefusalOf(outcome).reason, Reason::REASON_JOURNAL_FAILED);
}

}  // namespace
}  // namespace fenfen
