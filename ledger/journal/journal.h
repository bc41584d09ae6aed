// Journal: the only truth. It keeps every transaction's bytes in the order of each partition's sequence numbers; everything else is a
// fold of it. Implementations: FileJournal (file_journal.h).
//
// Durability contract: once `done` runs with OK, the entry survives any crash of the process or the machine. An entry whose `done` has
// not run, or ran with an error, may or may not be there after a restart; it is never there in part.
//
//   journal->Append({partition, seq, now, EncodeTransaction(t)}, [](absl::Status status) { … });
//
// Thread-safe. For one partition, Append must be called in sequence order.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/core/ids.h"

namespace fenfen {

// One transaction as stored.
struct JournalEntry {
  PartitionId partition;
  PartitionSeq seq;
  absl::Time record_time;  // when the server took it, to the microsecond
  std::string bytes;       // EncodeTransaction's
};

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

  // Queues the entries, at least one, and returns; never blocks on the disk. `done` runs exactly once, on the journal's thread, in the
  // order of the appends: with OK once all the entries are durable, or with JOURNAL_FAILED. It must be short and must not call Append or
  // Flush.
  virtual void AppendAll(std::vector<JournalEntry> entries, Done done) = 0;
  void Append(JournalEntry entry, Done done);

  // Waits until everything appended so far is durable or failed.
  virtual absl::Status Flush() = 0;

  // The stored entry. NOT_FOUND where there is none (or it is not yet durable); DATA_LOSS where its bytes are damaged.
  virtual absl::StatusOr<JournalEntry> Read(PartitionId partition, PartitionSeq seq) = 0;
  virtual absl::StatusOr<JournalPlace> Locate(PartitionId partition, PartitionSeq seq) = 0;

  // Visits every entry, each partition's in sequence order, while nothing is being appended. Stops at the visitor's first error and returns
  // it. DATA_LOSS naming file and offset where a record is damaged or a sequence number is missing or repeated.
  virtual absl::Status Replay(absl::FunctionRef<absl::Status(JournalEntry entry)> visitor) = 0;

  // The last durable sequence number of a partition; 0 for none.
  virtual PartitionSeq LastDurable(PartitionId partition) const = 0;
};

inline void Journal::Append(JournalEntry entry, Done done) {
  std::vector<JournalEntry> entries;
  entries.push_back(std::move(entry));
  AppendAll(std::move(entries), std::move(done));
}

}  // namespace fenfen
