// PgConnection: one session with PostgreSQL over libpq, every wait of which ends.
//
//   absl::StatusOr<std::unique_ptr<PgConnection>> session = PgConnection::Open("host=/run/postgresql dbname=fenfen", absl::Seconds(5));
//   absl::StatusOr<PgResult> found = (*session)->Query("SELECT sequence FROM fenfen.heads WHERE partition = $1::smallint", {"7"});
//
// Values go as parameters, written as PostgreSQL's text forms and cast in the statement; results come in its binary forms. After any error
// the session is closed and good for nothing more: whoever used it opens another. So nothing has to be known about half-finished
// conversations, and the server rolls back what was open.
//
// Errors: UNAVAILABLE where the server is gone, going, takes no writes any more or did not answer in time; then whether the last statement
// had its effect is not known. Otherwise the server refused, and SqlStateOf(status) says why: RESOURCE_EXHAUSTED (disk or memory),
// PERMISSION_DENIED, ALREADY_EXISTS (a unique constraint), FAILED_PRECONDITION (a missing table), ABORTED (try again), INTERNAL.
//
// One thread at a time.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fenfen {

using PgParams = std::vector<std::string>;

// Rows in binary form. Columns count from 0.
class PgResult {
 public:
  explicit PgResult(PGresult* result) : result_(result, &PQclear) {}
  int rows() const { return PQntuples(result_.get()); }
  bool IsNull(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  // Of a smallint, integer, bigint, date (days since 2000) or boolean.
  int64_t Int(int row, int column) const;
  // Of a timestamptz.
  absl::Time Time(int row, int column) const;
  // Of a text or bytea. Good while the result is.
  absl::string_view Bytes(int row, int column) const;
  // The statement's own words for what it did: "COMMIT".
  absl::string_view tag() const { return PQcmdStatus(result_.get()); }

 private:
  std::unique_ptr<PGresult, decltype(&PQclear)> result_;
};

struct PgStatement {
  const char* sql;
  PgParams params;
};

class PgConnection {
 public:
  // Connects to the first host of `conninfo` (a libpq connection string) that takes writes. Each host, and later each answer, is waited
  // for `timeout` at most, in whole seconds for hosts. UNAVAILABLE with libpq's own words where that fails.
  static absl::StatusOr<std::unique_ptr<PgConnection>> Open(const std::string& conninfo, absl::Duration timeout);
  ~PgConnection();
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;

  // As PQserverVersion: 150004 is 15.4.
  int server_version() const { return PQserverVersion(connection_); }

  // Waits that long for each answer from now on.
  void SetTimeout(absl::Duration timeout) { timeout_ = timeout; }
  absl::Duration timeout() const { return timeout_; }

  // True if the server has not hung up, as far as can be seen without asking it.
  bool Alive();

  // Several statements without values, as a file has them.
  absl::Status Script(const std::string& sql);
  absl::StatusOr<PgResult> Query(const char* sql, const PgParams& params = {});
  // The same for a statement that is asked often: planned once in a session, known by `sql`'s address.
  absl::StatusOr<PgResult> QueryPrepared(const char* sql, const PgParams& params);
  // Statements sent together, so that they cost one way to the server and back. After one that fails the rest are not run.
  absl::StatusOr<std::vector<PgResult>> Pipeline(const std::vector<PgStatement>& statements);
  // Visits the rows one by one, as they come: a result of row 0 each. Memory holds one row.
  using RowVisitor = absl::FunctionRef<absl::Status(const PgResult& row)>;
  absl::Status Stream(const char* sql, const PgParams& params, RowVisitor visitor);
  // `sql` is COPY … FROM STDIN; `data` is everything it reads. Or in three steps, with any number of pieces.
  absl::Status CopyIn(const char* sql, absl::string_view data);
  absl::Status BeginCopy(const char* sql);
  absl::Status PutCopy(absl::string_view data);
  absl::Status EndCopy();
  // `sql` is COPY … TO STDOUT in text form; `visitor` is given each line with its end.
  absl::Status CopyOut(const char* sql, absl::FunctionRef<absl::Status(absl::string_view line)> visitor);

  // Whether the server warned since the last call. A COMMIT that gave up waiting for its standby says OK and warns.
  bool TakeWarned() { return std::exchange(warned_, false); }
  // Its words.
  const std::string& last_warning() const { return last_warning_; }

 private:
  PgConnection(PGconn* connection, absl::Duration timeout);

  static void TakeNotice(void* self, const PGresult* notice);
  absl::Status WaitFor(bool writing, absl::Time deadline);
  absl::Status FlushOut(absl::Time deadline);
  // The next result; nullptr where the statement has no more.
  absl::StatusOr<PGresult*> NextResult();
  absl::Status Send(const PgStatement& statement);
  absl::StatusOr<std::string> Prepare(const char* sql);
  absl::StatusOr<PgResult> Only();
  absl::Status Lost(absl::string_view why);
  absl::Status Refused(const PGresult* result);

  PGconn* connection_;
  absl::Duration timeout_;
  std::map<const char*, std::string> prepared_;  // names, by their statements
  bool broken_ = false;
  bool warned_ = false;
  std::string last_warning_;
};

// The five characters of the error; empty where the server did not say.
std::string SqlStateOf(const absl::Status& status);

// A list of numbers as a PostgreSQL array.
std::string PgArray(const std::vector<int64_t>& values);

}  // namespace fenfen
