#include "ledger/journal/postgres/writer_lock.h"

#include <sys/random.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace fenfen {
namespace {

// "fenfen" in ASCII, and one: another lock than the migrations'.
constexpr char kLock[] = "112585829934447";
constexpr absl::Duration kAgain = absl::Milliseconds(50);
// Of a name, so that it is not cut (NAMEDATALEN).
constexpr size_t kHostMax = 24;

constexpr char kCall[] = "SELECT set_config('application_name', $1, false)";
constexpr char kTakeSole[] = "SELECT pg_try_advisory_lock($1::bigint)";
constexpr char kTakeShared[] = "SELECT pg_try_advisory_lock_shared($1::bigint)";
// What of another role's session is not shown to us is null.
constexpr char kHolder[] =
    "SELECT l.pid, coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'the same machine'), coalesce(a.backend_start, now()),"
    " l.mode = 'ExclusiveLock'"
    " FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND l.classid::bigint = $1::bigint >> 32 AND l.objid::bigint = $1::bigint & 4294967295 AND l.pid <> pg_backend_pid()"
    " ORDER BY l.pid LIMIT 1";
// Another role's session may be ended by no server. One that waits for anything but its client is at work.
constexpr char kEndSilent[] =
    "SELECT a.application_name, pg_terminate_backend(a.pid) FROM pg_stat_activity AS a"
    " WHERE a.datname = current_database() AND a.usename = current_user AND a.pid <> pg_backend_pid() AND a.wait_event = 'ClientRead'"
    " AND starts_with(a.application_name, 'fenfend ')"
    " AND (a.application_name = $1 OR clock_timestamp() - a.state_change > $2::bigint * interval '1 millisecond')"
    " AND EXISTS (SELECT FROM pg_locks AS l WHERE l.pid = a.pid AND l.granted AND l.relation = 'fenfen.heads'::regclass)";
constexpr char kEnd[] = "SELECT pg_terminate_backend($1::integer)";

absl::Status HeldBy(const PgResult& holder, int row) {
  const bool sole = holder.Int(row, 4) != 0;
  const absl::string_view name = holder.Bytes(row, 1);
  return absl::FailedPreconditionError(absl::StrCat(
      sole ? "PostgreSQL: another server is the only one that may write this journal, since its State is in memory: "
           : "PostgreSQL: other servers write this journal, and a State in memory would not see what they do (state.store = \"redis\"): ",
      name.empty() ? "a session of another role" : name, ", from ", holder.Bytes(row, 2), ", since ",
      absl::FormatTime(absl::RFC3339_sec, holder.Time(row, 3), absl::UTCTimeZone()), ", backend ", holder.Int(row, 0)));
}

}  // namespace

std::string NewWriterName() {
  uint32_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) random = static_cast<uint32_t>(absl::ToUnixNanos(absl::Now()));
  char host[256] = "";
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  return absl::StrFormat("fenfend %s/%d/%08x", std::string(host).substr(0, kHostMax), ::getpid(), random);
}

absl::Status TakeWriterLock(PgConnection& session, Writers writers, const std::string& name, absl::Duration patience) {
  if (writers == Writers::kUnchecked) return absl::OkStatus();
  if (const absl::Status called = session.Query(kCall, {name}).status(); !called.ok()) return called;
  const char* const take = writers == Writers::kSole ? kTakeSole : kTakeShared;
  bool ended_ours = false;
  for (const absl::Time until = absl::Now() + patience;; absl::SleepFor(kAgain)) {
    const absl::StatusOr<PgResult> taken = session.Query(take, {kLock});
    if (!taken.ok()) return taken.status();
    if (taken->Int(0, 0) != 0) return absl::OkStatus();
    const absl::StatusOr<PgResult> holder = session.Query(kHolder, {kLock});
    if (!holder.ok()) return holder.status();
    if (holder->rows() == 0) {  // just gone
      if (absl::Now() >= until) return absl::UnavailableError("PostgreSQL: the writer's lock changes hands");
      continue;
    }
    if (!ended_ours && holder->Bytes(0, 1) == name) {
      ended_ours = true;
      if (const absl::Status ended = session.Query(kEnd, {absl::StrCat(holder->Int(0, 0))}).status(); !ended.ok()) return ended;
      continue;
    }
    if (absl::Now() >= until) return HeldBy(*holder, 0);
  }
}

PgStatement EndSilentWriters(const std::string& own_name, absl::Duration silence) {
  return {kEndSilent, {own_name, absl::StrCat(absl::ToInt64Milliseconds(silence))}};
}

}  // namespace fenfen
