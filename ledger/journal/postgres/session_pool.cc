#include "ledger/journal/postgres/session_pool.h"

#include <utility>

namespace fenfen {
namespace {

absl::StatusOr<PgResult> Ask(PgConnection& session, const char* sql, const PgParams& params) {
  session.TakeWarned();
  absl::StatusOr<PgResult> found = session.QueryPrepared(sql, params);
  if (found.ok() && session.TakeWarned()) return absl::UnavailableError("PostgreSQL: " + session.last_warning());
  return found;
}

}  // namespace

std::unique_ptr<PgConnection> SessionPool::Take() {
  absl::MutexLock held(&mutex_);
  while (taken_ == kSessionsMax) given_back_.Wait(&mutex_);
  ++taken_;
  if (idle_.empty()) return nullptr;
  std::unique_ptr<PgConnection> session = std::move(idle_.back());
  idle_.pop_back();
  return session;
}

void SessionPool::GiveBack(std::unique_ptr<PgConnection> session) {
  absl::MutexLock held(&mutex_);
  --taken_;
  if (session != nullptr) idle_.push_back(std::move(session));
  given_back_.Signal();
}

absl::StatusOr<PgResult> SessionPool::Query(const char* sql, const PgParams& params) {
  std::unique_ptr<PgConnection> session = Take();
  if (session != nullptr) {
    absl::StatusOr<PgResult> found = Ask(*session, sql, params);
    if (!absl::IsUnavailable(found.status())) {
      GiveBack(found.ok() ? std::move(session) : nullptr);
      return found;
    }
  }
  absl::StatusOr<std::unique_ptr<PgConnection>> fresh = OpenPostgresSession(options_);
  if (!fresh.ok()) {
    GiveBack(nullptr);
    return fresh.status();
  }
  absl::StatusOr<PgResult> found = Ask(**fresh, sql, params);
  GiveBack(found.ok() ? *std::move(fresh) : nullptr);
  return found;
}

}  // namespace fenfen
