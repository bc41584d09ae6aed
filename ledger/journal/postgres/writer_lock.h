// The writer's lock: servers whose State they share write a journal together; a server whose State is its own memory must be the only one,
// since it would not see what the others did.
//
// An advisory lock of the database, held by the session that writes: exclusively by the only writer, shared by the others. It ends with its
// session, and a session that lost it writes nothing; so there is no moment in which two only writers write.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "ledger/journal/postgres/pg_connection.h"

namespace fenfen {

enum class Writers : uint8_t {
  kUnchecked,  // tools, which take care themselves
  kShared,     // any number of servers over one State
  kSole,       // one server
};

// How a session is called in pg_stat_activity and in other servers' errors: "fenfend host/pid/random".
std::string NewWriterName();

// Takes the lock for the session, which is called `name` from then on. A session of that name which the server still takes for alive, after
// a broken connection, is ended. FAILED_PRECONDITION naming who has the lock, where it does not come free within `patience`.
absl::Status TakeWriterLock(PgConnection& session, Writers writers, const std::string& name, absl::Duration patience);

}  // namespace fenfen
