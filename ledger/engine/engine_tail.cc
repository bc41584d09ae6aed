#include "ledger/engine/engine_tail.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"

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
  absl::StatusOr<std::string> bytes = entries_.Read(partition, seq);
  if (bytes.ok()) return bytes;
  const Refusal refusal = RefusalOf(bytes.status());
  if (refusal.reason != Reason::REASON_ENTRY_ARCHIVED) return bytes;
  // For whoever runs the server, who can mend it; then the State goes on by itself.
  std::string file;
  for (const auto& [name, value] : refusal.facts) file += name == "file" ? value : "";
  return absl::FailedPreconditionError(absl::StrCat("partition ", partition.value(), " is to be restored from transaction ", seq.value(),
                                                    " on, which is archived: fenfenctl journal restore brings it back from ", file));
}

absl::Status EngineTail::Append(PartitionId partition, uint64_t term, PartitionSeq first, std::vector<std::string> transactions) {
  const absl::StatusOr<Engine*> engine = Attached();
  if (!engine.ok()) return engine.status();
  return (*engine)->Adopt(partition, term, first, std::move(transactions));
}

}  // namespace fenfen
