// Stores: the two plugs as the configuration chooses them, and what belongs to each: memory with its snapshots or Redis for the State,
// files or PostgreSQL for the journal.
//
//   stores = Stores::Open(config, log, clock)      the journal is open, the State is being connected to
//   Engine engine(stores->state(), stores->journal(), …)
//   stores->Start(engine, projections)             recovery; waits until the State has all of the journal
//   …
//   stores->Stop(engine)                           a last snapshot; nothing calls the engine any more
//
// Several servers over one Redis and one PostgreSQL share their State and journal. A State in memory allows one server, which holds the
// journal for itself: files by a lock on them, PostgreSQL by the writer's lock.
//
// Not thread-safe, but for what it gives.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "ledger/core/clock.h"
#include "ledger/engine/engine.h"
#include "ledger/engine/engine_tail.h"
#include "ledger/engine/snapshotter.h"
#include "ledger/journal/file_journal.h"
#include "ledger/journal/posix_file.h"
#include "ledger/journal/postgres/postgres_journal.h"
#include "ledger/state/memory_state.h"
#include "ledger/state/redis/redis_state.h"
#include "server/config/config.h"
#include "server/log/log.h"
#include "server/metrics/metrics.h"

namespace fenfen::server {

class Stores {
 public:
  // The journal's errors; INVALID_ARGUMENT naming the key for a [redis] that cannot be. `config`, `log` and `clock` outlive the stores.
  static absl::StatusOr<std::unique_ptr<Stores>> Open(const Config& config, Log& log, const Clock& clock);
  ~Stores();

  State& state() { return *state_; }
  Journal& journal() { return *journal_; }

  // Recovers and makes the State ready for work. What does not mend by itself, such as a wrong password, ends it at once; else it waits for
  // Redis as long as the configuration says.
  absl::Status Start(Engine& engine, const std::vector<Projection*>& projections);
  // A stop is near: from then on nothing waits for a PostgreSQL that is away. What a server among several has committed in Redis and cannot
  // journal stays there for the others, and for its own next start.
  void GiveUpAt(absl::Time time) {
    if (postgres_journal_ != nullptr) postgres_journal_->GiveUpAt(time);
  }
  // After the engine has stopped well or not (`stopped`), and before it goes: state() is gone then. A second call does nothing.
  void Stop(const absl::Status& stopped);

  // Before serving begins.
  void AddMetrics(Metrics& metrics) const;

 private:
  Stores(const Config& config, Log& log, const Clock& clock) : config_(config), log_(log), clock_(clock) {}

  absl::Status OpenJournal();
  absl::Status OpenPostgres(std::function<void(const absl::Status&)> report);
  void Sweep(PartitionId partition);
  absl::Status OpenState();
  absl::Status FetchBase();
  void LogRecovery(const RecoveryReport& recovery) const;
  void StartSnapshots(const RecoveryReport& recovery, const std::vector<Projection*>& projections);

  const Config& config_;
  Log& log_;
  const Clock& clock_;
  PosixFileSystem files_;

  std::unique_ptr<Journal> journal_;
  FileJournal* file_journal_ = nullptr;          // journal_, if it is one
  PostgresJournal* postgres_journal_ = nullptr;  // likewise

  std::optional<EngineTail> tail_;  // for Redis
  std::unique_ptr<State> state_;
  MemoryState* memory_ = nullptr;       // state_, if it is one
  RedisState* redis_ = nullptr;         // likewise
  const Follower* follower_ = nullptr;  // the engine's, where others write the journal too
  absl::Mutex sweeping_;
  RedisState* sweeper_ ABSL_GUARDED_BY(sweeping_) = nullptr;  // redis_, while it may be asked to sweep
  std::optional<SnapshotFolder> snapshots_;
  std::optional<Snapshotter> snapshotter_;
};

}  // namespace fenfen::server
