// Migrations: the schema's versions. Each is a numbered file in migrations/, built into the program; fenfen.schema_version says which a
// database has had. A file that was released is never changed: what follows goes into the next.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ledger/journal/postgres/pg_connection.h"

namespace fenfen {

struct Migration {
  int version;  // 1, 2, 3…
  absl::string_view name;
  absl::string_view sql;
};

// Those that this program knows, in order.
const std::vector<Migration>& Migrations();

// Brings the database's schema up to `migrations`, in one transaction: all that is missing or nothing, one program at a time. Asks for no
// right to change anything where nothing is missing. FAILED_PRECONDITION where the schema is newer than the last of `migrations`: then an
// older program meets a newer one's journal and must not write.
absl::Status Migrate(PgConnection& session, const std::vector<Migration>& migrations);

}  // namespace fenfen
