// Archiving months of the PostgreSQL journal and restoring them, while servers write, and every file that is not whole or not the right
// one.
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "ledger/journal/posix_file.h"
#include "ledger/journal/postgres/archive.h"
#include "ledger/journal/postgres/base.h"
#include "tests/ledger/journal/postgres/postgres_fixture.h"

namespace fenfen {
namespace {

using testing::HasSubstr;

constexpr absl::CivilMonth kMay(2024, 5);
constexpr absl::CivilMonth kJune(2024, 6);

class PostgresArchiveTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<PostgresServer>(); }
  static void TearDownTestSuite() { server_.reset(); }

  // Two partitions with ten entries each in May 2024, and ten in June.
  PostgresArchiveTest() : journal_(MustOpen(OptionsFor(server_->Conninfo(database_)))) {
    for (uint64_t seq = 1; seq <= 20; ++seq) {
      for (const uint16_t partition : {3, 200}) EXPECT_TRUE(AppendAndWait(*journal_, Filed(partition, seq)).ok());
    }
  }
  static JournalEntry Filed(uint16_t partition, uint64_t seq) {
    JournalEntry entry = EntryOf(partition, seq);
    entry.record_time = absl::FromCivil(absl::CivilSecond(2024, seq <= 10 ? 5 : 6, 7), absl::UTCTimeZone()) + absl::Microseconds(seq);
    return entry;
  }

  absl::StatusOr<ArchiveSummary> Archive(absl::CivilMonth month) { return ArchiveMonth(session_, files_, folder_.path(), month); }
  absl::StatusOr<ArchiveSummary> Restore(const std::string& path) { return RestoreMonth(session_, files_, path); }
  std::string PathOf(absl::CivilMonth month) { return folder_.path() + "/" + ArchiveFileName({journal_->Id(), month}); }

  static std::string Text(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  std::string Ask(const std::string& sql) { return server_->Run(database_, {sql}); }
  std::string Balances() {
    return Ask(
        "SELECT string_agg(concat_ws(':', account_kind, asset, owner, balance), ' ' ORDER BY account_kind, asset, owner)"
        " FROM fenfen.balances");
  }
  // A household's last rows.
  std::string Statement() {
    return Ask(
        "SELECT string_agg(concat_ws(':', sequence, reward, reward_after, civic_after), ' ')"
        " FROM (SELECT * FROM fenfen.statement WHERE household = 1003 LIMIT 10) AS newest");
  }
  // How the replay from `after` on ends, having visited `visited` entries.
  absl::Status Replay(const SequenceVector& after, int* visited) {
    *visited = 0;
    return journal_->Replay(after, [&](const JournalEntry& entry) {
      ++*visited;
      EXPECT_EQ(entry.bytes, EntryOf(entry.partition.value(), entry.seq.value()).bytes);
      return absl::OkStatus();
    });
  }
  static void ExpectRefused(const absl::Status& status, absl::StatusCode code, const std::string& why) {
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  }

  // A folder that goes away with its test.
  class TemporaryFolder {
   public:
    TemporaryFolder() {
      std::string pattern = (std::filesystem::temp_directory_path() / "fenfen-archive.XXXXXX").string();
      path_ = ::mkdtemp(pattern.data());
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    const std::string& path() const { return path_; }

   private:
    std::string path_;
  };

  static inline std::unique_ptr<PostgresServer> server_;
  const std::string database_ = server_->NewDatabase();
  const PostgresSessionOptions session_{.conninfo = server_->Conninfo(database_)};
  TemporaryFolder folder_;
  PosixFileSystem files_;
  std::unique_ptr<PostgresJournal> journal_;
};

TEST_F(PostgresArchiveTest, AMonthGoesToAFileAndComesBack) {
  const std::string balances = Balances();
  const std::string statement = Statement();
  EXPECT_THAT(statement, testing::StartsWith("20:150:3000:4000 19:150:2850:3800 "));
  const JournalPlace place = *journal_->Locate(PartitionId(3), PartitionSeq(4));
  const absl::StatusOr<ArchiveSummary> archived = Archive(kMay);
  ASSERT_TRUE(archived.ok()) << archived.status();
  EXPECT_THAT(archived->rows, testing::ElementsAre(20, 80, 20));
  EXPECT_EQ(Ask("SELECT to_regclass('fenfen.entries_2024_05')"), "");
  EXPECT_EQ(Ask("SELECT count(*) FROM fenfen.entries"), "20");

  // What needs the month says so; what does not goes on.
  const std::string file = ArchiveFileName({journal_->Id(), kMay});
  const std::string needs = "fenfenctl journal restore brings it back from " + file;
  for (const absl::Status& refused :
       {journal_->Read(PartitionId(3), PartitionSeq(4)).status(), journal_->Locate(PartitionId(200), PartitionSeq(10)).status()}) {
    ASSERT_EQ(RefusalOf(refused).reason, Reason::REASON_ENTRY_ARCHIVED) << refused;
    EXPECT_THAT(RefusalOf(refused).facts, testing::ElementsAre(testing::Pair("file", file)));
  }
  EXPECT_TRUE(journal_->Read(PartitionId(3), PartitionSeq(11)).ok());
  int visited = 0;
  ExpectRefused(Replay({}, &visited), absl::StatusCode::kFailedPrecondition, needs);
  EXPECT_EQ(visited, 0) << "it is known before anything is folded";
  SequenceVector after{};
  after[3] = PartitionSeq(10);
  after[200] = PartitionSeq(9);
  ExpectRefused(Replay(after, &visited), absl::StatusCode::kFailedPrecondition, "transaction 10 of partition 200 is in an archived month");
  after[3] = after[200] = PartitionSeq(10);
  EXPECT_TRUE(Replay(after, &visited).ok());
  EXPECT_EQ(visited, 20);
  EXPECT_EQ(Balances(), balances);
  EXPECT_EQ(Statement(), statement);
  EXPECT_EQ(Ask("SELECT count(*) FROM fenfen.asset_sums WHERE sum <> 0"), "0");
  EXPECT_EQ(Ask("SELECT count(*) FROM fenfen.broken_partitions"), "0");

  const absl::StatusOr<ArchiveSummary> restored = Restore(PathOf(kMay));
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->sha256, archived->sha256);
  EXPECT_TRUE(Replay({}, &visited).ok());
  EXPECT_EQ(visited, 40);
  EXPECT_EQ(Balances(), balances);
  EXPECT_EQ(journal_->Locate(PartitionId(3), PartitionSeq(4))->offset, place.offset);
  EXPECT_EQ(Ask("SELECT count(*) FROM fenfen.carried_balances"), "0");
  // And again: the same rows are the same file.
  const std::string first = Text(PathOf(kMay));
  std::filesystem::remove(PathOf(kMay));
  ASSERT_TRUE(Archive(kMay).ok());
  EXPECT_EQ(Text(PathOf(kMay)), first);
}

TEST_F(PostgresArchiveTest, WhatIsArchivedCannotBeWrittenAgain) {
  ASSERT_TRUE(Archive(kMay).ok());
  PostgresJournalOptions options = OptionsFor(server_->Conninfo(database_));
  options.gap_patience = absl::Milliseconds(100);
  auto other = MustOpen(options);
  const absl::Status outcome = AppendAndWait(*other, Filed(3, 4));
  EXPECT_THAT(RefusalOf(outcome).facts[0].second, HasSubstr("is in an archived month"));
  Transaction again = Drop(3, 21);
  again.key = Drop(3, 4).key;
  EXPECT_THAT(RefusalOf(AppendAndWait(*other, EntryOf(3, 21, again))).facts[0].second, HasSubstr("has the request key of 4"));
}

TEST_F(PostgresArchiveTest, AClockThatWasPutBackFilesUnderTheNextMonth) {
  ASSERT_TRUE(Archive(kMay).ok());
  JournalEntry late = Filed(3, 21);
  late.record_time = absl::FromCivil(absl::CivilDay(2024, 5, 20), absl::UTCTimeZone());
  // A server that opened before the month was archived, and one that opens after.
  ASSERT_TRUE(AppendAndWait(*journal_, late).ok());
  EXPECT_EQ(journal_->Locate(PartitionId(3), PartitionSeq(21))->segment, "fenfen.entries_2024_06");
  EXPECT_EQ(journal_->Read(PartitionId(3), PartitionSeq(21))->record_time, late.record_time);
  journal_ = MustOpen(OptionsFor(server_->Conninfo(database_)));
  late.seq = PartitionSeq(22);
  late.bytes = EntryOf(3, 22).bytes;
  ASSERT_TRUE(AppendAndWait(*journal_, late).ok());
  EXPECT_EQ(journal_->Locate(PartitionId(3), PartitionSeq(22))->segment, "fenfen.entries_2024_06");
}

TEST_F(PostgresArchiveTest, ServersWriteMeanwhile) {
  const PostgresSessionOptions session{.conninfo = server_->Conninfo(server_->NewDatabase())};
  auto journal = MustOpen(OptionsFor(session.conninfo));
  for (uint64_t seq = 1; seq <= 20; ++seq) ASSERT_TRUE(AppendAndWait(*journal, Filed(200, seq)).ok());
  Load load(*journal);
  for (const absl::CivilMonth month : {kMay, kJune}) {
    load.Await(500);
    absl::StatusOr<ArchiveSummary> archived = absl::AbortedError("");
    while (absl::IsAborted(archived.status())) archived = ArchiveMonth(session, files_, folder_.path(), month);
    ASSERT_TRUE(archived.ok()) << archived.status();
    EXPECT_EQ(archived->rows[0], 10u);
  }
  load.Await(500);
  load.Stop();
  EXPECT_EQ(load.failed, 0u);
  int visited = 0;
  SequenceVector after{};
  after[200] = PartitionSeq(20);
  const absl::Status status = journal->Replay(after, [&](const JournalEntry&) {
    ++visited;
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_GE(static_cast<uint64_t>(visited), load.acknowledged_total());
}

TEST_F(PostgresArchiveTest, MonthsThatCannotBeArchived) {
  ExpectRefused(Archive(absl::CivilMonth(1999, 1)).status(), absl::StatusCode::kFailedPrecondition, "the journal has no month 1999-01");
  const absl::CivilMonth now = absl::ToCivilMonth(absl::Now(), absl::UTCTimeZone());
  ExpectRefused(Archive(now).status(), absl::StatusCode::kFailedPrecondition, "is not over");
  Ask(absl::StrCat("SELECT fenfen.make_month('", absl::FormatCivilTime(absl::CivilDay(now - 1)), "')"));
  ExpectRefused(Archive(now - 1).status(), absl::StatusCode::kFailedPrecondition, "ended less than 46 days ago");
  ASSERT_TRUE(Archive(kMay).ok());
  ExpectRefused(Archive(kMay).status(), absl::StatusCode::kFailedPrecondition, "2024-05 is archived already, in fenfen-");
  std::ofstream(PathOf(kJune)) << "something";
  ExpectRefused(Archive(kJune).status(), absl::StatusCode::kAlreadyExists, "is there already");
  EXPECT_EQ(Ask("SELECT count(*) FROM fenfen.entries_2024_06"), "20");
}

// --- Bases.

TEST_F(PostgresArchiveTest, ABaseIsStoredWholeAndTheNewestTwoAreKept) {
  EXPECT_EQ(*NewestBase(session_), std::nullopt);
  const std::string bytes = std::string(2'500'000, 'b') + std::string(1, '\0') + "end";
  const std::string path = folder_.path() + "/base";
  std::ofstream(path, std::ios::binary) << bytes;
  const auto file = files_.OpenForRead(path);
  BaseInfo base{0, bytes.size(), {}};
  for (base.number = 4; base.number <= 6; ++base.number) {
    base.sequences[3] = PartitionSeq(base.number);
    base.sequences[256] = PartitionSeq(9);
    const absl::Status stored = StoreBase(session_, **file, base);
    ASSERT_TRUE(stored.ok()) << stored;
  }
  base.number = 6;
  EXPECT_TRUE(absl::IsAlreadyExists(StoreBase(session_, **file, base)));
  const auto newest = NewestBase(session_);
  ASSERT_TRUE(newest.ok()) << newest.status();
  ASSERT_TRUE(newest->has_value());
  EXPECT_EQ((*newest)->number, 6u);
  EXPECT_EQ((*newest)->sequences, base.sequences);
  const auto fetched = files_.Create(folder_.path() + "/fetched");
  ASSERT_TRUE(FetchBase(session_, **newest, **fetched).ok());
  EXPECT_EQ(Text(folder_.path() + "/fetched"), bytes);
  EXPECT_EQ(Ask("SELECT string_agg(DISTINCT number::text, ' ') FROM fenfen.base_pieces"), "5 6");
  const auto none = files_.Create(folder_.path() + "/none");
  EXPECT_TRUE(absl::IsNotFound(FetchBase(session_, BaseInfo{4, 1, {}}, **none)));
  Ask("DELETE FROM fenfen.base_pieces WHERE piece = 2");
  ExpectRefused(FetchBase(session_, **newest, **none), absl::StatusCode::kDataLoss, "base 6 has 2097152 bytes, it had 2500004");
}

TEST_F(PostgresArchiveTest, AMonthThatTheBaseDoesNotHoldStays) {
  SequenceVector base{};
  base[3] = PartitionSeq(20);
  base[200] = PartitionSeq(9);
  ExpectRefused(ArchiveMonth(session_, files_, folder_.path(), kMay, &base).status(), absl::StatusCode::kFailedPrecondition,
                "transaction 10 of partition 200 is of 2024-05 and not in the base that is to stand for it");
  EXPECT_EQ(Ask("SELECT count(*) FROM fenfen.entries_2024_05"), "20");
  EXPECT_FALSE(std::filesystem::exists(PathOf(kMay)));
  base[200] = PartitionSeq(10);
  const absl::StatusOr<ArchiveSummary> archived = ArchiveMonth(session_, files_, folder_.path(), kMay, &base);
  EXPECT_TRUE(archived.ok()) << archived.status();
}

TEST_F(PostgresArchiveTest, FilesThatCannotBeRestored) {
  const absl::StatusOr<ArchiveSummary> archived = Archive(kMay);
  ASSERT_TRUE(archived.ok()) << archived.status();
  const std::string whole = Text(PathOf(kMay));
  const std::string path = folder_.path() + "/damaged.zst";
  const auto restore = [&](const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
    return Restore(path).status();
  };
  for (size_t size = 0; size < whole.size(); size += 7) {
    ExpectRefused(restore(whole.substr(0, size)), absl::StatusCode::kDataLoss, "damaged.zst, line ");
  }
  for (size_t at = 0; at < whole.size(); at += 7) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << flipped;
    const auto file = files_.OpenForRead(path);
    const absl::StatusOr<ArchiveSummary> read = ReadArchive(**file, path, [](size_t, absl::string_view) { return absl::OkStatus(); });
    // Some bits do not matter: a match may be copied from either of two places that are alike. Then the text is what it was.
    if (read.ok()) {
      EXPECT_EQ(read->sha256, archived->sha256) << at;
    } else {
      ExpectRefused(read.status(), absl::StatusCode::kDataLoss, "damaged.zst, line ");
    }
  }
  ExpectRefused(restore(whole + "x"), absl::StatusCode::kDataLoss, "damaged.zst, line ");
  ExpectRefused(Restore(folder_.path() + "/none.zst").status(), absl::StatusCode::kNotFound, "none.zst");
  EXPECT_EQ(Ask("SELECT to_regclass('fenfen.entries_2024_05')"), "");

  // Whole, but not the one: another journal's, and one whose rows somebody changed.
  const auto write = [&](uint64_t journal_id) {
    std::filesystem::remove(path);
    auto file = files_.Create(path);
    ArchiveWriter writer(**file, {journal_id, kMay});
    for (size_t table = 0; table < kArchivedTables.size(); ++table) EXPECT_TRUE(writer.BeginTable().ok() && writer.EndTable().ok());
    EXPECT_TRUE(writer.Finish().ok());
  };
  write(journal_->Id() + 1);
  ExpectRefused(Restore(path).status(), absl::StatusCode::kFailedPrecondition, "is of another journal");
  write(journal_->Id());
  ExpectRefused(Restore(path).status(), absl::StatusCode::kFailedPrecondition, "is not the file that the month was archived to");
  ASSERT_TRUE(Restore(PathOf(kMay)).ok());
  ExpectRefused(Restore(PathOf(kMay)).status(), absl::StatusCode::kFailedPrecondition, "2024-05 is not archived");
}

}  // namespace
}  // namespace fenfen
