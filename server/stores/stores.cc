#include "server/stores/stores.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/stores/journal_base.h"
#include "server/stores/redis_settings.h"

namespace fenfen::server {
namespace {

// How long an orderly stop may take to write a last snapshot. Without it the next start replays what came since the one before.
constexpr absl::Duration kLastSnapshotMax = absl::Seconds(2);

}  // namespace

absl::StatusOr<std::unique_ptr<Stores>> Stores::Open(const Config& config, Log& log, const Clock& clock) {
  std::unique_ptr<Stores> stores(new Stores(config, log, clock));
  absl::Status status = stores->OpenJournal();
  if (status.ok()) status = stores->OpenState();
  if (!status.ok()) return status;
  return stores;
}

Stores::~Stores() = default;

absl::Status Stores::OpenJournal() {
  const auto report = [this](const absl::Status& why) {
    log_.Write(why.ok() ? Log::Level::kInfo : Log::Level::kError, "journal", {{"detail", why.ok() ? "back again" : why.ToString()}});
  };
  if (config_.journal.store == "postgres") return OpenPostgres(report);
  FileJournalOptions options;
  options.directory = absl::StrCat(config_.data_dir, "/journal");
  options.uncompressed_segments = static_cast<size_t>(config_.journal.uncompressed_segments);
  options.archive_directory = config_.journal.archive_dir;
  options.retention = config_.journal.retention_days * absl::Hours(24);
  options.clock = &clock_;
  options.report = report;
  absl::StatusOr<std::unique_ptr<FileJournal>> opened = FileJournal::Open(files_, std::move(options));
  if (!opened.ok()) return opened.status();
  file_journal_ = opened->get();
  journal_ = *std::move(opened);
  return absl::OkStatus();
}

absl::Status Stores::OpenPostgres(std::function<void(const absl::Status&)> report) {
  PostgresJournalOptions options;
  options.session.conninfo = config_.stores.postgres.connection;
  options.session.timeout = config_.stores.postgres.timeout;
  options.writers = config_.stores.state == "memory" ? Writers::kSole : Writers::kShared;
  options.report = std::move(report);
  options.on_gap = [this](PartitionId partition) { Sweep(partition); };
  absl::StatusOr<std::unique_ptr<PostgresJournal>> opened = PostgresJournal::Open(std::move(options));
  if (!opened.ok()) return opened.status();
  postgres_journal_ = opened->get();
  journal_ = *std::move(opened);
  return absl::OkStatus();
}

void Stores::Sweep(PartitionId partition) {
  absl::MutexLock lock(&sweeping_);
  if (sweeper_ != nullptr) sweeper_->Sweep(partition);
}

absl::Status Stores::OpenState() {
  if (config_.stores.state == "redis") {
    absl::StatusOr<RedisStateOptions> options = RedisOptionsOf(config_.stores.redis, config_.production);
    if (!options.ok()) return options.status();
    tail_.emplace(*journal_);
    auto redis = std::make_unique<RedisState>(*std::move(options), *tail_);
    redis_ = redis.get();
    state_ = std::move(redis);
    {
      absl::MutexLock lock(&sweeping_);
      sweeper_ = redis_;
    }
    return FetchBase();
  }
  auto memory = std::make_unique<MemoryState>();
  memory_ = memory.get();
  state_ = std::move(memory);
  snapshots_.emplace(files_, absl::StrCat(config_.data_dir, "/snapshots"));
  return FetchBase();
}

// Where months of a PostgreSQL journal are archived, a start goes on from the base that stands for them: a State in memory that has no
// snapshot of its own, and the projections beside a State in Redis.
absl::Status Stores::FetchBase() {
  if (postgres_journal_ == nullptr) return absl::OkStatus();
  if (memory_ == nullptr) snapshots_.emplace(files_, absl::StrCat(config_.data_dir, "/base"));
  if (absl::Status status = snapshots_->Open(); !status.ok()) return status;
  if (memory_ != nullptr) {
    const absl::StatusOr<std::vector<uint64_t>> own = snapshots_->Numbers();
    if (!own.ok() || !own->empty()) return own.status();
  }
  PostgresSessionOptions session;
  session.conninfo = config_.stores.postgres.connection;
  session.timeout = config_.stores.postgres.timeout;
  const absl::StatusOr<uint64_t> number = FetchNewestBase(session, *snapshots_);
  if (number.ok() && *number == 0 && memory_ == nullptr) snapshots_.reset();
  return number.status();
}

absl::Status Stores::Start(Engine& engine, const std::vector<Projection*>& projections) {
  RecoveryOptions options;
  if (snapshots_) options = {.snapshots = &*snapshots_, .savable = memory_};
  FollowerOptions follow;
  follow.report = [this](const absl::Status& why) {
    log_.Write(why.ok() ? Log::Level::kInfo : Log::Level::kError, "following the journal",
               {{"detail", why.ok() ? "back again" : why.ToString()}});
  };
  if (absl::Status status = engine.Start(options, std::move(follow)); !status.ok()) return status;
  follower_ = engine.follower();
  LogRecovery(engine.recovery());
  if (memory_ != nullptr) {
    StartSnapshots(engine.recovery(), projections);
    return absl::OkStatus();
  }
  tail_->Attach(engine);
  if (absl::Status status = redis_->AwaitOpen(config_.stores.redis.open_timeout); !status.ok())
    return absl::Status(status.code(), absl::StrCat("[redis] ", status.message()));
  const RedisState::Figures figures = redis_->figures();
  log_.Write(Log::Level::kInfo, "redis has all of the journal",
             {{"restored", absl::StrCat(figures.restored)}, {"swept", absl::StrCat(figures.swept)}});
  return absl::OkStatus();
}

void Stores::LogRecovery(const RecoveryReport& recovery) const {
  for (const std::string& why : recovery.refused) log_.Write(Log::Level::kError, "a snapshot was not used", {{"detail", why}});
  log_.Write(Log::Level::kInfo, "ledger recovered",
             {{"snapshot", absl::StrCat(recovery.snapshot)},
              {"load_ms", absl::StrCat(absl::ToInt64Milliseconds(recovery.load_time))},
              {"replayed", absl::StrCat(recovery.replayed)},
              {"replay_ms", absl::StrCat(absl::ToInt64Milliseconds(recovery.replay_time))}});
}

void Stores::StartSnapshots(const RecoveryReport& recovery, const std::vector<Projection*>& projections) {
  if (config_.snapshot.interval == absl::ZeroDuration()) return;
  SnapshotterOptions options;
  options.interval = config_.snapshot.interval;
  options.transactions_min = static_cast<uint64_t>(config_.snapshot.transactions_min);
  options.report = [this](const absl::Status& why) { log_.Write(Log::Level::kError, "snapshot", {{"detail", why.ToString()}}); };
  if (file_journal_ != nullptr && config_.journal.retention_days > 0) {
    options.covered = [this](SnapshotCover cover) { file_journal_->Covered(std::move(cover)); };
  }
  snapshotter_.emplace(*memory_, *journal_, projections, *snapshots_, clock_, std::move(options),
                       Snapshotter::Start{recovery.snapshot, recovery.snapshot_sequences});
  snapshotter_->Run();
}

void Stores::Stop(const absl::Status& stopped) {
  if (snapshotter_) {
    snapshotter_->Halt();
    if (stopped.ok() && snapshotter_->IsDue()) {
      const absl::Status last = snapshotter_->Take(kLastSnapshotMax);
      if (!last.ok()) log_.Write(Log::Level::kWarn, "snapshot", {{"detail", last.ToString()}});
    }
  }
  if (redis_ == nullptr) return;
  {
    absl::MutexLock lock(&sweeping_);
    sweeper_ = nullptr;
  }
  // Its keeper calls the engine, which is about to go.
  redis_ = nullptr;
  state_.reset();
}

void Stores::AddMetrics(Metrics& metrics) const {
  metrics.AddGauge("fenfen_transactions_durable", "Transactions in the journal, all partitions together.", [this] {
    double sum = 0;
    for (uint16_t p = 0; p < kPartitions; ++p) sum += static_cast<double>(journal_->LastDurable(PartitionId(p)).value());
    return sum;
  });
  metrics.AddGauge("fenfen_writable", "1 while the journal takes new work.", [this] { return journal_->Admit().ok() ? 1.0 : 0.0; });
  if (file_journal_ != nullptr) {
    const auto of_journal = [&](const char* name, const char* help, uint64_t FileJournalMetrics::*figure) {
      metrics.AddGauge(name, help, [this, figure] { return static_cast<double>(file_journal_->Metrics().*figure); });
    };
    of_journal("fenfen_journal_groups", "Groups written since the start, each with one fdatasync.", &FileJournalMetrics::groups);
    of_journal("fenfen_journal_bytes", "Bytes written in groups since the start.", &FileJournalMetrics::bytes);
    of_journal("fenfen_journal_queued_bytes", "Bytes that wait for the journal, or are being written.", &FileJournalMetrics::queued_bytes);
    of_journal("fenfen_journal_segments", "Segments, with those that are not written to yet.", &FileJournalMetrics::segments);
    of_journal("fenfen_journal_first_segment", "The journal's first segment; those before it are archived.",
               &FileJournalMetrics::first_segment);
  }
  if (postgres_journal_ != nullptr) {
    const auto of_journal = [&](const char* name, const char* help, uint64_t PostgresJournalMetrics::*figure) {
      metrics.AddGauge(name, help, [this, figure] { return static_cast<double>(postgres_journal_->Metrics().*figure); });
    };
    of_journal("fenfen_journal_groups", "Groups committed since the start.", &PostgresJournalMetrics::groups);
    of_journal("fenfen_journal_bytes", "Bytes of entries committed since the start.", &PostgresJournalMetrics::bytes);
    of_journal("fenfen_journal_queued_bytes", "Bytes that wait for the journal, or are being written.",
               &PostgresJournalMetrics::queued_bytes);
    of_journal("fenfen_journal_partitions_stopped", "Partitions that are written no more: a second history.",
               &PostgresJournalMetrics::partitions_stopped);
    of_journal("fenfen_journal_stale", "Entries refused because they were committed in a Redis that is no longer the right one.",
               &PostgresJournalMetrics::stale);
    of_journal("fenfen_journal_gaps", "Times that an entry waited for one that another server has.", &PostgresJournalMetrics::gaps);
  }
  if (follower_ != nullptr) {
    metrics.AddGauge("fenfen_follower_lag_seconds", "Since the projections had all that was in the journal.",
                     [this] { return absl::ToDoubleSeconds(follower_->figures().lag); });
    metrics.AddGauge("fenfen_follower_behind", "Transactions in the journal that the projections do not have yet.",
                     [this] { return static_cast<double>(follower_->figures().behind); });
    metrics.AddGauge("fenfen_follower_followed", "Transactions of other servers that were read since the start.",
                     [this] { return static_cast<double>(follower_->figures().followed); });
  }
  if (redis_ != nullptr) {
    metrics.AddGauge("fenfen_redis_open", "1 while all partitions are open in Redis.",
                     [this] { return redis_->Condition().ok() ? 1.0 : 0.0; });
    const auto of_redis = [&](const char* name, const char* help, uint64_t RedisState::Figures::*figure) {
      metrics.AddGauge(name, help, [this, figure] { return static_cast<double>(redis_->figures().*figure); });
    };
    of_redis("fenfen_redis_sessions", "Connections to Redis since the start.", &RedisState::Figures::sessions);
    of_redis("fenfen_redis_restored", "Transactions that Redis lacked and the journal gave back.", &RedisState::Figures::restored);
    of_redis("fenfen_redis_swept", "Transactions that only Redis had and the journal took.", &RedisState::Figures::swept);
  }
  if (!snapshotter_) return;
  metrics.AddGauge("fenfen_snapshot_time_seconds", "When the last snapshot was begun, since 1970; 0 before the first of this run.",
                   [this] { return absl::ToDoubleSeconds(snapshotter_->stats().time - absl::UnixEpoch()); });
  metrics.AddGauge("fenfen_snapshot_duration_seconds", "How long the last snapshot took.",
                   [this] { return absl::ToDoubleSeconds(snapshotter_->stats().duration); });
  metrics.AddGauge("fenfen_snapshot_bytes", "The last snapshot's size.",
                   [this] { return static_cast<double>(snapshotter_->stats().bytes); });
  metrics.AddGauge("fenfen_snapshots_failed", "Snapshots that could not be written since the start.",
                   [this] { return static_cast<double>(snapshotter_->stats().failed); });
}

}  // namespace fenfen::server
