// Several servers over one journal: terms, entries in whatever order they come, what one finds of the others, and who may write at all.
#include <algorithm>

#include "ledger/core/limits.h"
#include "tests/ledger/journal/postgres/postgres_fixture.h"

namespace fenfen {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr PartitionId kSeven{7};

JournalEntry Under(uint64_t term, JournalEntry entry) {
  entry.term = term;
  return entry;
}

// Another transaction under the same number: of a State that has another history.
JournalEntry OtherHistory(uint16_t partition, uint64_t seq) {
  Transaction other = Drop(partition, seq);
  other.key.high ^= 0xff00'0000;
  other.why = "another";
  return EntryOf(partition, seq, other);
}

class PostgresServersTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<PostgresServer>(); }
  static void TearDownTestSuite() { server_.reset(); }

  PostgresJournalOptions Options(Writers writers = Writers::kShared) {
    PostgresJournalOptions options = OptionsFor(server_->Conninfo(database_));
    options.writers = writers;
    options.report = reports_.Taker();
    return options;
  }
  std::unique_ptr<PostgresJournal> Open() { return MustOpen(Options()); }
  static absl::Status Refused(PostgresJournalOptions options) {
    options.session.timeout = absl::Seconds(1);  // how long it waits for the lock
    return PostgresJournal::Open(std::move(options)).status();
  }
  static void ExpectUnknown(const absl::Status& outcome) {
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(RefusalOf(outcome).reason, Reason::REASON_OUTCOME_UNKNOWN) << outcome;
  }

  static inline std::unique_ptr<PostgresServer> server_;
  const std::string database_ = server_->NewDatabase();
  Reports reports_;
};

// --- Terms.

TEST_F(PostgresServersTest, AClaimIsSeenByAll) {
  auto one = Open();
  auto other = Open();
  ASSERT_TRUE(AppendAndWait(*one, EntryOf(7, 1)).ok());
  EXPECT_EQ(other->HeadOf(kSeven)->term, 0u);
  const auto claimed = other->Claim(kSeven);
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  EXPECT_EQ(claimed->term, 1u);
  EXPECT_EQ(claimed->last, PartitionSeq(1));
  EXPECT_EQ(other->LastDurable(kSeven), PartitionSeq(1));
  EXPECT_EQ(one->HeadOf(kSeven)->term, 1u);
  EXPECT_EQ(one->Claim(kSeven)->term, 2u);
  EXPECT_EQ(one->HeadOf(PartitionId(8))->term, 0u);
}

TEST_F(PostgresServersTest, WhatAnOldTermCommittedIsRefusedAndNothingElse) {
  PostgresJournalOptions options = Options();
  std::atomic<int> looked = 0;
  options.on_gap = [&](PartitionId partition) {
    EXPECT_EQ(partition, kSeven);
    ++looked;
  };
  auto late = MustOpen(std::move(options));
  auto other = Open();
  ASSERT_TRUE(AppendAndWait(*late, EntryOf(7, 1)).ok());
  ASSERT_EQ(other->Claim(kSeven)->term, 1u);
  ExpectUnknown(AppendAndWait(*late, EntryOf(7, 2)));
  // Nor does one of an old term wait for the ones before it.
  ExpectUnknown(AppendAndWait(*late, EntryOf(7, 9)));
  EXPECT_EQ(looked, 2);
  EXPECT_EQ(late->Metrics().stale, 2u);
  EXPECT_THAT(reports_.all(),
              ElementsAre("a term that is over: transaction 2 of partition 7 was committed under term 0, the present one is 1"));
  // The partition goes on.
  EXPECT_TRUE(AppendAndWait(*other, Under(1, EntryOf(7, 2))).ok());
  EXPECT_TRUE(AppendAndWait(*late, Under(1, EntryOf(7, 3))).ok());
  EXPECT_TRUE(late->Flush().ok());
  EXPECT_EQ(late->Metrics().partitions_stopped, 0u);
}

TEST_F(PostgresServersTest, WhatIsThereCountsWhateverItsTerm) {
  auto late = Open();
  auto other = Open();
  ASSERT_EQ(other->Claim(kSeven)->term, 1u);
  ASSERT_TRUE(AppendAndWait(*other, Under(1, EntryOf(7, 1))).ok());
  EXPECT_TRUE(AppendAndWait(*late, EntryOf(7, 1)).ok());
}

// Two servers sweep the same outbox at different times: what is stored counts.
TEST_F(PostgresServersTest, AnotherRecordTimeIsTold) {
  auto one = Open();
  auto other = Open();
  ASSERT_TRUE(AppendAndWait(*one, EntryOf(7, 1)).ok());
  JournalEntry later = EntryOf(7, 1);
  later.record_time += absl::Seconds(1);
  EXPECT_TRUE(absl::IsAlreadyExists(AppendAndWait(*other, later)));
  std::vector<absl::Status> outcomes(2);
  JournalEntry again = EntryOf(7, 2);
  again.record_time += absl::Seconds(1);
  one->Append(EntryOf(7, 2), [&](absl::Status status) { outcomes[0] = std::move(status); });
  one->Append(again, [&](absl::Status status) { outcomes[1] = std::move(status); });
  EXPECT_TRUE(one->Flush().ok());
  EXPECT_TRUE(outcomes[0].ok()) << outcomes[0];
  EXPECT_TRUE(absl::IsAlreadyExists(outcomes[1])) << outcomes[1];
}

// Two histories: the one under the present term is the right one, in whichever order and group they come.
TEST_F(PostgresServersTest, AnOldTermsHistoryIsNotASecondOne) {
  auto late = Open();
  auto other = Open();
  ASSERT_EQ(other->Claim(kSeven)->term, 1u);
  ASSERT_TRUE(AppendAndWait(*other, Under(1, EntryOf(7, 1))).ok());
  ExpectUnknown(AppendAndWait(*late, OtherHistory(7, 1)));
  std::vector<absl::Status> outcomes(3);
  late->Append(OtherHistory(7, 2), [&](absl::Status status) { outcomes[0] = std::move(status); });
  late->Append(Under(1, EntryOf(7, 2)), [&](absl::Status status) { outcomes[1] = std::move(status); });
  late->Append(OtherHistory(7, 2), [&](absl::Status status) { outcomes[2] = std::move(status); });
  EXPECT_TRUE(late->Flush().ok());
  ExpectUnknown(outcomes[0]);
  EXPECT_TRUE(outcomes[1].ok()) << outcomes[1];
  ExpectUnknown(outcomes[2]);
  EXPECT_EQ(other->Read(kSeven, PartitionSeq(2))->bytes, EntryOf(7, 2).bytes);
  // Under the present term it is.
  EXPECT_EQ(RefusalOf(AppendAndWait(*late, Under(1, OtherHistory(7, 2)))).reason, Reason::REASON_JOURNAL_FAILED);
}

// --- Order.

TEST_F(PostgresServersTest, EntriesMayBeAppendedInAnyOrder) {
  PostgresJournalOptions options = Options();
  options.group_entries_max = 4;  // fewer than are held back
  auto journal = MustOpen(std::move(options));
  for (uint64_t seq = 20; seq >= 1; --seq) {
    journal->Append(EntryOf(7, seq), [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
  }
  EXPECT_TRUE(journal->Flush().ok());
  EXPECT_EQ(journal->LastDurable(kSeven), PartitionSeq(20));
}

// As the State does it: whoever lacks an entry is told once, and gets it from the outbox.
TEST_F(PostgresServersTest, AGapIsToldOnceAndFilled) {
  std::atomic<int> told = 0;
  PostgresJournal* sweeper = nullptr;
  PostgresJournalOptions options = Options();
  options.on_gap = [&](PartitionId partition) {
    ++told;
    for (uint64_t seq = 1; seq <= 4; ++seq) sweeper->Append(EntryOf(partition.value(), seq), [](const absl::Status&) {});
  };
  auto journal = MustOpen(std::move(options));
  auto other = Open();
  sweeper = other.get();
  std::vector<std::thread> appenders;
  for (const uint64_t seq : {3, 4, 5}) {
    appenders.emplace_back([&, seq] { EXPECT_TRUE(AppendAndWait(*journal, EntryOf(7, seq)).ok()); });
  }
  for (std::thread& appender : appenders) appender.join();
  EXPECT_GE(told, 1);
  EXPECT_EQ(journal->Metrics().gaps, static_cast<uint64_t>(told));
  EXPECT_EQ(server_->Run(database_, {"SELECT count(*) FROM fenfen.entries"}), "5");
}

// --- A writer that has gone silent.

// A session that has locked all heads and does not go on in the middle of a COPY: as a server's that was cut off or paused there.
class SilentSession {
 public:
  SilentSession(const std::string& conninfo, const std::string& name) {
    absl::StatusOr<std::unique_ptr<PgConnection>> session = PgConnection::Open(conninfo, absl::Seconds(60));
    EXPECT_TRUE(session.ok()) << session.status();
    session_ = *std::move(session);
    for (const char* sql : {"BEGIN", "SELECT partition FROM fenfen.heads FOR UPDATE"}) EXPECT_TRUE(session_->Script(sql).ok()) << sql;
    EXPECT_TRUE(session_->Query("SELECT set_config('application_name', $1, false)", {name}).ok());
    const absl::Status begun =
        session_->BeginCopy("COPY fenfen.entry_index (sequence, request_key, month, partition) FROM STDIN (FORMAT binary)");
    EXPECT_TRUE(begun.ok()) << begun;
  }
  void GoAway() { session_.reset(); }

 private:
  std::unique_ptr<PgConnection> session_;
};

class PostgresSilenceTest : public PostgresServersTest {
 protected:
  std::unique_ptr<PostgresJournal> OpenImpatient() {
    PostgresJournalOptions options = Options();
    options.session.timeout = absl::Seconds(2);
    options.reconnect_delay_max = absl::Milliseconds(100);
    return MustOpen(std::move(options));
  }
  std::string SessionsOf(const std::string& name) {
    return server_->Run(database_, {"SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + name + "'"});
  }
  void AwaitEnd(const std::string& name) {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (SessionsOf(name) != "0") {
      ASSERT_LT(absl::Now(), deadline);
      absl::SleepFor(absl::Milliseconds(5));
    }
  }
  const std::string ended_ =
      "PostgreSQL: a writer had gone silent in the middle of a group and kept others out; its session was ended: fenfend silent";
};

TEST_F(PostgresSilenceTest, AnotherWriterEndsItsSession) {
  auto journal = OpenImpatient();
  ASSERT_TRUE(AppendAndWait(*journal, EntryOf(7, 1)).ok());
  SilentSession silent(server_->Conninfo(database_), "fenfend silent");
  EXPECT_TRUE(AppendAndWait(*journal, EntryOf(7, 2)).ok());
  AwaitEnd("fenfend silent");
  EXPECT_THAT(reports_.all(), testing::Contains(ended_));
  EXPECT_EQ(server_->Run(database_, {"SELECT count(*) FROM fenfen.entry_index"}), "2");
}

// Whoever only claims has no group to write, and meets it all the same.
TEST_F(PostgresSilenceTest, AClaimEndsItsSession) {
  auto journal = OpenImpatient();
  SilentSession silent(server_->Conninfo(database_), "fenfend silent");
  absl::StatusOr<Journal::Head> claimed = journal->Claim(kSeven);
  while (!claimed.ok() && !HasFailure()) {
    ASSERT_TRUE(absl::IsUnavailable(claimed.status())) << claimed.status();
    claimed = journal->Claim(kSeven);
  }
  AwaitEnd("fenfend silent");
  EXPECT_THAT(reports_.all(), testing::Contains(ended_));
}

// An operator's session is not the servers' to end.
TEST_F(PostgresSilenceTest, NobodyElsesSessionIsEnded) {
  auto journal = OpenImpatient();
  SilentSession person(server_->Conninfo(database_), "psql");
  for (int refused = 0; refused < 3; ++refused) EXPECT_FALSE(journal->Claim(kSeven).ok());
  EXPECT_EQ(SessionsOf("psql"), "1");
  person.GoAway();
  EXPECT_TRUE(AppendAndWait(*journal, EntryOf(7, 1)).ok());
  EXPECT_THAT(reports_.all(), testing::Not(testing::Contains(HasSubstr("its session was ended"))));
}

// --- What one finds of the others.

TEST_F(PostgresServersTest, WhatOthersWroteIsFoundByHeadsAndRanges) {
  auto one = Open();
  auto other = Open();
  for (uint64_t seq = 1; seq <= 9; ++seq) ASSERT_TRUE(AppendAndWait(*one, EntryOf(7, seq)).ok());
  ASSERT_TRUE(AppendAndWait(*one, EntryOf(8, 1)).ok());
  EXPECT_TRUE(other->Shared());
  EXPECT_EQ(other->ReadHeads()->at(7), PartitionSeq(9));
  EXPECT_EQ(other->LastDurable(kSeven), PartitionSeq(9));
  std::vector<std::string> found;
  const absl::Status status = other->ReadRanges(
      {{kSeven, PartitionSeq(4), PartitionSeq(6)}, {PartitionId(8), PartitionSeq(1), PartitionSeq(3)}}, [&](JournalEntry entry) {
        found.push_back(absl::StrCat(entry.partition.value(), ":", entry.seq.value()));
        EXPECT_EQ(entry.bytes, EntryOf(entry.partition.value(), entry.seq.value()).bytes);
        EXPECT_EQ(entry.record_time, EntryOf(entry.partition.value(), entry.seq.value()).record_time);
        return absl::OkStatus();
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(found, ElementsAre("7:4", "7:5", "7:6", "8:1"));
  EXPECT_TRUE(absl::IsCancelled(
      other->ReadRanges({{kSeven, PartitionSeq(1), PartitionSeq(2)}}, [](const JournalEntry&) { return absl::CancelledError("enough"); })));
}

TEST_F(PostgresServersTest, AStartDoesNotMindThatOthersWrite) {
  auto one = Open();
  auto two = Open();
  auto starting = Open();
  {
    Load load(*one);
    load.Await(200);
    for (int round = 0; round < 20; ++round) {
      std::map<uint16_t, uint64_t> seen;
      const absl::Status status = starting->Replay([&](const JournalEntry& entry) {
        EXPECT_EQ(entry.seq.value(), ++seen[entry.partition.value()]);
        return absl::OkStatus();
      });
      EXPECT_TRUE(status.ok()) << status;
      load.Await(50);
    }
    load.Stop();
    EXPECT_TRUE(load.flushed.ok()) << load.flushed;
  }
}

// --- Who may write.

TEST_F(PostgresServersTest, TheOnlyWriterIsTheOnlyOne) {
  auto sole = MustOpen(Options(Writers::kSole));
  EXPECT_FALSE(sole->Shared());
  for (const Writers writers : {Writers::kSole, Writers::kShared}) {
    const absl::Status refused = Refused(Options(writers));
    EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("another server is the only one that may write this journal"));
    EXPECT_THAT(std::string(refused.message()), HasSubstr(absl::StrCat("/", getpid(), "/")));
  }
  sole.reset();
  auto shared = Open();
  auto another = Open();
  EXPECT_THAT(std::string(Refused(Options(Writers::kSole)).message()), HasSubstr("other servers write this journal"));
}

// Its State has no terms, and others' terms may be there from before.
TEST_F(PostgresServersTest, TheOnlyWriterHasNoTerms) {
  ASSERT_EQ(Open()->Claim(kSeven)->term, 1u);
  auto sole = MustOpen(Options(Writers::kSole));
  EXPECT_TRUE(AppendAndWait(*sole, EntryOf(7, 1)).ok());
}

TEST_F(PostgresServersTest, TheOnlyWriterComesBackAfterABrokenConnection) {
  PostgresJournalOptions options = Options(Writers::kSole);
  options.reconnect_delay_max = absl::Milliseconds(100);
  auto sole = MustOpen(std::move(options));
  ASSERT_TRUE(AppendAndWait(*sole, EntryOf(7, 1)).ok());
  EXPECT_EQ(
      server_->Run(database_, {"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'fenfend %'"}),
      "1");
  EXPECT_TRUE(AppendAndWait(*sole, EntryOf(7, 2)).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Refused(Options(Writers::kSole))));
  EXPECT_EQ(sole->Metrics().connections, 2u);
}

}  // namespace
}  // namespace fenfen
