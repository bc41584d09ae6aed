#include "ledger/journal/postgres/pg_connection.h"

#include <endian.h>
#include <poll.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "ledger/core/check.h"
#include "ledger/journal/postgres/copy_rows.h"

namespace fenfen {
namespace {

constexpr char kSqlStatePayload[] = "fenfen/sqlstate";
constexpr size_t kCopyPieceBytes = 256u << 10;

// PostgreSQL's errors (its manual, appendix A), by what whoever meets them should do next.
absl::StatusCode CodeOf(absl::string_view state) {
  if (absl::StartsWith(state, "53")) return absl::StatusCode::kResourceExhausted;  // disk, memory, connections
  // A server that goes, or that became a standby; a session that was silent for too long.
  if (absl::StartsWith(state, "57P") || absl::StartsWith(state, "08") || state == "25006" || state == "25P03") {
    return absl::StatusCode::kUnavailable;
  }
  if (absl::StartsWith(state, "40") || state == "55P03" || state == "57014") return absl::StatusCode::kAborted;
  if (absl::StartsWith(state, "28") || state == "42501") return absl::StatusCode::kPermissionDenied;
  if (state == "23505") return absl::StatusCode::kAlreadyExists;
  if (absl::StartsWith(state, "25") || absl::StartsWith(state, "42") || absl::StartsWith(state, "3F")) {
    return absl::StatusCode::kFailedPrecondition;
  }
  return absl::StatusCode::kInternal;
}

template <typename Integer>
Integer Load(const char* bytes) {
  Integer value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

std::vector<const char*> ValuesOf(const PgParams& params) {
  std::vector<const char*> values;
  values.reserve(params.size());
  for (const std::string& param : params) values.push_back(param.c_str());
  return values;
}

absl::string_view Trimmed(const char* message) { return absl::StripSuffix(message, "\n"); }

}  // namespace

std::string SqlStateOf(const absl::Status& status) {
  const absl::optional<absl::Cord> state = status.GetPayload(kSqlStatePayload);
  return state ? std::string(*state) : std::string();
}

std::string PgArray(const std::vector<int64_t>& values) { return absl::StrCat("{", absl::StrJoin(values, ","), "}"); }

int64_t PgResult::Int(int row, int column) const {
  const char* value = PQgetvalue(result_.get(), row, column);
  switch (PQgetlength(result_.get(), row, column)) {
    case 1:
      return *value;
    case 2:
      return static_cast<int16_t>(be16toh(Load<uint16_t>(value)));
    case 4:
      return static_cast<int32_t>(be32toh(Load<uint32_t>(value)));
    case 8:
      return static_cast<int64_t>(be64toh(Load<uint64_t>(value)));
  }
  FENFEN_CHECK(!"a column that is no number");
  return 0;
}

absl::Time PgResult::Time(int row, int column) const { return absl::FromUnixMicros(Int(row, column) + kMicrosTo2000); }

absl::string_view PgResult::Bytes(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

// --- Opening and closing.

absl::StatusOr<std::unique_ptr<PgConnection>> PgConnection::Open(const std::string& conninfo, absl::Duration timeout) {
  // libpq waits two seconds at least. What stands before dbname the string may override; what stands behind it not.
  const std::string seconds = absl::StrCat(std::max<int64_t>(2, absl::ToInt64Seconds(absl::Ceil(timeout, absl::Seconds(1)))));
  const std::string milliseconds = absl::StrCat(absl::ToInt64Milliseconds(timeout));
  const char* const keys[] = {"application_name", "connect_timeout",      "tcp_user_timeout", "keepalives_idle",
                              "dbname",           "target_session_attrs", "client_encoding",  nullptr};
  const char* const values[] = {"fenfen", seconds.c_str(), milliseconds.c_str(), seconds.c_str(), conninfo.c_str(), "read-write",
                                "UTF8",   nullptr};
  PGconn* connection = PQconnectdbParams(keys, values, /*expand_dbname=*/1);
  if (connection == nullptr) return absl::ResourceExhaustedError("PostgreSQL: no memory for a connection");
  std::unique_ptr<PgConnection> session(new PgConnection(connection, timeout));
  if (PQstatus(connection) != CONNECTION_OK) {
    return absl::UnavailableError(absl::StrCat("PostgreSQL: ", Trimmed(PQerrorMessage(connection))));
  }
  if (PQsetnonblocking(connection, 1) != 0) return session->Lost("the connection cannot be made non-blocking");
  return session;
}

PgConnection::PgConnection(PGconn* connection, absl::Duration timeout) : connection_(connection), timeout_(timeout) {
  PQsetNoticeReceiver(connection_, &PgConnection::TakeNotice, this);
}

PgConnection::~PgConnection() { PQfinish(connection_); }

void PgConnection::TakeNotice(void* self, const PGresult* notice) {
  const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity == nullptr || absl::string_view(severity) != "WARNING") return;
  auto* session = static_cast<PgConnection*>(self);
  session->warned_ = true;
  session->last_warning_ = std::string(Trimmed(PQresultErrorMessage(notice)));
}

bool PgConnection::Alive() { return !broken_ && PQconsumeInput(connection_) != 0 && PQstatus(connection_) == CONNECTION_OK; }

absl::Status PgConnection::Lost(absl::string_view why) {
  broken_ = true;
  return absl::UnavailableError(absl::StrCat("PostgreSQL: ", why));
}

absl::Status PgConnection::Refused(const PGresult* result) {
  broken_ = true;
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (state == nullptr || primary == nullptr) return Lost(Trimmed(PQresultErrorMessage(result)));
  const char* detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
  absl::Status status(CodeOf(state), absl::StrCat("PostgreSQL: ", primary, detail == nullptr ? "" : ": ", detail == nullptr ? "" : detail,
                                                  " (SQLSTATE ", state, ")"));
  status.SetPayload(kSqlStatePayload, absl::Cord(state));
  return status;
}

// --- Waiting.

absl::Status PgConnection::WaitFor(bool writing, absl::Time deadline) {
  pollfd socket{PQsocket(connection_), static_cast<short>(POLLIN | (writing ? POLLOUT : 0)), 0};
  const int64_t left_ms = absl::ToInt64Milliseconds(deadline - absl::Now());
  const int ready = ::poll(&socket, 1, static_cast<int>(std::clamp<int64_t>(left_ms, 0, 3'600'000)));
  if (ready == 0) return Lost(absl::StrCat("no answer in ", absl::FormatDuration(timeout_)));
  if (ready < 0 && errno != EINTR) return Lost("poll failed");
  // Also while writing: the server may be waiting for us to read what it says.
  if ((socket.revents & ~POLLOUT) != 0 && PQconsumeInput(connection_) == 0) return Lost(Trimmed(PQerrorMessage(connection_)));
  return absl::OkStatus();
}

absl::Status PgConnection::FlushOut(absl::Time deadline) {
  while (true) {
    const int left = PQflush(connection_);
    if (left == 0) return absl::OkStatus();
    if (left < 0) return Lost(Trimmed(PQerrorMessage(connection_)));
    if (absl::Status status = WaitFor(/*writing=*/true, deadline); !status.ok()) return status;
  }
}

absl::StatusOr<PGresult*> PgConnection::NextResult() {
  const absl::Time deadline = absl::Now() + timeout_;
  if (absl::Status status = FlushOut(deadline); !status.ok()) return status;
  while (PQisBusy(connection_) != 0) {
    if (absl::Status status = WaitFor(/*writing=*/false, deadline); !status.ok()) return status;
  }
  return PQgetResult(connection_);
}

// --- Asking.

absl::Status PgConnection::Send(const PgStatement& statement) {
  if (broken_) return absl::UnavailableError("PostgreSQL: the session is closed");
  const std::vector<const char*> values = ValuesOf(statement.params);
  const int sent = PQsendQueryParams(connection_, statement.sql, static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr,
                                     /*resultFormat=*/1);
  return sent == 1 ? absl::OkStatus() : Lost(Trimmed(PQerrorMessage(connection_)));
}

// The result of the statement sent, the first of an outer pipeline's, and the nullptr that ends it.
absl::StatusOr<PgResult> PgConnection::Only() {
  absl::StatusOr<PGresult*> got = NextResult();
  if (!got.ok()) return got.status();
  if (*got == nullptr) return Lost("no result");
  PgResult result(*got);
  const ExecStatusType status = PQresultStatus(*got);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return Refused(*got);
  got = NextResult();
  if (!got.ok()) return got.status();
  if (*got == nullptr) return result;
  // A server that is being stopped says so behind its answer.
  const PgResult farewell(*got);
  return Refused(*got);
}

absl::StatusOr<PgResult> PgConnection::Query(const char* sql, const PgParams& params) {
  if (absl::Status status = Send({sql, params}); !status.ok()) return status;
  return Only();
}

absl::StatusOr<std::string> PgConnection::Prepare(const char* sql) {
  if (const auto found = prepared_.find(sql); found != prepared_.end()) return found->second;
  const std::string name = absl::StrCat("fenfen", prepared_.size() + 1);
  if (broken_ || PQsendPrepare(connection_, name.c_str(), sql, 0, nullptr) == 0) return Lost("the session is closed");
  if (const absl::StatusOr<PgResult> done = Only(); !done.ok()) return done.status();
  return prepared_[sql] = name;
}

absl::StatusOr<PgResult> PgConnection::QueryPrepared(const char* sql, const PgParams& params) {
  const absl::StatusOr<std::string> name = Prepare(sql);
  if (!name.ok()) return name.status();
  const std::vector<const char*> values = ValuesOf(params);
  if (broken_ || PQsendQueryPrepared(connection_, name->c_str(), static_cast<int>(values.size()), values.data(), nullptr, nullptr,
                                     /*resultFormat=*/1) == 0) {
    return Lost("the session is closed");
  }
  return Only();
}

absl::StatusOr<std::vector<PgResult>> PgConnection::Pipeline(const std::vector<PgStatement>& statements) {
  if (broken_ || PQenterPipelineMode(connection_) == 0) return Lost("the session is closed");
  for (const PgStatement& statement : statements) {
    if (absl::Status status = Send(statement); !status.ok()) return status;
  }
  if (PQpipelineSync(connection_) == 0) return Lost(Trimmed(PQerrorMessage(connection_)));
  std::vector<PgResult> results;
  while (results.size() < statements.size()) {
    absl::StatusOr<PgResult> result = Only();
    if (!result.ok()) return result.status();
    results.push_back(*std::move(result));
  }
  const absl::StatusOr<PGresult*> sync = NextResult();
  if (!sync.ok()) return sync.status();
  const PgResult owned(*sync);
  if (PQresultStatus(*sync) != PGRES_PIPELINE_SYNC || PQexitPipelineMode(connection_) == 0) return Lost("the pipeline did not end");
  return results;
}

absl::Status PgConnection::Script(const std::string& sql) {
  if (broken_ || PQsendQuery(connection_, sql.c_str()) == 0) return Lost("the session is closed");
  while (true) {
    const absl::StatusOr<PGresult*> got = NextResult();
    if (!got.ok()) return got.status();
    if (*got == nullptr) return absl::OkStatus();
    const PgResult owned(*got);
    const ExecStatusType status = PQresultStatus(*got);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return Refused(*got);
  }
}

absl::Status PgConnection::Stream(const char* sql, const PgParams& params, RowVisitor visitor) {
  if (absl::Status status = Send({sql, params}); !status.ok()) return status;
  if (PQsetSingleRowMode(connection_) == 0) return Lost("rows cannot be had one by one");
  while (true) {
    const absl::StatusOr<PGresult*> got = NextResult();
    if (!got.ok()) return got.status();
    if (*got == nullptr) return absl::OkStatus();
    const PgResult row(*got);
    const ExecStatusType status = PQresultStatus(*got);
    if (status == PGRES_TUPLES_OK) continue;  // the end
    if (status != PGRES_SINGLE_TUPLE) return Refused(*got);
    if (absl::Status visited = visitor(row); !visited.ok()) {
      broken_ = true;  // the rest of the rows is on its way
      return visited;
    }
  }
}

// --- COPY.

absl::Status PgConnection::CopyIn(const char* sql, absl::string_view data) {
  absl::Status status = BeginCopy(sql);
  if (status.ok()) status = PutCopy(data);
  return status.ok() ? EndCopy() : status;
}

absl::Status PgConnection::BeginCopy(const char* sql) {
  if (absl::Status status = Send({sql, {}}); !status.ok()) return status;
  const absl::StatusOr<PGresult*> begun = NextResult();
  if (!begun.ok()) return begun.status();
  const PgResult owned(*begun);
  return PQresultStatus(*begun) == PGRES_COPY_IN ? absl::OkStatus() : Refused(*begun);
}

absl::Status PgConnection::PutCopy(absl::string_view data) {
  while (!data.empty()) {
    const absl::string_view piece = data.substr(0, kCopyPieceBytes);
    const int taken = PQputCopyData(connection_, piece.data(), static_cast<int>(piece.size()));
    if (taken < 0) return Lost(Trimmed(PQerrorMessage(connection_)));
    if (taken == 1) data.remove_prefix(piece.size());
    if (absl::Status status = FlushOut(absl::Now() + timeout_); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status PgConnection::EndCopy() {
  const absl::Time deadline = absl::Now() + timeout_;
  while (true) {
    const int ended = PQputCopyEnd(connection_, nullptr);
    if (ended == 1) break;
    if (ended < 0) return Lost(Trimmed(PQerrorMessage(connection_)));
    if (absl::Status status = WaitFor(/*writing=*/true, deadline); !status.ok()) return status;
  }
  return Only().status();
}

absl::Status PgConnection::CopyOut(const char* sql, absl::FunctionRef<absl::Status(absl::string_view line)> visitor) {
  // Sent without parameters, and so in text form.
  if (broken_ || PQsendQuery(connection_, sql) == 0) return Lost("the session is closed");
  const absl::StatusOr<PGresult*> begun = NextResult();
  if (!begun.ok()) return begun.status();
  const PgResult owned(*begun);
  if (PQresultStatus(*begun) != PGRES_COPY_OUT) return Refused(*begun);
  while (true) {
    char* line = nullptr;
    const int size = PQgetCopyData(connection_, &line, /*async=*/1);
    if (size == -1) return Only().status();
    if (size == -2) return Lost(Trimmed(PQerrorMessage(connection_)));
    if (size == 0) {
      if (absl::Status status = WaitFor(/*writing=*/false, absl::Now() + timeout_); !status.ok()) return status;
      continue;
    }
    const std::unique_ptr<char, decltype(&PQfreemem)> owned_line(line, &PQfreemem);
    if (absl::Status status = visitor({line, static_cast<size_t>(size)}); !status.ok()) {
      broken_ = true;
      return status;
    }
  }
}

}  // namespace fenfen
