// What docs/formats/postgres.md tells an auditor to ask: each statement of the page is run on a small journal, and its answer must be the
// one that stands below it. Then the same questions where somebody has tampered with the books.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/ledger/journal/postgres/postgres_fixture.h"

namespace fenfen {
namespace {

constexpr char kPage[] = "docs/formats/postgres.md";
constexpr uint64_t kLi = 10000001;
constexpr uint64_t kZhang = 10000002;
constexpr uint64_t kGrocer = 0x0abc'0000'0000'0001u;

class PostgresAuditTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<PostgresServer>(); }
  static void TearDownTestSuite() { server_.reset(); }

  // Two households' books: drops on two days, a voucher taken and used.
  PostgresAuditTest() {
    auto journal = MustOpen(OptionsFor(server_->Conninfo(database_)));
    uint64_t sequences[256] = {};
    const auto write = [&](uint64_t household, TransactionKind kind, absl::Duration after, std::vector<Posting> postings) {
      const uint16_t partition = PartitionOf(HouseholdId(household)).value();
      const uint64_t seq = ++sequences[partition];
      Transaction transaction = Drop(partition, seq, household);
      transaction.kind = kind;
      transaction.event_time = kNoon + after;
      transaction.postings = std::move(postings);
      JournalEntry entry = EntryOf(partition, seq, transaction);
      entry.record_time = transaction.event_time + absl::Seconds(3);
      ASSERT_TRUE(AppendAndWait(*journal, std::move(entry)).ok());
    };
    const auto drop = [&](uint64_t household, absl::Duration after, int64_t reward) {
      write(household, TransactionKind::kDrop, after,
            {{{AccountKind::kProgramme, Asset::kReward, kTown}, Points(-reward)},
             {{AccountKind::kHousehold, Asset::kReward, household}, Points(reward)},
             {{AccountKind::kProgramme, Asset::kCivic, kTown}, Points(-100)},
             {{AccountKind::kHousehold, Asset::kCivic, household}, Points(100)}});
    };
    write(kLi, TransactionKind::kEnrolment, absl::ZeroDuration(), {});
    write(kZhang, TransactionKind::kEnrolment, absl::Minutes(1), {});
    drop(kLi, absl::Hours(1), 150);
    drop(kZhang, absl::Hours(2), 80);
    drop(kLi, absl::Hours(13), 250);  // after midnight in Shanghai
    write(
        kLi, TransactionKind::kReservation, absl::Hours(14),
        {{{AccountKind::kHousehold, Asset::kReward, kLi}, Points(-300)}, {{AccountKind::kVoucherHeld, Asset::kReward, kLi}, Points(300)}});
    write(kLi, TransactionKind::kCapture, absl::Hours(15),
          {{{AccountKind::kVoucherHeld, Asset::kReward, kLi}, Points(-300)},
           {{AccountKind::kMerchant, Asset::kReward, kGrocer}, Points(300)}});
  }

  // The answer as the page shows it: columns under their names, a bar between them.
  std::string Answer(const std::string& sql) {
    PGconn* connection = PQconnectdb(server_->Conninfo(database_).c_str());
    PQclear(PQexec(connection, "SET TimeZone = 'Asia/Shanghai'"));
    PGresult* result = PQexec(connection, sql.c_str());
    EXPECT_EQ(PQresultStatus(result), PGRES_TUPLES_OK) << sql << PQresultErrorMessage(result);
    std::vector<std::vector<std::string>> rows(PQntuples(result) + 1);
    std::vector<size_t> widths(PQnfields(result));
    for (int column = 0; column < PQnfields(result); ++column) {
      rows[0].push_back(PQfname(result, column));
      for (int row = 0; row < PQntuples(result); ++row) rows[row + 1].push_back(PQgetvalue(result, row, column));
      for (const auto& row : rows) widths[column] = std::max(widths[column], row[column].size());
    }
    PQclear(result);
    PQfinish(connection);
    std::string text;
    for (const auto& row : rows) {
      std::string line;
      for (size_t column = 0; column < row.size(); ++column) {
        absl::StrAppend(&line, column == 0 ? "" : " | ", row[column], std::string(widths[column] - row[column].size(), ' '));
      }
      absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(line), "\n");
    }
    return text;
  }
  std::string Ask(const std::string& sql) { return server_->Run(database_, {sql}); }

  static inline std::unique_ptr<PostgresServer> server_;
  const std::string database_ = server_->NewDatabase();
};

TEST_F(PostgresAuditTest, ThePagesExamplesAreTrue) {
  std::stringstream page;
  page << std::ifstream(kPage).rdbuf();
  std::string all = page.str();
  int examples = 0;
  const std::vector<std::string> parts = absl::StrSplit(all, "```sql\n");
  for (size_t n = 1; n < parts.size(); ++n) {
    const std::vector<std::string> blocks = absl::StrSplit(parts[n], "```\n");
    ASSERT_GE(blocks.size(), 3u) << "a statement without an answer: " << parts[n];
    ASSERT_EQ(blocks[1], "\n") << "the answer stands right below its statement: " << blocks[0];
    EXPECT_EQ(blocks[2], Answer(blocks[0])) << blocks[0];
    ++examples;
  }
  EXPECT_GE(examples, 8);
}

TEST_F(PostgresAuditTest, AForgedPostingShows) {
  const std::string zeros =
      "SELECT (SELECT count(*) FROM fenfen.asset_sums WHERE sum <> 0), (SELECT count(*) FROM fenfen.unbalanced_entries),"
      " (SELECT count(*) FROM fenfen.overdrawn_accounts), (SELECT count(*) FROM fenfen.broken_partitions)";
  EXPECT_EQ(Answer(zeros), "count | count | count | count\n0     | 0     | 0     | 0\n");
  server_->Run(database_, {"SET session_replication_role = replica",  // an insider's: no trigger runs
                           "UPDATE fenfen.postings SET amount = -amount WHERE account_kind = 2 AND asset = 1 AND amount = 80",
                           "DELETE FROM fenfen.entry_index WHERE sequence = 2"});
  EXPECT_EQ(Answer(zeros), "count | count | count | count\n1     | 1     | 1     | 2\n");
}

// The rows say what the bytes say.
TEST_F(PostgresAuditTest, RowsAreWhatTheBytesHold) {
  auto journal = MustOpen(OptionsFor(server_->Conninfo(database_)));
  int changes = 0;
  const absl::Status status = journal->Replay([&](const JournalEntry& entry) {
    const Transaction transaction = *DecodeTransaction(entry.bytes);
    const std::string where = absl::StrCat(" WHERE partition = ", entry.partition.value(), " AND sequence = ", entry.seq.value());
    EXPECT_EQ(Ask("SELECT request_key FROM fenfen.entries" + where), FormatRequestKey(transaction.key));
    EXPECT_EQ(Ask("SELECT fenfen.hex(fingerprint) FROM fenfen.entries" + where), absl::StrCat(absl::Hex(transaction.fingerprint)));
    EXPECT_EQ(Ask("SELECT concat_ws('/', actor_kind, actor_id, actor_sub) FROM fenfen.entries" + where),
              absl::StrCat(1, "/", transaction.actor.id, "/2"));
    EXPECT_EQ(Ask("SELECT extract(epoch FROM event_time)::bigint FROM fenfen.entries" + where),
              absl::StrCat(absl::ToUnixSeconds(transaction.event_time)));
    EXPECT_EQ(Ask("SELECT count(*) FROM fenfen.postings" + where), absl::StrCat(transaction.postings.size()));
    EXPECT_EQ(Ask("SELECT convert_from(bytes, 'UTF8') FROM fenfen.record_versions" + where), transaction.changes[0].bytes);
    EXPECT_EQ(Ask("SELECT record_id || ' ' || previous FROM fenfen.record_changes" + where),
              absl::StrCat(transaction.changes[0].key.id, " ", transaction.changes[0].previous.value()));
    ++changes;
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(changes, 7);
}

// Several records in one entry, of every length that changes how long a length is, lie where their rows say.
TEST_F(PostgresAuditTest, RecordsAreFoundInTheirEntry) {
  const std::string database = server_->NewDatabase();
  auto journal = MustOpen(OptionsFor(server_->Conninfo(database)));
  Transaction import = Drop(256, 1);
  import.kind = TransactionKind::kCatalogueUpdate;
  import.postings.clear();
  import.changes.clear();
  import.why = std::string(300, 'w');
  for (const size_t size : {0, 1, 127, 128, 16383, 16384, 40000}) {
    import.changes.push_back({{RecordKind::kStation,
                               ~uint64_t {
                                 size
                               }},
                              PartitionSeq(size),
                              std::string(size, static_cast<char>('a' + size % 26))});
  }
  ASSERT_TRUE(AppendAndWait(*journal, EntryOf(256, 1, import)).ok());
  for (const RecordChange& change : import.changes) {
    const std::string where = absl::StrCat(" WHERE record_id = ", static_cast<int64_t>(change.key.id));
    EXPECT_EQ(server_->Run(database, {"SELECT convert_from(bytes, 'UTF8') FROM fenfen.record_versions" + where}), change.bytes);
    EXPECT_EQ(server_->Run(database, {"SELECT fenfen.hex(record_id) FROM fenfen.record_versions" + where}),
              absl::StrCat(absl::Hex(change.key.id, absl::kZeroPad16)));
  }
}

}  // namespace
}  // namespace fenfen
