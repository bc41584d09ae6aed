#include "clients/ctl/simulate/replay_source.h"

#include <endian.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/journal/journal_reader.h"

namespace fenfen::ctl {
namespace {

constexpr int64_t kWindow = 2048;                      // rows of one statement
constexpr int64_t kEpochMicros = 946'684'800'000'000;  // PostgreSQL's times count from 2000-01-01

class FileSource final : public ReplaySource {
 public:
  FileSource(FileSystem& files, std::string folder, std::string archive)
      : files_(files), folder_(std::move(folder)), archive_(std::move(archive)) {}

  absl::Status Read(const Wanted& wanted, Take take) const override {
    const absl::StatusOr<std::unique_ptr<JournalReader>> reader =
        JournalReader::Open(files_, folder_, {.live = true, .from = {}, .archive = archive_, .at_beginning = false});
    if (!reader.ok()) return reader.status();
    while (true) {
      const absl::StatusOr<const Group*> group = (*reader)->Next();
      if (!group.ok()) return group.status();
      if (*group == nullptr) return absl::OkStatus();
      for (const segment::Record& record : (*group)->records) {
        if (record.seq > wanted[record.partition.value()]) continue;
        if (absl::Status status = take({record.partition, record.seq, record.record_time, record.bytes}); !status.ok()) return status;
      }
    }
  }

 private:
  FileSystem& files_;
  const std::string folder_;
  const std::string archive_;
};

struct Close {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Close>;
using Result = std::unique_ptr<PGresult, Close>;

int64_t Int(const Result& result, int row, int column) {
  uint64_t bits = 0;
  std::memcpy(&bits, PQgetvalue(result.get(), row, column), sizeof bits);
  return static_cast<int64_t>(be64toh(bits));
}

absl::string_view Bytes(const Result& result, int row, int column) {
  return {PQgetvalue(result.get(), row, column), static_cast<size_t>(PQgetlength(result.get(), row, column))};
}

absl::StatusOr<Result> Query(const Connection& connection, const char* sql, const std::vector<std::string>& params = {}) {
  std::vector<const char*> values;
  for (const std::string& param : params) values.push_back(param.c_str());
  Result result(PQexecParams(connection.get(), sql, static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr,
                             /*resultFormat=*/1));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return result;
  return absl::UnavailableError(absl::StrCat("PostgreSQL：", PQerrorMessage(connection.get())));
}

class PostgresSource final : public ReplaySource {
 public:
  explicit PostgresSource(std::string conninfo) : conninfo_(std::move(conninfo)) {}

  absl::Status Read(const Wanted& wanted, Take take) const override {
    const Connection connection(PQconnectdb(conninfo_.c_str()));
    if (absl::Status status = Begin(connection); !status.ok()) return status;
    const absl::StatusOr<Result> heads = Query(connection, "SELECT partition::int8, sequence FROM fenfen.heads ORDER BY 1");
    if (!heads.ok()) return heads.status();
    for (int row = 0; row < PQntuples(heads->get()); ++row) {
      const auto partition = static_cast<uint16_t>(Int(*heads, row, 0));
      const uint64_t last = std::min(static_cast<uint64_t>(Int(*heads, row, 1)), wanted[partition].value());
      if (absl::Status status = ReadPartition(connection, partition, static_cast<int64_t>(last), take); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  static absl::Status Begin(const Connection& connection) {
    if (PQstatus(connection.get()) != CONNECTION_OK) {
      return absl::UnavailableError(absl::StrCat("PostgreSQL：", PQerrorMessage(connection.get())));
    }
    for (const char* sql : {"SET search_path = pg_catalog", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}) {
      if (const absl::StatusOr<Result> done = Query(connection, sql); !done.ok()) return done.status();
    }
    const absl::StatusOr<Result> schema = Query(connection, "SELECT 1::int8 WHERE to_regclass('fenfen.entries') IS NOT NULL");
    if (!schema.ok()) return schema.status();
    if (PQntuples(schema->get()) == 0) return absl::NotFoundError("数据库里没有日志 / the database has no journal");
    const absl::StatusOr<Result> archived = Query(connection, "SELECT count(*) FROM fenfen.months WHERE archive IS NOT NULL");
    if (!archived.ok()) return archived.status();
    if (Int(*archived, 0, 0) == 0) return absl::OkStatus();
    return absl::FailedPreconditionError(
        "有归档的月份，请先用 fenfenctl journal restore 恢复 / some months are archived; restore them first with fenfenctl journal "
        "restore");
  }

  static absl::Status ReadPartition(const Connection& connection, uint16_t partition, int64_t last, Take take) {
    for (int64_t first = 1; first <= last; first += kWindow) {
      const absl::StatusOr<Result> rows =
          Query(connection,
                "SELECT sequence, record_time, bytes FROM fenfen.entries"
                " WHERE partition = $1::int2 AND sequence BETWEEN $2::int8 AND $3::int8 ORDER BY sequence",
                {absl::StrCat(partition), absl::StrCat(first), absl::StrCat(std::min(last, first + kWindow - 1))});
      if (!rows.ok()) return rows.status();
      for (int row = 0; row < PQntuples(rows->get()); ++row) {
        const absl::Status status = take({PartitionId(partition), PartitionSeq(static_cast<uint64_t>(Int(*rows, row, 0))),
                                          absl::FromUnixMicros(Int(*rows, row, 1) + kEpochMicros), Bytes(*rows, row, 2)});
        if (!status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

  const std::string conninfo_;
};

}  // namespace

std::unique_ptr<ReplaySource> ReplayFiles(FileSystem& files, std::string folder, std::string archive) {
  return std::make_unique<FileSource>(files, std::move(folder), std::move(archive));
}

std::unique_ptr<ReplaySource> ReplayPostgres(std::string conninfo) { return std::make_unique<PostgresSource>(std::move(conninfo)); }

}  // namespace fenfen::ctl
