#include "ledger/journal/postgres/migrations.h"

#include "absl/strings/str_cat.h"

// Written by embedded_migrations.S.
extern "C" {
extern const char fenfen_migration_1_begin[];
extern const char fenfen_migration_1_end[];
extern const char fenfen_migration_2_begin[];
extern const char fenfen_migration_2_end[];
extern const char fenfen_migration_3_begin[];
extern const char fenfen_migration_3_end[];
extern const char fenfen_migration_4_begin[];
extern const char fenfen_migration_4_end[];
extern const char fenfen_migration_5_begin[];
extern const char fenfen_migration_5_end[];
extern const char fenfen_migration_6_begin[];
extern const char fenfen_migration_6_end[];
}

namespace fenfen {
namespace {

// "fenfen" in ASCII: whoever migrates any fenfen schema of the database holds this lock.
constexpr char kAdvisoryLock[] = "112585829934446";

absl::string_view Between(const char* begin, const char* end) { return {begin, static_cast<size_t>(end - begin)}; }

// 0 where there is no schema yet.
absl::StatusOr<int64_t> VersionOf(PgConnection& session) {
  absl::StatusOr<PgResult> found = session.Query("SELECT to_regclass('fenfen.schema_version') IS NOT NULL");
  if (!found.ok()) return found.status();
  if (found->Int(0, 0) == 0) return 0;
  found = session.Query("SELECT coalesce(max(version), 0) FROM fenfen.schema_version");
  if (!found.ok()) return found.status();
  return found->Int(0, 0);
}

absl::Status Apply(PgConnection& session, const std::vector<Migration>& migrations) {
  absl::Status status = session.Script(
      "CREATE SCHEMA IF NOT EXISTS fenfen;"
      "CREATE TABLE IF NOT EXISTS fenfen.schema_version ("
      "  version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
  if (!status.ok()) return status;
  // Another program may have migrated while this one waited for the lock.
  const absl::StatusOr<int64_t> version = VersionOf(session);
  if (!version.ok()) return version.status();
  for (const Migration& migration : migrations) {
    if (migration.version <= *version) continue;
    if (status = session.Script(std::string(migration.sql)); !status.ok()) return status;
    status = session
                 .Query("INSERT INTO fenfen.schema_version (version, name) VALUES ($1::integer, $2)",
                        {absl::StrCat(migration.version), std::string(migration.name)})
                 .status();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<Migration>& Migrations() {
  static const std::vector<Migration> migrations = {
      {1, "journal", Between(fenfen_migration_1_begin, fenfen_migration_1_end)},
      {2, "audit_views", Between(fenfen_migration_2_begin, fenfen_migration_2_end)},
      {3, "archive", Between(fenfen_migration_3_begin, fenfen_migration_3_end)},
      {4, "terms", Between(fenfen_migration_4_begin, fenfen_migration_4_end)},
      {5, "leases", Between(fenfen_migration_5_begin, fenfen_migration_5_end)},
      {6, "bases", Between(fenfen_migration_6_begin, fenfen_migration_6_end)},
  };
  return migrations;
}

absl::Status Migrate(PgConnection& session, const std::vector<Migration>& migrations) {
  const absl::StatusOr<int64_t> version = VersionOf(session);
  if (!version.ok()) return version.status();
  const int newest = migrations.back().version;
  if (*version > newest) {
    return absl::FailedPreconditionError(absl::StrCat("PostgreSQL: the journal's schema has version ", *version, ", this program knows ",
                                                      newest, "; it was written by a newer one"));
  }
  if (*version == newest) return absl::OkStatus();
  absl::StatusOr<PgResult> step = session.Query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
  if (step.ok()) step = session.Query("SELECT pg_advisory_xact_lock($1::bigint)", {kAdvisoryLock});
  if (!step.ok()) return step.status();
  if (absl::Status status = Apply(session, migrations); !status.ok()) return status;
  return session.Query("COMMIT").status();
}

}  // namespace fenfen
