#include "clients/ctl/verify/postgres_entries.h"

#include <endian.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "ledger/core/crc32c.h"
#include "ledger/core/transaction.h"

namespace fenfen::ctl {
namespace {

// Entries looked at together; the rows that belong to them are held meanwhile.
constexpr int64_t kWindow = 2048;
constexpr char kEntriesTable[] = "fenfen.entries";
// PostgreSQL's times count from 2000-01-01.
constexpr int64_t kEpochMicros = 946'684'800'000'000;

int64_t Int(const PGresult* result, int row, int column) {
  uint64_t bits = 0;
  std::memcpy(&bits, PQgetvalue(result, row, column), sizeof bits);
  return static_cast<int64_t>(be64toh(bits));
}

absl::string_view Bytes(const PGresult* result, int row, int column) {
  return {PQgetvalue(result, row, column), static_cast<size_t>(PQgetlength(result, row, column))};
}

int64_t Signed(uint64_t id) { return static_cast<int64_t>(id); }

// The columns of an entry beside its bytes, in the order of the statement.
std::vector<int64_t> ColumnsOf(const Transaction& transaction) {
  return {Signed(transaction.fingerprint),
          Signed(transaction.actor.id),
          Signed(transaction.actor.sub),
          static_cast<int64_t>(transaction.kind),
          static_cast<int64_t>(transaction.actor.kind),
          absl::ToUnixMicros(transaction.event_time) - kEpochMicros};
}

std::vector<std::vector<int64_t>> PostingsOf(const Transaction& transaction) {
  std::vector<std::vector<int64_t>> rows;
  for (const Posting& posting : transaction.postings) {
    rows.push_back({static_cast<int64_t>(rows.size()) + 1, static_cast<int64_t>(posting.account.kind),
                    static_cast<int64_t>(posting.account.asset), Signed(posting.account.owner), posting.amount.hundredths()});
  }
  return rows;
}

// Whether the rows say which records the entry wrote, and where in its bytes they lie.
bool SayChanges(const std::vector<std::vector<int64_t>>& rows, const Transaction& transaction, absl::string_view bytes) {
  if (rows.size() != transaction.changes.size()) return false;
  for (size_t n = 0; n < rows.size(); ++n) {
    const RecordChange& change = transaction.changes[n];
    const std::vector<int64_t> expected = {static_cast<int64_t>(n) + 1, static_cast<int64_t>(change.key.kind), Signed(change.key.id),
                                           Signed(change.previous.value())};
    if (!std::equal(expected.begin(), expected.end(), rows[n].begin())) return false;
    const auto offset = static_cast<uint64_t>(rows[n][4]), size = static_cast<uint64_t>(rows[n][5]);
    if (offset > bytes.size() || size > bytes.size() - offset || bytes.substr(offset, size) != change.bytes) return false;
  }
  return true;
}

std::string KeyBytes(const RequestKey& key) {
  std::string bytes(16, '\0');
  const uint64_t high = htobe64(key.high), low = htobe64(key.low);
  std::memcpy(bytes.data(), &high, 8);
  std::memcpy(bytes.data() + 8, &low, 8);
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresEntries>> PostgresEntries::Open(const std::string& conninfo) {
  std::unique_ptr<PostgresEntries> entries(new PostgresEntries(PQconnectdb(conninfo.c_str())));
  if (PQstatus(entries->connection_.get()) != CONNECTION_OK) {
    return absl::UnavailableError(absl::StrCat("PostgreSQL：", PQerrorMessage(entries->connection_.get())));
  }
  for (const char* begin : {"SET search_path = pg_catalog", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}) {
    if (const absl::StatusOr<Result> begun = entries->Query(begin); !begun.ok()) return begun.status();
  }
  const absl::StatusOr<Result> schema = entries->Query("SELECT 1::int8 WHERE to_regclass('fenfen.entries') IS NOT NULL");
  if (!schema.ok()) return schema.status();
  if (PQntuples(schema->get()) == 0) return absl::NotFoundError("数据库里没有日志 / the database has no journal");
  const absl::StatusOr<Result> archived = entries->Query(
      "SELECT string_agg(to_char(month, 'YYYY-MM ') || archive, ', ' ORDER BY month) FROM fenfen.months WHERE archive IS NOT NULL");
  if (!archived.ok()) return archived.status();
  if (PQgetisnull(archived->get(), 0, 0) == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("有归档的月份，请先用 fenfenctl journal restore 恢复 / some months are archived; restore them first: ",
                     Bytes(archived->get(), 0, 0)));
  }
  return entries;
}

absl::StatusOr<PostgresEntries::Result> PostgresEntries::Query(const char* sql, const std::vector<std::string>& params) {
  std::vector<const char*> values;
  for (const std::string& param : params) values.push_back(param.c_str());
  Result result(PQexecParams(connection_.get(), sql, static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr,
                             /*resultFormat=*/1));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return result;
  return absl::UnavailableError(absl::StrCat("PostgreSQL：", PQerrorMessage(connection_.get())));
}

absl::StatusOr<PostgresEntries::Rows> PostgresEntries::ReadRows(const char* sql, const std::vector<std::string>& params) {
  const absl::StatusOr<Result> found = Query(sql, params);
  if (!found.ok()) return found.status();
  Rows rows;
  for (int row = 0; row < PQntuples(found->get()); ++row) {
    std::vector<int64_t>& numbers = rows[Int(found->get(), row, 0)].emplace_back();
    for (int column = 1; column < PQnfields(found->get()); ++column) numbers.push_back(Int(found->get(), row, column));
  }
  return rows;
}

absl::Status PostgresEntries::Read(Take take, Note note) {
  const absl::StatusOr<Rows> heads = ReadRows("SELECT partition::int8, sequence FROM fenfen.heads ORDER BY 1", {});
  if (!heads.ok()) return heads.status();
  for (const auto& [partition, rows] : *heads) {
    const absl::Status status = ReadPartition(static_cast<uint16_t>(partition), rows[0][0], take, note);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status PostgresEntries::ReadPartition(uint16_t partition, int64_t head, Take take, Note note) {
  for (int64_t first = 1; first <= head; first += kWindow) {
    if (absl::Status status = ReadWindow(partition, first, std::min(head, first + kWindow - 1), take, note); !status.ok()) return status;
  }
  // What no head counts, and what belongs to no entry.
  const absl::StatusOr<Result> others = Query(
      "SELECT (SELECT count(*) FROM fenfen.entries WHERE partition = $1::int2 AND (sequence > $2::int8 OR sequence < 1)) +"
      " (SELECT count(*) FROM fenfen.entry_index WHERE partition = $1::int2 AND (sequence > $2::int8 OR sequence < 1)) +"
      " (SELECT count(*) FROM fenfen.postings WHERE partition = $1::int2 AND (sequence > $2::int8 OR sequence < 1)) +"
      " (SELECT count(*) FROM fenfen.record_changes WHERE partition = $1::int2 AND (sequence > $2::int8 OR sequence < 1))",
      {absl::StrCat(partition), absl::StrCat(head)});
  if (!others.ok()) return others.status();
  if (const int64_t count = Int(others->get(), 0, 0); count != 0) {
    note({absl::StrCat(count, " rows are beyond the partition's head ", head), "fenfen.heads", 0, {}, PartitionId(partition), {}});
  }
  return absl::OkStatus();
}

absl::Status PostgresEntries::ReadWindow(uint16_t partition, int64_t first, int64_t last, Take take, Note note) {
  const std::vector<std::string> params = {absl::StrCat(partition), absl::StrCat(first), absl::StrCat(last)};
  const absl::StatusOr<Rows> postings = ReadRows(
      "SELECT sequence, number::int8, account_kind::int8, asset::int8, owner, amount FROM fenfen.postings"
      " WHERE partition = $1::int2 AND sequence BETWEEN $2::int8 AND $3::int8 ORDER BY sequence, number",
      params);
  if (!postings.ok()) return postings.status();
  const absl::StatusOr<Rows> changes = ReadRows(
      "SELECT sequence, number::int8, record_kind::int8, record_id, previous, bytes_offset::int8, bytes_size::int8"
      " FROM fenfen.record_changes WHERE partition = $1::int2 AND sequence BETWEEN $2::int8 AND $3::int8 ORDER BY sequence, number",
      params);
  if (!changes.ok()) return changes.status();
  const absl::StatusOr<Result> entries = Query(
      "SELECT e.sequence, e.position, e.crc32c, e.fingerprint, e.actor_id, e.actor_sub, e.kind::int8, e.actor_kind::int8, e.event_time,"
      " e.request_key, i.request_key, e.bytes FROM fenfen.entries AS e"
      " LEFT JOIN fenfen.entry_index AS i ON i.partition = e.partition AND i.sequence = e.sequence AND i.month = e.month"
      " WHERE e.partition = $1::int2 AND e.sequence BETWEEN $2::int8 AND $3::int8 ORDER BY e.sequence",
      params);
  if (!entries.ok()) return entries.status();
  const PGresult* const found = entries->get();
  static const Rows::mapped_type kNone;
  const auto rows_of = [](const Rows& rows, int64_t seq) -> const Rows::mapped_type& {
    const auto at = rows.find(seq);
    return at == rows.end() ? kNone : at->second;
  };
  for (int row = 0; row < PQntuples(found); ++row) {
    const int64_t seq = Int(found, row, 0);
    const absl::string_view bytes = Bytes(found, row, 11);
    const auto position = static_cast<uint64_t>(Int(found, row, 1));
    const auto say = [&](const char* what) {
      note({what, kEntriesTable, position, {}, PartitionId(partition), PartitionSeq(static_cast<uint64_t>(seq))});
    };
    if (Int(found, row, 2) != Crc32c(bytes)) say("the entry's bytes do not have their checksum");
    take({PartitionId(partition), PartitionSeq(static_cast<uint64_t>(seq)), bytes, position});
    const absl::StatusOr<Transaction> transaction = DecodeTransaction(bytes);
    if (!transaction.ok()) continue;  // the fold says so
    std::vector<int64_t> columns;
    for (int column = 3; column <= 8; ++column) columns.push_back(Int(found, row, column));
    const std::string key = KeyBytes(transaction->key);
    if (columns != ColumnsOf(*transaction) || Bytes(found, row, 9) != key) say("the entry's columns are not what its bytes say");
    if (PQgetisnull(found, row, 10) != 0 || Bytes(found, row, 10) != key) say("entry_index is not what the entry's bytes say");
    if (rows_of(*postings, seq) != PostingsOf(*transaction)) say("the rows of postings are not what the entry's bytes say");
    if (!SayChanges(rows_of(*changes, seq), *transaction, bytes)) say("the rows of record_changes are not what the entry's bytes say");
  }
  if (PQntuples(found) != last - first + 1) {
    note({absl::StrCat("of the entries ", first, " to ", last, " there are ", PQntuples(found)),
          kEntriesTable,
          0,
          {},
          PartitionId(partition),
          {}});
  }
  return absl::OkStatus();
}

}  // namespace fenfen::ctl
