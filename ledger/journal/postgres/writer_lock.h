// The writer's lock: servers whose State they share write a journal together; a server whose State is its own memory must be the only one,
// since it would not see what the others did.
//
// An advisory lock of the database, held by the session that writes: exclusively by the only writer, shared by the others. It ends with its
// session, and a session that lost it writes nothing; so there is no moment in which two only writers write.
//
// And the locks of a writer that has gone silent: a server that was cut off or paused in the middle of a COPY, or of several statements
// sent together, has the heads of its group for as long as PostgreSQL takes it for alive. No time-out of PostgreSQL's ends that before
// version 17: while it waits for the client, a statement's limit is not looked at, and a transaction's silence counts between statements
// alone. So whoever waits for those heads ends that session. Nothing is lost by it: its transaction is undone, and its server, if it is
// there, writes the group again.
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

// How long a writer may be silent before those who wait for its locks end its session, in parts of how long they wait for an answer.
constexpr double kSilenceMax = 0.5;

// The statement that ends the sessions of writers that have locked heads and are waited for by PostgreSQL: `own_name`'s at once, since it
// is left over from a broken connection (to be asked while `own_name` has none that it uses), others' of the same role after `silence`. Its
// rows are the names of those that were ended.
PgStatement EndSilentWriters(const std::string& own_name, absl::Duration silence);

}  // namespace fenfen
