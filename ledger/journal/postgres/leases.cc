// The leases of PostgresJournal: one statement each, so that of two who ask at once one waits for the other's row and then sees it.
//
// `until` is the statement's beginning and the time that was asked for, which is no later than what the holder believes: he counts from
// before he asked. A commit that the standby did not confirm is an error and no lease (SessionPool::Query), though the row may be there:
// then nobody has it until it has passed.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/journal/postgres/postgres_journal.h"

namespace fenfen {
namespace {

// Who had it last has it again under the same number: nobody was in between.
constexpr char kTake[] =
    "WITH taken AS (INSERT INTO fenfen.leases AS l (name, holder, fence, until)"
    " VALUES ($1, $2, 1, now() + $3::bigint * interval '1 microsecond')"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,"
    " fence = l.fence + CASE WHEN l.holder = excluded.holder THEN 0 ELSE 1 END"
    " WHERE l.holder = excluded.holder OR l.until <= now() RETURNING fence, done)"
    " SELECT true, fence, (extract(epoch FROM now() - done) * 1000000)::bigint, '', 0::bigint FROM taken"
    " UNION ALL SELECT false, fence, (extract(epoch FROM now() - done) * 1000000)::bigint, holder,"
    " (extract(epoch FROM until - now()) * 1000000)::bigint"
    " FROM fenfen.leases WHERE name = $1 AND NOT EXISTS (SELECT FROM taken)";
constexpr char kGiveBack[] =
    "UPDATE fenfen.leases SET until = least(until, now()), done = CASE WHEN $3::boolean THEN now() ELSE done END"
    " WHERE name = $1 AND holder = $2";

}  // namespace

absl::StatusOr<Journal::LeaseAnswer> PostgresJournal::TakeLease(absl::string_view name, absl::Duration time) {
  if (!Shared()) return Journal::TakeLease(name, time);
  const PgParams params = {std::string(name), name_, absl::StrCat(absl::ToInt64Microseconds(time))};
  absl::StatusOr<PgResult> found = readers_.Query(kTake, params);
  // Another has made the row just now: it was not there yet for this statement, and is for the next.
  if (found.ok() && found->rows() == 0) found = readers_.Query(kTake, params);
  if (!found.ok()) return AsRefusal(found.status());
  LeaseAnswer answer;
  if (found->rows() == 0) return answer;
  answer.granted = found->Int(0, 0) != 0;
  answer.fence = static_cast<uint64_t>(found->Int(0, 1));
  if (!found->IsNull(0, 2)) answer.since_done = absl::Microseconds(std::max<int64_t>(0, found->Int(0, 2)));
  answer.holder = std::string(found->Bytes(0, 3));
  answer.left = absl::Microseconds(std::max<int64_t>(0, found->Int(0, 4)));
  return answer;
}

absl::Status PostgresJournal::GiveBackLease(absl::string_view name, bool done) {
  if (!Shared()) return absl::OkStatus();
  const absl::StatusOr<PgResult> found = readers_.Query(kGiveBack, {std::string(name), name_, done ? "true" : "false"});
  return found.ok() ? absl::OkStatus() : AsRefusal(found.status());
}

}  // namespace fenfen
