// What the PostgreSQL journal never writes: an entry twice, one behind a gap, a second history; and where entries are filed.
#include "tests/ledger/journal/postgres/postgres_fixture.h"

namespace fenfen {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PostgresRulesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<PostgresServer>(); }
  static void TearDownTestSuite() { server_.reset(); }

  // Another server of ours, over the same database.
  std::unique_ptr<PostgresJournal> Open() {
    PostgresJournalOptions options = OptionsFor(server_->Conninfo(database_));
    options.gap_patience = absl::Milliseconds(300);
    options.report = reports_.Taker();
    return MustOpen(std::move(options));
  }
  std::string Ask(const std::string& sql) { return server_->Run(database_, {sql}); }
  std::string Count(const std::string& table) { return Ask("SELECT count(*) FROM fenfen." + table); }

  static void ExpectFailed(const absl::Status& outcome, const std::string& why) {
    const Refusal refusal = RefusalOf(outcome);
    EXPECT_EQ(refusal.reason, Reason::REASON_JOURNAL_FAILED);
    ASSERT_EQ(refusal.facts.size(), 1u);
    EXPECT_THAT(refusal.facts[0].second, HasSubstr(why));
  }

  static inline std::unique_ptr<PostgresServer> server_;
  const std::string database_ = server_->NewDatabase();
  Reports reports_;
};

TEST_F(PostgresRulesTest, WhatAnotherServerWroteIsDurable) {
  auto one = Open();
  auto other = Open();
  for (uint64_t seq = 1; seq <= 20; ++seq) ASSERT_TRUE(AppendAndWait(*one, EntryOf(7, seq)).ok());
  EXPECT_EQ(other->LastDurable(PartitionId(7)), PartitionSeq(0));
  for (uint64_t seq = 15; seq <= 25; ++seq) ASSERT_TRUE(AppendAndWait(*other, EntryOf(7, seq)).ok());
  EXPECT_EQ(other->LastDurable(PartitionId(7)), PartitionSeq(25));
  EXPECT_EQ(one->ReadHeads()->at(7), PartitionSeq(25));
  EXPECT_EQ(one->LastDurable(PartitionId(7)), PartitionSeq(25));
  EXPECT_EQ(Count("entries"), "25");
  EXPECT_EQ(Count("postings"), "100");
  EXPECT_EQ(one->Id(), other->Id());
}

// Two servers sweep the same outbox at once.
TEST_F(PostgresRulesTest, TwoServersThatWriteTheSameWriteItOnce) {
  auto one = Open();
  auto other = Open();
  std::vector<std::thread> servers;
  for (PostgresJournal* journal : {one.get(), other.get()}) {
    servers.emplace_back([journal] {
      for (uint64_t seq = 1; seq <= 300; ++seq) {
        for (const uint16_t partition : {3, 200, 256}) {
          journal->Append(EntryOf(partition, seq), [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
        }
      }
      EXPECT_TRUE(journal->Flush().ok());
    });
  }
  for (std::thread& server : servers) server.join();
  EXPECT_EQ(Count("entries"), "900");
  EXPECT_EQ(Count("entry_index"), "900");
  EXPECT_EQ(Count("broken_partitions"), "0");
  EXPECT_EQ(Count("unbalanced_entries"), "0");
}

TEST_F(PostgresRulesTest, AnEntryWaitsForTheOneBeforeIt) {
  auto one = Open();
  auto other = Open();
  absl::Notification told;
  one->Append(EntryOf(7, 2), [&](const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
    told.Notify();
  });
  // Others overtake it.
  EXPECT_TRUE(AppendAndWait(*one, EntryOf(8, 1)).ok());
  EXPECT_TRUE(AppendAndWait(*other, EntryOf(7, 1)).ok());
  told.WaitForNotification();
  EXPECT_TRUE(one->Flush().ok());
}

TEST_F(PostgresRulesTest, AGapIsNeverWritten) {
  auto journal = Open();
  ASSERT_TRUE(AppendAndWait(*journal, EntryOf(7, 1)).ok());
  ExpectFailed(AppendAndWait(*journal, EntryOf(7, 3)), "a gap: transaction 3 of partition 7 came, the journal ends with 1");
  EXPECT_FALSE(journal->Flush().ok());
  EXPECT_EQ(Count("entries"), "1");
  EXPECT_THAT(reports_.all(), ElementsAre(HasSubstr("a gap")));
  // The partition is not given up: who has the missing one can go on.
  EXPECT_TRUE(AppendAndWait(*journal, EntryOf(7, 2)).ok());
  EXPECT_TRUE(AppendAndWait(*journal, EntryOf(7, 3)).ok());
}

TEST_F(PostgresRulesTest, ASecondHistoryStopsItsPartitionAndNoOther) {
  auto one = Open();
  auto other = Open();
  ASSERT_TRUE(AppendAndWait(*one, EntryOf(7, 1)).ok());
  Transaction forged = Drop(7, 1);
  forged.why = "another";
  const std::string why = "second history: transaction 1 of partition 7 is there already, with other bytes";
  ExpectFailed(AppendAndWait(*other, EntryOf(7, 1, forged)), why);
  EXPECT_THAT(reports_.all(), ElementsAre(why));
  // For good, even for what would fit.
  ExpectFailed(AppendAndWait(*other, EntryOf(7, 2)), why);
  EXPECT_TRUE(AppendAndWait(*other, EntryOf(8, 1)).ok());
  EXPECT_TRUE(AppendAndWait(*one, EntryOf(7, 2)).ok());
  EXPECT_EQ(other->Metrics().partitions_stopped, 1u);
  EXPECT_EQ(one->Read(PartitionId(7), PartitionSeq(1))->bytes, EntryOf(7, 1).bytes);
}

// The unique constraint reaches over months, which those of a table partition do not.
TEST_F(PostgresRulesTest, ARequestKeyIsUsedOnceInAllMonths) {
  auto journal = Open();
  ASSERT_TRUE(AppendAndWait(*journal, EntryOf(7, 1)).ok());
  Transaction again = Drop(7, 2);
  again.key = Drop(7, 1).key;
  JournalEntry later = EntryOf(7, 2, again);
  later.record_time = kNoon + absl::Hours(24 * 90);
  ExpectFailed(AppendAndWait(*journal, later), "second history: transaction 2 of partition 7 has the request key of 1");
  while (!journal->Admit().ok()) absl::SleepFor(absl::Milliseconds(1));
  // In one group as well.
  again = Drop(9, 2);
  again.key = Drop(9, 1).key;
  absl::Status first, second;
  std::vector<JournalEntry> both = {EntryOf(9, 1), EntryOf(9, 2, again)};
  journal->AppendAll({both[0]}, [&](absl::Status status) { first = std::move(status); });
  journal->AppendAll({both[1]}, [&](absl::Status status) { second = std::move(status); });
  EXPECT_FALSE(journal->Flush().ok());
  EXPECT_TRUE(first.ok()) << first;
  ExpectFailed(second, "has the request key of 1");
  EXPECT_TRUE(AppendAndWait(*journal, EntryOf(8, 1)).ok());
  EXPECT_EQ(Count("entries"), "3");
}

TEST_F(PostgresRulesTest, BytesThatAreNoTransactionAreRefused) {
  auto journal = Open();
  ExpectFailed(AppendAndWait(*journal, {PartitionId(7), PartitionSeq(1), kNoon, "nonsense"}), "transaction 1 of partition 7");
  EXPECT_TRUE(AppendAndWait(*journal, EntryOf(8, 1)).ok());
  EXPECT_EQ(Count("entries"), "1");
}

TEST_F(PostgresRulesTest, EntriesAreFiledByTheMonthOfTheirRecordTime) {
  auto journal = Open();
  JournalEntry entry = EntryOf(7, 1);
  entry.record_time = absl::FromUnixSeconds(1'780'271'999);  // 2026-05-31 23:59:59 UTC
  ASSERT_TRUE(AppendAndWait(*journal, entry).ok());
  ASSERT_TRUE(AppendAndWait(*journal, EntryOf(7, 2)).ok());
  EXPECT_EQ(Count("entries_2026_05"), "1");
  EXPECT_EQ(Count("entries_2026_06"), "1");
  EXPECT_EQ(Count("postings_2026_06"), "4");
  EXPECT_EQ(Count("record_changes_2026_06"), "1");
  EXPECT_EQ(journal->Locate(PartitionId(7), PartitionSeq(1))->segment, "fenfen.entries_2026_05");
  // Those to come are there before they are needed, those of the real clock among them.
  EXPECT_EQ(Ask("SELECT count(*) FROM fenfen.months WHERE month BETWEEN now() - interval '1 month' AND now() + interval '2 months'"), "3");
}

TEST_F(PostgresRulesTest, NothingIsEdited) {
  auto journal = Open();
  ASSERT_TRUE(AppendAndWait(*journal, EntryOf(7, 1)).ok());
  auto session = PgConnection::Open(server_->Conninfo(database_), absl::Seconds(10));
  for (const char* sql : {"UPDATE fenfen.entries SET kind = 4", "DELETE FROM fenfen.entries_2026_06", "TRUNCATE fenfen.postings",
                          "UPDATE fenfen.postings_2026_06 SET amount = 1", "DELETE FROM fenfen.record_changes",
                          "TRUNCATE fenfen.record_changes_2026_06", "DELETE FROM fenfen.entry_index"}) {
    session = PgConnection::Open(server_->Conninfo(database_), absl::Seconds(10));
    ASSERT_TRUE(session.ok()) << session.status();
    const absl::Status status = (*session)->Query(sql).status();
    EXPECT_THAT(std::string(status.message()), HasSubstr("append-only")) << sql;
    EXPECT_EQ(SqlStateOf(status), "23001");
  }
}

TEST_F(PostgresRulesTest, DamagedBytesAreFound) {
  auto journal = Open();
  for (uint64_t seq = 1; seq <= 3; ++seq) ASSERT_TRUE(AppendAndWait(*journal, EntryOf(7, seq)).ok());
  server_->Run(database_, {"SET session_replication_role = replica",  // an insider's: no trigger runs
                           "UPDATE fenfen.entries SET bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1) WHERE sequence = 2"});
  for (const absl::Status& status :
       {journal->Read(PartitionId(7), PartitionSeq(2)).status(), journal->Replay([](const JournalEntry&) { return absl::OkStatus(); })}) {
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("fenfen.entries_2026_06, position 2: the bytes do not have their checksum"));
  }
  server_->Run(database_, {"SET session_replication_role = replica", "DELETE FROM fenfen.entries WHERE sequence = 2"});
  for (const absl::Status& status :
       {journal->Read(PartitionId(7), PartitionSeq(2)).status(), journal->Replay([](const JournalEntry&) { return absl::OkStatus(); })}) {
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("lacks transaction 2 of partition 7"));
  }
}

}  // namespace
}  // namespace fenfen
