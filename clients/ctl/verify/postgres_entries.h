// PostgresEntries: the entries of a PostgreSQL journal as the checker reads them: by its own statements, written from
// docs/formats/postgres.md, in one read-only snapshot of the database, so a server may write meanwhile.
//
// Beside what VerifyEntries checks of any journal, it checks that the columns and rows that auditors ask (entries, entry_index, postings,
// record_changes) are what the entries' bytes say, that the checksums hold, and that every partition ends where fenfen.heads says.
//
// Not thread-safe.
#pragma once

#include <libpq-fe.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/ctl/verify/verify_journal.h"

namespace fenfen::ctl {

class PostgresEntries final : public EntrySource {
 public:
  // `conninfo` is a libpq connection string. UNAVAILABLE where no server answers; NOT_FOUND where the database has no journal;
  // FAILED_PRECONDITION, naming months and files, where some are archived: they must be restored first.
  static absl::StatusOr<std::unique_ptr<PostgresEntries>> Open(const std::string& conninfo);

  absl::Status Read(Take take, Note note) override;

 private:
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using Result = std::unique_ptr<PGresult, Close>;
  // Rows of one kind that belong to an entry, each as the numbers that stand in it, by sequence number.
  using Rows = std::map<int64_t, std::vector<std::vector<int64_t>>>;

  explicit PostgresEntries(PGconn* connection) : connection_(connection) {}

  absl::StatusOr<Result> Query(const char* sql, const std::vector<std::string>& params = {});
  absl::StatusOr<Rows> ReadRows(const char* sql, const std::vector<std::string>& params);
  absl::Status ReadPartition(uint16_t partition, int64_t head, Take take, Note note);
  absl::Status ReadWindow(uint16_t partition, int64_t first, int64_t last, Take take, Note note);

  const std::unique_ptr<PGconn, Close> connection_;
};

}  // namespace fenfen::ctl
