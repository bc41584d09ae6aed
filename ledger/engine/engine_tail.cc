#include "ledger/engine/engine_tail.h"

#include <utility>

namespace fenfen {

void EngineTail::Attach(Engine& engine) {
  absl::MutexLock lock(&mutex_);
  engine_ = &engine;
}

absl::StatusOr<Engine*> EngineTail::Attached() const {
  absl::MutexLock lock(&mutex_);
  if (engine_ == nullptr) return absl::UnavailableError("the engine has not started");
  return engine_;
}

// What the State has told is in the journal's queue, since the engine appends before `done` returns.
absl::StatusOr<PartitionSeq> EngineTail::Settle(PartitionId partition) {
  if (const absl::StatusOr<Engine*> engine = Attached(); !engine.ok()) return engine.status();
  const absl::Status flushed = journal_.Flush();
  if (!journal_.Shared()) return flushed.ok() ? absl::StatusOr<PartitionSeq>(journal_.LastDurable(partition)) : flushed;
  // What could not be journaled, of whatever partition and however long ago, is told: either others journaled it, or it is in the outbox.
  const absl::StatusOr<Journal::Head> head = journal_.HeadOf(partition);
  if (!head.ok()) return head.status();
  return head->last;
}

absl::StatusOr<JournalTail::Head> EngineTail::Claim(PartitionId partition) {
  if (const absl::StatusOr<Engine*> engine = Attached(); !engine.ok()) return engine.status();
  const absl::StatusOr<Journal::Head> head = journal_.Claim(partition);
  if (!head.ok()) return head.status();
  return Head{head->term, head->last};
}

absl::StatusOr<JournalTail::Head> EngineTail::HeadOf(PartitionId partition) {
  if (const absl::StatusOr<Engine*> engine = Attached(); !engine.ok()) return engine.status();
  const absl::StatusOr<Journal::Head> head = journal_.HeadOf(partition);
  if (!head.ok()) return head.status();
  return Head{head->term, head->last};
}

absl::StatusOr<std::string> EngineTail::Read(PartitionId partition, PartitionSeq seq) {
  absl::StatusOr<JournalEntry> entry = journal_.Read(partition, seq);
  if (!entry.ok()) return entry.status();
  return std::move(entry->bytes);
}

absl::Status EngineTail::Append(PartitionId partition, uint64_t term, PartitionSeq first, std::vector<std::string> transactions) {
  const absl::StatusOr<Engine*> engine = Attached();
  if (!engine.ok()) return engine.status();
  return (*engine)->Adopt(partition, term, first, std::move(transactions));
}

}  // namespace fenfen
