// Journal: the only truth. It keeps every transaction's bytes in the order of each partition's sequence numbers; everything else is a
// fold of it. Implementations: FileJournal (file_journal.h), PostgresJournal (postgres/postgres_journal.h).
//
// Durability contract: once `done` runs with OK, the entry survives any crash of the process or the machine. An entry whose `done` has
// not run, or ran with an error, may or may not be there after a restart; it is never there in part.
//
//   journal->Append({partition, seq, now, EncodeTransaction(t)}, [](absl::Status status) { … });
//
// Thread-safe. For one partition, Append must be called in sequence order.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ledger/core/ids.h"

namespace fenfen {

// One transaction as stored.
struct JournalEntry {
  PartitionId partition;
  PartitionSeq seq;
  absl::Time record_time;  // when the server took it, to the microsecond
  std::string bytes;       // EncodeTransaction's
  uint64_t term = 0;       // under which it was committed; not stored (Journal::Claim)
};

// One without bytes of its own.
struct JournalEntryView {
  PartitionId partition;
  PartitionSeq seq;
  absl::Time record_time;
  absl::string_view bytes;
};

// Some entries that follow one another in the journal, and the bytes that their views point into. Immutable once shared, so threads may
// each take their partitions out of it.
struct JournalBatch {
  std::string bytes;
  std::vector<JournalEntryView> entries;
};

// A sequence number for each partition: how far something is.
using SequenceVector = std::array<PartitionSeq, kPartitions>;

// Where an entry lies, for people who want to look at it with other tools.
struct JournalPlace {
  std::string segment;  // the file's name
  uint64_t offset = 0;  // of the record, in bytes
  uint32_t crc32c = 0;  // as stored
};

class Journal {
 public:
  using Done = absl::AnyInvocable<void(absl::Status) &&>;

  virtual ~Journal() = default;

  // Whether new work may begin now: OK, or a refusal with OVERLOADED (the queue is full), STORAGE_FULL, JOURNAL_FAILED (an fsync failed;
  // final until restart) or SHUTTING_DOWN. After OK, an Append of up to kTransactionBytesMax finds room; so a transaction is never
  // committed to the State that the journal then cannot take.
  virtual absl::Status Admit() = 0;

  // Queues the entries, at least one, and returns; never blocks on the disk. `done`, short and calling neither Append nor Flush, runs once
  // on a thread of the journal's, in the order of the appends: with OK once all are durable; JOURNAL_FAILED; or, if Shared,
  // OUTCOME_UNKNOWN, or ALREADY_EXISTS where all are durable, but one by another server's hand, whose record time counts.
  virtual void AppendAll(std::vector<JournalEntry> entries, Done done) = 0;
  void Append(JournalEntry entry, Done done);

  // For a lone entry whose caller has nothing else to do: AppendQuietly queues as AppendAll does but wakes nobody, and Push, which must
  // follow, writes on the caller's thread where nobody else is writing and little time will pass, which saves a change of threads. `done`
  // may then run within Push; so no lock may be held that it takes.
  virtual void AppendQuietly(std::vector<JournalEntry> entries, Done done) { AppendAll(std::move(entries), std::move(done)); }
  virtual void Push() {}

  // Waits until everything appended so far is durable or failed.
  virtual absl::Status Flush() = 0;

  // The stored entry. NOT_FOUND where there is none (or it is not yet durable); ENTRY_ARCHIVED where it was moved to an archive; DATA_LOSS
  // where its bytes are damaged.
  virtual absl::StatusOr<JournalEntry> Read(PartitionId partition, PartitionSeq seq) = 0;
  virtual absl::StatusOr<JournalPlace> Locate(PartitionId partition, PartitionSeq seq) = 0;

  // Visits every entry whose sequence number is above its partition's in `after`, each partition's in sequence order, while nothing is
  // being appended. Stops at the visitor's first error and returns it. DATA_LOSS naming file and offset where a record is damaged or a
  // sequence number is missing or repeated; FAILED_PRECONDITION where some of these entries are archived. What lies before the first entry
  // to visit is not checked.
  using Visitor = absl::FunctionRef<absl::Status(JournalEntry entry)>;
  virtual absl::Status Replay(const SequenceVector& after, Visitor visitor) = 0;
  // Every entry.
  absl::Status Replay(Visitor visitor) { return Replay(SequenceVector{}, visitor); }

  // The same in batches, in the journal's order, none of them empty. Reading and checking goes on in another thread meanwhile, some batches
  // ahead. `visitor` runs on the caller's thread and may pass the batch on, to one thread for each share of the partitions.
  using BatchVisitor = absl::FunctionRef<absl::Status(std::shared_ptr<const JournalBatch> batch)>;
  virtual absl::Status ReplayBatches(const SequenceVector& after, BatchVisitor visitor);

  // The last durable sequence number of a partition; 0 for none.
  virtual PartitionSeq LastDurable(PartitionId partition) const = 0;

  // For a journal that several processes write, each of which may believe that a partition's State is the right one. Claim begins a new
  // term of the partition: from then on a new entry of an older term is refused. What a stored entry says counts whatever its term was.
  // Where one process alone writes, nobody can come between and there is one term, 0.
  struct Head {
    uint64_t term = 0;
    PartitionSeq last;  // durable, whoever wrote it
  };
  virtual absl::StatusOr<Head> Claim(PartitionId partition) { return HeadOf(partition); }
  // The present term, and how far the partition is, as all who write it see it.
  virtual absl::StatusOr<Head> HeadOf(PartitionId partition) { return Head{0, LastDurable(partition)}; }

  // True where other processes may write it too. Then what this one appended is not all there is, and it may lie behind what another one
  // has yet to append; the rest is found by ReadHeads and ReadRanges.
  virtual bool Shared() const { return false; }
  // How far each partition is now, whoever wrote it; LastDurable knows it from then on.
  virtual absl::StatusOr<SequenceVector> ReadHeads();
  // Some entries of one partition, from `first` to `last`.
  struct Range {
    PartitionId partition;
    PartitionSeq first;
    PartitionSeq last;
  };
  // Visits those entries of the ranges that are durable, each partition's in sequence order; what is not there yet is left out. Stops at
  // the visitor's first error and returns it.
  virtual absl::Status ReadRanges(const std::vector<Range>& ranges, Visitor visitor);

  // Leases, for work that one of several servers is to do (ledger/engine/timers.h): a lease is a name that at most one of the journal's
  // writers has, until a time by the journal's own clock. This one takes it for `time` from now, or longer where it has it already; not
  // granted while another has it. UNAVAILABLE, and no lease, where the journal cannot be asked. Where one process alone writes, the
  // journal itself is its lease, and it is always granted.
  //
  // A holder may believe in its lease for `time` from before it asked, by a clock that does not jump. It may still be paused and go on
  // later, when another has it: what is done under a lease must come to the same if two do it.
  struct LeaseAnswer {
    bool granted = false;
    uint64_t fence = 1;                                    // counts the holders of the name
    absl::Duration since_done = absl::InfiniteDuration();  // what GiveBackLease was told; infinite for never, or not known
    std::string holder;                                    // who has it, for people, where it is not granted
    absl::Duration left;                                   // how long, unless he takes it for longer
  };
  virtual absl::StatusOr<LeaseAnswer> TakeLease(absl::string_view name, absl::Duration time);
  // Gives it up for others to take, if this one has it. `done`: what it was for is done, from which `since_done` counts.
  virtual absl::Status GiveBackLease(absl::string_view name, bool done);

  // What tells this journal from every other, never 0: what is derived from a journal names it.
  virtual uint64_t Id() const { return 1; }
};

inline void Journal::Append(JournalEntry entry, Done done) {
  std::vector<JournalEntry> entries;
  entries.push_back(std::move(entry));
  AppendAll(std::move(entries), std::move(done));
}

}  // namespace fenfen
