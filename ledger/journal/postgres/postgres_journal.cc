#include "ledger/journal/postgres/postgres_journal.h"

#include <sys/random.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/journal/postgres/migrations.h"

namespace fenfen {
namespace {

constexpr absl::Duration kRetryDelayWhenUnreachable = absl::Seconds(1);
constexpr absl::Duration kRetryDelayWhenFull = absl::Seconds(1);
// How often an idle session is looked at.
constexpr absl::Duration kIdleCheck = absl::Milliseconds(500);
// Before an entry behind a gap is tried again: doubled from the first to the second. A try waits by itself for whoever is writing the
// partition, since he has its lock.
constexpr absl::Duration kGapPauseMin = absl::Milliseconds(1);
constexpr absl::Duration kGapPauseMax = absl::Milliseconds(10);

// The journal's id; made, once, by whoever comes first.
absl::StatusOr<uint64_t> FindOrMakeId(PgConnection& session) {
  int64_t fresh = 0;
  while (fresh == 0) {
    if (::getrandom(&fresh, sizeof fresh, 0) != sizeof fresh) return absl::ErrnoToStatus(errno, "getrandom");
  }
  absl::StatusOr<PgResult> found = session.Query("SELECT id FROM fenfen.journal");
  if (found.ok() && found->rows() == 0) {
    found = session.Query("INSERT INTO fenfen.journal (id) VALUES ($1::bigint) ON CONFLICT DO NOTHING", {absl::StrCat(fresh)});
    if (found.ok()) found = session.Query("SELECT id FROM fenfen.journal");
  }
  if (!found.ok()) return found.status();
  return static_cast<uint64_t>(found->Int(0, 0));
}

}  // namespace

// --- Opening and closing.

absl::StatusOr<std::unique_ptr<PostgresJournal>> PostgresJournal::Open(PostgresJournalOptions options) {
  std::unique_ptr<PostgresJournal> journal(new PostgresJournal(std::move(options)));
  absl::StatusOr<std::unique_ptr<PgConnection>> session = OpenPostgresSession(journal->options_.session);
  if (!session.ok()) return session.status();
  if (absl::Status status = Migrate(**session, Migrations()); !status.ok()) return status;
  // A server that was killed may take a moment to be gone for PostgreSQL too.
  const absl::Duration patience = journal->options_.session.timeout;
  if (absl::Status status = TakeWriterLock(**session, journal->options_.writers, journal->name_, patience); !status.ok()) return status;
  if (absl::Status status = journal->TakeUp(**session); !status.ok()) return status;
  journal->group_writer_ = std::make_unique<GroupWriter>(**session, journal->Shared());
  if (absl::Status status = journal->group_writer_->Prepare(); !status.ok()) return status;
  journal->session_ = *std::move(session);
  journal->reconnect_delay_ = journal->options_.reconnect_delay_min;
  {
    absl::MutexLock held(&journal->mutex_);
    journal->metrics_.connected = true;
    journal->metrics_.connections = 1;
  }
  journal->teller_.Start();
  journal->writer_ = std::thread([j = journal.get()] { j->WriteLoop(); });
  return journal;
}

absl::Status PostgresJournal::TakeUp(PgConnection& session) {
  if (absl::Status status = CheckRights(session); !status.ok()) return status;
  const absl::StatusOr<uint64_t> id = FindOrMakeId(session);
  if (!id.ok()) return id.status();
  id_ = *id;
  const absl::StatusOr<PgResult> heads = session.Query("SELECT partition, sequence FROM fenfen.heads");
  if (!heads.ok()) return heads.status();
  for (int row = 0; row < heads->rows(); ++row) {
    LearnHead(static_cast<uint16_t>(heads->Int(row, 0)), static_cast<uint64_t>(heads->Int(row, 1)));
  }
  return absl::OkStatus();
}

PostgresJournal::~PostgresJournal() {
  GiveUpAt(absl::Now() + options_.close_patience);
  {
    absl::MutexLock held(&mutex_);
    stopping_ = true;
    work_.SignalAll();
  }
  if (writer_.joinable()) writer_.join();
  teller_.Stop();
}

void PostgresJournal::GiveUpAt(absl::Time time) {
  absl::MutexLock held(&mutex_);
  close_deadline_ = std::min(close_deadline_, time);
}

void PostgresJournal::LearnHead(uint16_t partition, uint64_t sequence) {
  std::atomic<uint64_t>& last = last_durable_[partition];
  uint64_t known = last.load(std::memory_order_relaxed);
  while (known < sequence && !last.compare_exchange_weak(known, sequence, std::memory_order_release)) {
  }
}

PartitionSeq PostgresJournal::LastDurable(PartitionId partition) const {
  return PartitionSeq(last_durable_[partition.value()].load(std::memory_order_acquire));
}

// --- Taking entries.

absl::Status PostgresJournal::Admit() {
  absl::MutexLock held(&mutex_);
  if (stopping_) return RefuseUntil(Reason::REASON_SHUTTING_DOWN, limits::kRetryDelayWhenBusy);
  if (trouble_ == Trouble::kUnreachable) return RefuseUntil(Reason::REASON_STORE_UNAVAILABLE, kRetryDelayWhenUnreachable);
  if (trouble_ == Trouble::kDiskFull) return RefuseUntil(Reason::REASON_STORAGE_FULL, kRetryDelayWhenFull);
  if (queued_bytes_ >= options_.queue_bytes_max) return RefuseUntil(Reason::REASON_OVERLOADED, limits::kRetryDelayWhenBusy);
  return absl::OkStatus();
}

void PostgresJournal::AppendAll(std::vector<JournalEntry> entries, Done done) {
  FENFEN_CHECK(!entries.empty());
  size_t bytes = 0;
  for (const JournalEntry& entry : entries) {
    FENFEN_CHECK(entry.partition.value() < kPartitions && entry.seq.value() != 0 && entry.bytes.size() <= options_.transaction_bytes_max);
    bytes += entry.bytes.size() + sizeof(JournalEntry);
  }
  absl::MutexLock held(&mutex_);
  FENFEN_CHECK(!stopping_);
  queued_bytes_ += bytes;
  queue_.push_back({std::move(entries), std::move(done), bytes, ++calls_});
  if (queue_.size() == 1) work_.Signal();
}

absl::Status PostgresJournal::Flush() {
  uint64_t entries = 0;
  {
    absl::MutexLock held(&mutex_);
    const uint64_t target = calls_;
    while (oldest_untold_ <= target) moved_.Wait(&mutex_);
    entries = handed_entries_;
  }
  teller_.AwaitSettled(entries);
  absl::MutexLock held(&mutex_);
  return any_failed_ ? Refuse(Reason::REASON_JOURNAL_FAILED) : absl::OkStatus();
}

PostgresJournalMetrics PostgresJournal::Metrics() const {
  absl::MutexLock held(&mutex_);
  PostgresJournalMetrics metrics = metrics_;
  metrics.queued_bytes = queued_bytes_;
  return metrics;
}

// --- The writer.

void PostgresJournal::WriteLoop() {
  while (TakeWork()) {
    if (GivenUp()) {
      FailAll();
      continue;
    }
    // Also while idle, so that a server that went is known before work is admitted.
    if (session_ != nullptr && !session_->Alive()) LoseSession(absl::UnavailableError("PostgreSQL: the server closed the connection"));
    if (session_ == nullptr) {
      Connect();
      continue;
    }
    RefuseStopped();
    // Whether what is queued can be written shows when it is.
    if (group_.empty()) {
      EndTrouble();
    } else {
      WriteGroup();
    }
  }
}

// Fills the group from the queue; waits, a while, where there is nothing to do. False at the end.
bool PostgresJournal::TakeWork() {
  absl::MutexLock held(&mutex_);
  // Without a session it connects, but not after it has given up.
  const bool idle = session_ != nullptr || absl::Now() > close_deadline_;
  if (queue_.empty() && group_.empty() && !stopping_ && idle) work_.WaitWithTimeout(&mutex_, kIdleCheck);
  const bool only_gaps = std::all_of(group_.begin(), group_.end(), [](const Pending& pending) { return pending.held(); });
  if (!group_.empty() && only_gaps && queue_.empty()) {
    work_.WaitWithTimeout(&mutex_, gap_pause_);
    gap_pause_ = std::min(2 * gap_pause_, kGapPauseMax);
  } else {
    gap_pause_ = kGapPauseMin;
  }
  // What is held back does not count: what it waits for may be in the queue, whose limit holds for both.
  size_t bytes = 0, entries = 0;
  for (const Pending& pending : group_) {
    if (pending.held()) continue;
    bytes += pending.bytes;
    entries += pending.entries.size();
  }
  while (!queue_.empty() && (entries == 0 || (bytes < options_.group_bytes_max && entries < options_.group_entries_max))) {
    bytes += queue_.front().bytes;
    entries += queue_.front().entries.size();
    group_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return !stopping_ || !group_.empty();
}

bool PostgresJournal::GivenUp() {
  absl::MutexLock held(&mutex_);
  return absl::Now() > close_deadline_;
}

// One attempt, after the delay that is due.
void PostgresJournal::Connect() {
  {
    absl::MutexLock held(&mutex_);
    const absl::Time until = absl::Now() + reconnect_delay_;
    while (absl::Now() < until && !(stopping_ && group_.empty())) work_.WaitWithDeadline(&mutex_, until);
    if (stopping_ && group_.empty()) return;
  }
  reconnect_delay_ = std::min(2 * reconnect_delay_, options_.reconnect_delay_max);
  absl::StatusOr<std::unique_ptr<PgConnection>> session = OpenPostgresSession(options_.session);
  absl::Status status = session.status();
  std::unique_ptr<GroupWriter> group_writer;
  if (status.ok()) status = CheckSameJournal(**session);
  if (status.ok()) status = TakeWriterLock(**session, options_.writers, name_, absl::ZeroDuration());
  if (status.ok() && Shared()) {
    const PgStatement end = EndSilentWriters(name_, kSilenceMax * options_.session.timeout);
    const absl::StatusOr<PgResult> ended = (*session)->Query(end.sql, end.params);
    if (ended.ok()) ReportEnded(*ended);
    status = ended.status();
  }
  if (status.ok()) {
    group_writer = std::make_unique<GroupWriter>(**session, Shared());
    status = group_writer->Prepare();
  }
  if (!status.ok()) return NoteTrouble(status);
  session_ = *std::move(session);
  group_writer_ = std::move(group_writer);
  absl::MutexLock held(&mutex_);
  ++metrics_.connections;
  metrics_.connected = true;
}

// Names of sessions, as EndSilentWriters gives them.
void PostgresJournal::ReportEnded(const PgResult& names) const {
  for (int row = 0; row < names.rows(); ++row) {
    options_.report(absl::AbortedError(
        absl::StrCat("PostgreSQL: a writer had gone silent in the middle of a group and kept others out; its session was ended: ",
                     names.Bytes(row, 0))));
  }
}

// After a failover the server may be another: it must have this journal, and all of it that was acknowledged here.
absl::Status PostgresJournal::CheckSameJournal(PgConnection& session) {
  const absl::StatusOr<PgResult> found =
      session.Query("SELECT partition, sequence, (SELECT id FROM fenfen.journal) FROM fenfen.heads ORDER BY partition");
  if (!found.ok()) return found.status();
  for (int row = 0; row < found->rows(); ++row) {
    if (found->IsNull(row, 2) || static_cast<uint64_t>(found->Int(row, 2)) != id_) {
      return absl::FailedPreconditionError("PostgreSQL: the server that answers now has another journal; it is not written to");
    }
    const PartitionId partition(static_cast<uint16_t>(found->Int(row, 0)));
    const auto head = static_cast<uint64_t>(found->Int(row, 1));
    if (head < LastDurable(partition).value()) {
      return absl::DataLossError(
          absl::StrCat("PostgreSQL: the server that answers now lost acknowledged entries, it is not written to: partition ",
                       partition.value(), " ends with ", head, ", ", LastDurable(partition).value(), " was acknowledged"));
    }
  }
  return absl::OkStatus();
}

void PostgresJournal::EndTrouble() {
  reconnect_delay_ = options_.reconnect_delay_min;
  reported_ = absl::OkStatus();
  bool ended = false;
  {
    absl::MutexLock held(&mutex_);
    ended = std::exchange(trouble_, Trouble::kNone) != Trouble::kNone;
  }
  if (ended) options_.report(absl::OkStatus());
}

void PostgresJournal::LoseSession(const absl::Status& why) {
  group_writer_.reset();
  session_.reset();
  NoteTrouble(why);
}

// Reports each reason once, until it is another or the trouble has ended.
void PostgresJournal::NoteTrouble(const absl::Status& why) {
  {
    absl::MutexLock held(&mutex_);
    metrics_.connected = false;
    trouble_ = absl::IsResourceExhausted(why) ? Trouble::kDiskFull : Trouble::kUnreachable;
  }
  if (std::exchange(reported_, why) != why) options_.report(why);
}

}  // namespace fenfen
