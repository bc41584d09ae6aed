#include "ledger/journal/postgres/postgres_session.h"

#include "absl/strings/str_cat.h"

namespace fenfen {

absl::StatusOr<std::unique_ptr<PgConnection>> OpenPostgresSession(const PostgresSessionOptions& options) {
  absl::StatusOr<std::unique_ptr<PgConnection>> session = PgConnection::Open(options.conninfo, options.timeout);
  if (!session.ok()) return session.status();
  if ((*session)->server_version() < options.server_version_min) {
    return absl::FailedPreconditionError(absl::StrCat("PostgreSQL: the server has version ", (*session)->server_version() / 10'000,
                                                      "; the journal needs ", options.server_version_min / 10'000, " or newer"));
  }
  // A server waits for locks a little less long than we wait for it. How long a statement may run is not limited, since groups are large or
  // small; what ends a session whose client was cut off are the limits on its silence. remote_apply is stricter than `on`; everything else
  // is laxer.
  const std::string lock_patience_ms = absl::StrCat(absl::ToInt64Milliseconds(options.timeout * 0.9));
  const absl::StatusOr<PgResult> set = (*session)->Query(
      "SELECT current_setting('fsync')::boolean, set_config('lock_timeout', $1, false), set_config('statement_timeout', '0', false),"
      " set_config('idle_in_transaction_session_timeout', '60s', false), set_config('tcp_keepalives_idle', '4', false),"
      " set_config('tcp_keepalives_interval', '2', false), set_config('tcp_keepalives_count', '3', false),"
      " set_config('search_path', 'pg_catalog, pg_temp', false),"
      " set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END,"
      " false)",
      {lock_patience_ms});
  if (!set.ok()) return set.status();
  if (set->Int(0, 0) == 0) {
    return absl::FailedPreconditionError("PostgreSQL: the server runs with fsync = off, so it can lose what it has confirmed");
  }
  return session;
}

absl::Status CheckRights(PgConnection& session) {
  const absl::StatusOr<PgResult> lacking = session.Query(
      "SELECT needed.privilege, needed.name FROM (VALUES ('SELECT', 'fenfen.journal'), ('SELECT', 'fenfen.months'),"
      " ('SELECT', 'fenfen.heads'), ('UPDATE', 'fenfen.heads'), ('SELECT', 'fenfen.entry_index'), ('INSERT', 'fenfen.entry_index'),"
      " ('SELECT', 'fenfen.leases'), ('INSERT', 'fenfen.leases'), ('UPDATE', 'fenfen.leases'), ('SELECT', 'fenfen.entries'),"
      " ('INSERT', 'fenfen.entries'), ('INSERT', 'fenfen.postings'), ('INSERT', 'fenfen.record_changes'))"
      " AS needed (privilege, name) WHERE NOT has_table_privilege(needed.name, needed.privilege)"
      " UNION ALL SELECT 'USAGE', 'fenfen.positions' WHERE NOT has_sequence_privilege('fenfen.positions', 'USAGE')"
      " UNION ALL SELECT 'EXECUTE', 'fenfen.make_month' WHERE NOT has_function_privilege('fenfen.make_month(date)', 'EXECUTE') LIMIT 1");
  if (!lacking.ok()) return lacking.status();
  if (lacking->rows() == 0) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat("PostgreSQL: the role lacks ", lacking->Bytes(0, 0), " on ", lacking->Bytes(0, 1),
                                                  " (docs/formats/postgres.md, Roles)"));
}

}  // namespace fenfen
