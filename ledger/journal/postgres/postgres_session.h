// Sessions as the journal uses them: connected to a server that takes writes, of a version that serves, with settings under which a commit
// is durable.
//
// Thread-safe; what it gives is not.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/journal/postgres/pg_connection.h"

namespace fenfen {

// PostgreSQL 13.
inline constexpr int kServerVersionMin = 130'000;

struct PostgresSessionOptions {
  // A libpq connection string: "host=db1,db2 port=5432 dbname=fenfen user=fenfend". With several hosts the one that takes writes is found.
  std::string conninfo;
  // For connecting to one host, and for each answer; a server that is silent for longer counts as gone.
  absl::Duration timeout = absl::Seconds(10);
  // Another in tests.
  int server_version_min = kServerVersionMin;
};

// Opens a session. UNAVAILABLE where no host answers or takes writes, or refuses the sign-in; FAILED_PRECONDITION where the server is too
// old, or is set up to lose what it has confirmed (fsync off).
absl::StatusOr<std::unique_ptr<PgConnection>> OpenPostgresSession(const PostgresSessionOptions& options);

// PERMISSION_DENIED, naming what is lacking on which table, where the session's role may not do what the journal does.
absl::Status CheckRights(PgConnection& session);

}  // namespace fenfen
