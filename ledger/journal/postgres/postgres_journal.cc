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
// How often an idle session is looked at, and how often an entry behind a gap is tried again.
constexpr absl::Duration kIdleCheck = absl::Milliseconds(500);
constexpr absl::Duration kGapRetry = absl::Milliseconds(10);

absl::Status Failed(const std::string& why) { return Refuse(Reason::REASON_JOURNAL_FAILED, {{"detail", why}}); }

absl::Status OutcomeOf(const EntryFate& fate) {
  switch (fate.kind) {
    case EntryFate::Kind::kStored:
      return fate.earlier ? absl::AlreadyExistsError("another server journaled it first") : absl::OkStatus();
    case EntryFate::Kind::kStale:
      return RefuseUntil(Reason::REASON_OUTCOME_UNKNOWN, limits::kRetryDelayWhenBusy);
    case EntryFate::Kind::kWaits:
    case EntryFate::Kind::kRefused:
      break;
  }
  return Failed(fate.why);
}

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
  {
    absl::MutexLock held(&mutex_);
    stopping_ = true;
    close_deadline_ = absl::Now() + options_.close_patience;
    work_.SignalAll();
  }
  if (writer_.joinable()) writer_.join();
  teller_.Stop();
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
  if (queue_.empty() && group_.empty() && !stopping_ && session_ != nullptr) work_.WaitWithTimeout(&mutex_, kIdleCheck);
  const bool only_gaps = std::all_of(group_.begin(), group_.end(), [](const Pending& pending) { return pending.held(); });
  if (!group_.empty() && only_gaps && queue_.empty()) work_.WaitWithTimeout(&mutex_, kGapRetry);
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

// Each partition's entries in sequence order, in which they need not have been appended: another server's may have been swept meanwhile.
std::vector<PostgresJournal::Member> PostgresJournal::Members() const {
  std::vector<Member> members;
  std::array<uint64_t, kPartitions> last{};
  bool in_order = true;
  for (const Pending& pending : group_) {
    for (const JournalEntry& entry : pending.entries) {
      members.push_back({&entry, &pending});
      uint64_t& before = last[entry.partition.value()];
      in_order = in_order && before <= entry.seq.value();
      before = entry.seq.value();
    }
  }
  if (!in_order) {
    std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
      return std::pair(a.entry->partition, a.entry->seq) < std::pair(b.entry->partition, b.entry->seq);
    });
  }
  return members;
}

void PostgresJournal::WriteGroup() {
  const std::vector<Member> members = Members();
  std::vector<const JournalEntry*> entries;
  size_t bytes = 0;
  for (const Member& member : members) {
    entries.push_back(member.entry);
    bytes += member.entry->bytes.size() + sizeof(JournalEntry);
  }
  const absl::StatusOr<std::vector<EntryFate>> fates = group_writer_->Write(entries);
  if (!fates.ok()) {
    LoseSession(fates.status());
    if (absl::IsAlreadyExists(fates.status())) StopReusedKeys();
    return;
  }
  {
    absl::MutexLock held(&mutex_);
    ++metrics_.groups;
    metrics_.entries += entries.size();
    metrics_.bytes += bytes;
  }
  EndTrouble();
  NoteFates(*fates, members);
  Settle(*fates, members);
}

// Who is to know of what became of the entries, besides those who appended them.
void PostgresJournal::NoteFates(const std::vector<EntryFate>& fates, const std::vector<Member>& members) {
  std::map<uint16_t, Gap> gaps;
  std::map<uint16_t, const EntryFate*> stale;
  uint64_t stale_entries = 0, new_gaps = 0;
  for (size_t n = 0; n < fates.size(); ++n) {
    const JournalEntry& entry = *members[n].entry;
    const uint16_t partition = entry.partition.value();
    switch (fates[n].kind) {
      case EntryFate::Kind::kStored:
        LearnHead(partition, entry.seq.value());
        break;
      case EntryFate::Kind::kWaits:
        gaps.emplace(partition, Gap{entry.seq.value(), absl::Now()});
        break;
      case EntryFate::Kind::kStale:
        ++stale_entries;
        if (const auto known = stale_terms_.emplace(partition, 0).first; stale.count(partition) == 0) {
          stale[partition] = &fates[n];
          if (std::exchange(known->second, entry.term + 1) != entry.term + 1) options_.report(absl::AbortedError(fates[n].why));
        }
        break;
      case EntryFate::Kind::kRefused:
        StopPartition(entry, fates[n].why);
        break;
    }
  }
  for (auto& [partition, gap] : gaps) {
    if (const auto known = gaps_.find(partition); known != gaps_.end() && known->second.first == gap.first) gap = known->second;
    if (gap.told || absl::Now() - gap.since < options_.gap_grace) continue;
    gap.told = true;
    ++new_gaps;
    options_.on_gap(PartitionId(partition));
  }
  for (const auto& [partition, fate] : stale) options_.on_gap(PartitionId(partition));
  gaps_ = std::move(gaps);
  absl::MutexLock held(&mutex_);
  metrics_.stale += stale_entries;
  metrics_.gaps += new_gaps;
}

// A unique constraint refused the group: asks which of its request keys are taken, over a session of its own.
void PostgresJournal::StopReusedKeys() {
  Connect();
  if (session_ == nullptr) return;  // it will be refused and asked again
  std::vector<const JournalEntry*> entries;
  for (const Pending& pending : group_) {
    for (const JournalEntry& entry : pending.entries) entries.push_back(&entry);
  }
  const absl::StatusOr<std::map<size_t, std::string>> reused = group_writer_->FindReusedKeys(entries);
  if (!reused.ok()) return LoseSession(reused.status());
  for (const auto& [place, why] : *reused) StopPartition(*entries[place], why);
}

void PostgresJournal::StopPartition(const JournalEntry& entry, const std::string& why) {
  const auto [stopped, first] = stopped_.emplace(entry.partition.value(), Stopped{entry.seq.value(), why});
  stopped->second.from = std::min(stopped->second.from, entry.seq.value());
  if (!first) return;
  {
    absl::MutexLock held(&mutex_);
    ++metrics_.partitions_stopped;
  }
  options_.report(absl::DataLossError(why));
}

// Tells those that are done for, whatever the server would say.
void PostgresJournal::RefuseStopped() {
  if (stopped_.empty()) return;
  std::vector<Pending> told;
  std::vector<absl::Status> outcomes;
  std::deque<Pending> kept;
  for (Pending& pending : group_) {
    const std::string* why = nullptr;
    for (const JournalEntry& entry : pending.entries) {
      const auto stopped = stopped_.find(entry.partition.value());
      if (stopped != stopped_.end() && entry.seq.value() >= stopped->second.from) why = &stopped->second.why;
    }
    if (why == nullptr) {
      kept.push_back(std::move(pending));
      continue;
    }
    outcomes.push_back(Failed(*why));
    told.push_back(std::move(pending));
  }
  group_ = std::move(kept);
  Tell(std::move(told), std::move(outcomes));
}

// Tells the calls whose entries are all stored, or one of which never will be; the others stay in the group.
void PostgresJournal::Settle(const std::vector<EntryFate>& fates, const std::vector<Member>& members) {
  std::map<const Pending*, const EntryFate*> worst;
  for (size_t n = 0; n < fates.size(); ++n) {
    const EntryFate*& of = worst[members[n].whose];
    if (of == nullptr || std::pair(of->kind, of->earlier) < std::pair(fates[n].kind, fates[n].earlier)) of = &fates[n];
  }
  std::vector<Pending> told;
  std::vector<absl::Status> outcomes;
  std::deque<Pending> kept;
  for (Pending& pending : group_) {
    const EntryFate& fate = *worst[&pending];
    if (fate.kind == EntryFate::Kind::kWaits) {
      if (!pending.held()) pending.give_up = absl::Now() + options_.gap_patience;
      if (absl::Now() < pending.give_up) {
        kept.push_back(std::move(pending));
        continue;
      }
      options_.report(absl::AbortedError(fate.why));
    }
    outcomes.push_back(OutcomeOf(fate));
    told.push_back(std::move(pending));
  }
  group_ = std::move(kept);
  Tell(std::move(told), std::move(outcomes));
}

// The journal is closing and the server did not come back.
void PostgresJournal::FailAll() {
  std::vector<Pending> told(std::make_move_iterator(group_.begin()), std::make_move_iterator(group_.end()));
  group_.clear();
  std::vector<absl::Status> outcomes(told.size(), Failed("the journal was closed while PostgreSQL could not be reached"));
  Tell(std::move(told), std::move(outcomes));
}

// Hands the calls to the teller, in runs of one outcome.
void PostgresJournal::Tell(std::vector<Pending> told, std::vector<absl::Status> outcomes) {
  for (size_t begin = 0; begin < told.size();) {
    std::vector<Done> dones;
    uint64_t entries = 0;
    size_t bytes = 0;
    size_t end = begin;
    for (; end < told.size() && outcomes[end] == outcomes[begin]; ++end) {
      entries += told[end].entries.size();
      bytes += told[end].bytes;
      dones.push_back(std::move(told[end].done));
    }
    {
      absl::MutexLock held(&mutex_);
      queued_bytes_ -= bytes;
      if (!outcomes[begin].ok() && RefusalOf(outcomes[begin]).reason == Reason::REASON_JOURNAL_FAILED) any_failed_ = true;
    }
    // A lone answer is told by this thread, which saves waking the teller's.
    const bool alone = told.size() == 1 && group_.empty();
    teller_.Tell(std::move(dones), outcomes[begin], entries, alone);
    absl::MutexLock held(&mutex_);
    handed_entries_ += entries;
    begin = end;
  }
  absl::MutexLock held(&mutex_);
  oldest_untold_ = !group_.empty() ? group_.front().number : queue_.empty() ? calls_ + 1 : queue_.front().number;
  moved_.SignalAll();
}

}  // namespace fenfen
