// SessionPool: a few sessions that readers share, opened when they are needed.
//
//   absl::StatusOr<PgResult> found = pool.Query(kReadHead, {"7"});
//
// Thread-safe. More readers than sessions wait for one another.
#pragma once

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "ledger/journal/postgres/pg_connection.h"
#include "ledger/journal/postgres/postgres_session.h"

namespace fenfen {

class SessionPool {
 public:
  static constexpr int kSessionsMax = 4;

  explicit SessionPool(PostgresSessionOptions options) : options_(std::move(options)) {}

  // Runs a statement that may as well be run twice, a constant. A session that the server closed while it was idle is replaced, and the
  // statement run again. UNAVAILABLE also where the server warned that its standby did not confirm a change.
  absl::StatusOr<PgResult> Query(const char* sql, const PgParams& params);

 private:
  // A session, or nullptr and the right to open one.
  std::unique_ptr<PgConnection> Take();
  void GiveBack(std::unique_ptr<PgConnection> session);

  const PostgresSessionOptions options_;
  absl::Mutex mutex_;
  absl::CondVar given_back_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<PgConnection>> idle_ ABSL_GUARDED_BY(mutex_);
  int taken_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace fenfen
