// PostgresJournal: the Journal in a PostgreSQL database (docs/formats/postgres.md), for any number of servers at once.
//
//   Append → queue → [writer] one transaction for everything queued (group_writer.h) → [teller] each `done`
//
// Batching adapts by itself: what arrives while one group is being committed is the next group; when idle, a lone entry goes at once. While
// a group's rows are being made and sent, the server is already writing them, so a second connection would gain nothing: it would wait for
// the first one's locks.
//
// What can go wrong, and what then happens:
// - The server is gone, restarts, fails over, is silent, full, or takes no writes: Admit refuses with a retry delay, and the writer
// connects
//   again, at growing distances, to whichever host of the connection string takes writes. What was queued is kept and written then. Whether
//   a commit came through whose answer did not is seen from what is there (group_writer.h).
// - A server answers that has another journal, or lacks entries that were acknowledged (a standby that lagged): it is not written to,
// `report`
//   says so, and it is as if none had answered.
// - An entry is there already with the same bytes: another server took it from the outbox. It is durable, and told so: with OK, or, where
// it
//   was given another record time, with ALREADY_EXISTS.
// - An entry is there with other bytes, its request key belongs to another entry, or its bytes are no transaction: its partition is not
//   written any more by this journal, entries of it fail with JOURNAL_FAILED, and `report` says "second history". The others go on.
// - The entry before it is not there: another server has it and may be about to write it, or was killed; `on_gap` lets the State look. It
// is
//   held back for `gap_patience`, meanwhile others overtake it; then it fails with JOURNAL_FAILED, and whoever appends the missing one may
//   append it again. So a partition's entries may be appended in any order.
// - Its term is over (Claim): it was committed in a State that is no longer the right one. It fails with OUTCOME_UNKNOWN, since the State's
//   repair may have journaled it, or may yet: the same request key tells. `on_gap` is told too. Its partition goes on.
//
// LastDurable is what this process knows: other servers may be further. ReadHeads asks.
//
// Thread-safe. The destructor makes everything appended durable first, or fails it after `close_patience`.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/core/limits.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/postgres/group_writer.h"
#include "ledger/journal/postgres/pg_connection.h"
#include "ledger/journal/postgres/postgres_session.h"
#include "ledger/journal/postgres/session_pool.h"
#include "ledger/journal/postgres/writer_lock.h"
#include "ledger/journal/teller.h"

namespace fenfen {

struct PostgresJournalOptions {
  PostgresSessionOptions session;
  // Who else may write. The only writer is refused while others write, and the other way round; it knows no terms.
  Writers writers = Writers::kUnchecked;
  // The limits; smaller only in tests. A group takes whole calls of AppendAll, so it may exceed its limit by one call.
  size_t transaction_bytes_max = limits::kTransactionBytesMax;
  size_t group_bytes_max = limits::kJournalGroupBytesMax;
  size_t group_entries_max = 4096;
  size_t queue_bytes_max = limits::kJournalQueueBytesMax;
  // Between attempts to connect: doubled from the first to the second.
  absl::Duration reconnect_delay_min = absl::Milliseconds(20);
  absl::Duration reconnect_delay_max = absl::Seconds(2);
  absl::Duration gap_patience = absl::Seconds(10);
  // How long a gap stays until `on_gap` is told: mostly the server that has the missing entry is just about to write it.
  absl::Duration gap_grace = absl::Milliseconds(50);
  absl::Duration close_patience = absl::Seconds(10);
  // Told why, once each time: the server is lost or cannot be used, it is back (OK), a partition is given up, a gap stayed, a term was
  // over. On the journal's threads; must be short.
  std::function<void(const absl::Status&)> report = [](const absl::Status&) {};
  // Told, once each time, that an entry of the partition waits for one before it, or is of a term that is over: the State must look after
  // the partition. On the writer's thread; must be short and must not wait for the journal.
  std::function<void(PartitionId)> on_gap = [](PartitionId) {};
};

struct PostgresJournalMetrics {
  uint64_t groups = 0;
  uint64_t entries = 0;
  uint64_t bytes = 0;        // of entries
  uint64_t connections = 0;  // opened by the writer
  uint64_t queued_bytes = 0;
  uint64_t partitions_stopped = 0;
  uint64_t stale = 0;  // entries refused because their term was over
  uint64_t gaps = 0;   // times that an entry waited for one before it
  bool connected = false;
};

class PostgresJournal final : public Journal {
 public:
  // Connects and brings the schema up to date, making it where there is none. Errors are as OpenPostgresSession's, Migrate's and
  // CheckRights' say.
  static absl::StatusOr<std::unique_ptr<PostgresJournal>> Open(PostgresJournalOptions options);
  ~PostgresJournal() override;

  // Besides what the interface says: STORE_UNAVAILABLE while there is no server that takes writes, STORAGE_FULL while its disk is full.
  absl::Status Admit() override;
  // In any order within a partition.
  void AppendAll(std::vector<JournalEntry> entries, Done done) override;
  // JOURNAL_FAILED if any append failed since the journal was opened, but for those whose term was over.
  absl::Status Flush() override;
  // Read, Locate and Replay: UNAVAILABLE where the server cannot be asked. Replay says FAILED_PRECONDITION, naming the file and how to have
  // it back, before it visits anything where the first of a partition's entries is archived. A place is a table, the entry's `position` in
  // it, and the checksum of its bytes.
  absl::StatusOr<JournalEntry> Read(PartitionId partition, PartitionSeq seq) override;
  absl::StatusOr<JournalPlace> Locate(PartitionId partition, PartitionSeq seq) override;
  using Journal::Replay;
  absl::Status Replay(const SequenceVector& after, Visitor visitor) override;
  absl::Status ReplayBatches(const SequenceVector& after, BatchVisitor visitor) override;
  PartitionSeq LastDurable(PartitionId partition) const override;
  uint64_t Id() const override { return id_; }

  // UNAVAILABLE where the server cannot be asked; for Claim also where its standby did not confirm. What was read before an error of
  // ReadRanges was visited.
  absl::StatusOr<Head> Claim(PartitionId partition) override;
  absl::StatusOr<Head> HeadOf(PartitionId partition) override;
  bool Shared() const override { return options_.writers != Writers::kSole; }
  absl::StatusOr<SequenceVector> ReadHeads() override;
  absl::Status ReadRanges(const std::vector<Range>& ranges, Visitor visitor) override;
  // STORE_UNAVAILABLE also where the standby did not confirm.
  absl::StatusOr<LeaseAnswer> TakeLease(absl::string_view name, absl::Duration time) override;
  absl::Status GiveBackLease(absl::string_view name, bool done) override;

  // What is not written by then is not waited for any longer, nor what comes later: it fails with JOURNAL_FAILED, and the same request key
  // tells whether it was written after all. For a server that is to stop, while PostgreSQL may be away; the destructor does the same.
  void GiveUpAt(absl::Time time);

  PostgresJournalMetrics Metrics() const;

 private:
  // What one call of AppendAll gave.
  struct Pending {
    std::vector<JournalEntry> entries;
    Done done;
    size_t bytes = 0;
    uint64_t number = 0;                          // of the call: 1, 2, 3…
    absl::Time give_up = absl::InfiniteFuture();  // where it waits for a gap
    bool held() const { return give_up < absl::InfiniteFuture(); }
  };
  // Why new work is refused.
  enum class Trouble : uint8_t { kNone, kUnreachable, kDiskFull };
  // An entry as stored.
  struct Stored {
    JournalEntry entry;
    JournalPlace place;
  };
  // A partition that is not written any more, from that number on.
  struct Stopped {
    uint64_t from = 0;
    std::string why;
  };

  explicit PostgresJournal(PostgresJournalOptions options)
      : options_(std::move(options)), name_(NewWriterName()), readers_(options_.session) {}

  absl::Status TakeUp(PgConnection& session);
  void LearnHead(uint16_t partition, uint64_t sequence);

  // The writer's thread.
  void WriteLoop();
  bool TakeWork();
  bool GivenUp();
  void Connect();
  void WriteGroup();
  void StopReusedKeys();
  // An entry of the group, and the call that it came with.
  struct Member {
    const JournalEntry* entry;
    const Pending* whose;
  };
  std::vector<Member> Members() const;
  void Settle(const std::vector<EntryFate>& fates, const std::vector<Member>& members);
  void NoteFates(const std::vector<EntryFate>& fates, const std::vector<Member>& members);
  void RefuseStopped();
  void Tell(std::vector<Pending> told, std::vector<absl::Status> outcomes);
  void StopPartition(const JournalEntry& entry, const std::string& why);
  absl::Status CheckSameJournal(PgConnection& session);
  void ReportEnded(const PgResult& names) const;
  void LoseSession(const absl::Status& why);
  void NoteTrouble(const absl::Status& why);
  void EndTrouble();
  void FailAll();

  // An error of a session as a caller of the journal should see it: what may pass is told with a retry delay. On a full disk even reading
  // can fail, where the server must write pages out to make room for others.
  static absl::Status AsRefusal(const absl::Status& status);
  absl::StatusOr<Stored> ReadStored(PartitionId partition, PartitionSeq seq);
  absl::StatusOr<PgResult> QueryRanges(const std::vector<Range>& ranges);
  using EntryVisitor = absl::FunctionRef<absl::Status(const JournalEntryView& entry)>;
  absl::Status StreamAfter(const SequenceVector& after, EntryVisitor visitor);
  absl::Status WhyMissing(PartitionId partition, PartitionSeq last);

  absl::StatusOr<Head> HeadFrom(PartitionId partition, const absl::StatusOr<PgResult>& found);

  const PostgresJournalOptions options_;
  const std::string name_;  // of the writer's session
  uint64_t id_ = 0;         // set once, by Open

  // The writer's own.
  std::unique_ptr<PgConnection> session_;
  std::unique_ptr<GroupWriter> group_writer_;
  std::deque<Pending> group_;  // taken from the queue and not settled, in order
  std::map<uint16_t, Stopped> stopped_;
  struct Gap {
    uint64_t first;  // that is held back
    absl::Time since;
    bool told = false;
  };
  std::map<uint16_t, Gap> gaps_;              // partitions with an entry held back
  std::map<uint16_t, uint64_t> stale_terms_;  // the last term of each partition whose refusal was reported
  absl::Duration reconnect_delay_;
  absl::Duration gap_pause_;
  absl::Status reported_;  // the present trouble's reason, as reported last

  std::array<std::atomic<uint64_t>, kPartitions> last_durable_{};

  mutable absl::Mutex mutex_;
  absl::CondVar work_ ABSL_GUARDED_BY(mutex_);   // for the writer: a queue, an end
  absl::CondVar moved_ ABSL_GUARDED_BY(mutex_);  // for Flush: calls were handed to the teller
  std::deque<Pending> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;     // in the queue or the writer's group
  uint64_t calls_ ABSL_GUARDED_BY(mutex_) = 0;          // of AppendAll
  uint64_t oldest_untold_ ABSL_GUARDED_BY(mutex_) = 1;  // the first call that the teller does not have
  uint64_t handed_entries_ ABSL_GUARDED_BY(mutex_) = 0;
  Trouble trouble_ ABSL_GUARDED_BY(mutex_) = Trouble::kNone;
  bool any_failed_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time close_deadline_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  PostgresJournalMetrics metrics_ ABSL_GUARDED_BY(mutex_);

  SessionPool readers_;
  Teller teller_;
  std::thread writer_;
};

}  // namespace fenfen
