#include "ledger/engine/engine.h"

#include <memory>
#include <utility>

#include "absl/synchronization/notification.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen {

Engine::Engine(State& state, Journal& journal, const Clock& clock, std::vector<Projection*> projections)
    : state_(state), journal_(journal), clock_(clock), projections_(std::move(projections)) {}

absl::Status Engine::Start() {
  return journal_.Replay([this](JournalEntry entry) -> absl::Status {
    absl::StatusOr<Transaction> transaction = DecodeTransaction(entry.bytes);
    if (!transaction.ok()) return transaction.status();
    if (absl::Status status = state_.Apply(entry.partition, entry.seq, *transaction); !status.ok()) return status;
    const CommittedTransaction committed{entry.partition, entry.seq, entry.record_time, *std::move(transaction)};
    for (Projection* projection : projections_) projection->Apply(committed);
    MarkDurable(entry.partition, entry.seq, absl::OkStatus());
    return absl::OkStatus();
  });
}

// The write path. A crash before the append leaves nothing; after it, the client's retry with the same key finds either nothing or the
// whole transaction.
void Engine::Submit(Command command, Done done) {
  if (stopping_.load(std::memory_order_relaxed)) {
    return std::move(done)(RefuseUntil(Reason::REASON_SHUTTING_DOWN, limits::kRetryDelayWhenBusy));
  }
  // Asked before the State changes, so that whatever is committed also finds room in the journal.
  if (absl::Status admitted = journal_.Admit(); !admitted.ok()) return std::move(done)(admitted);
  const PartitionId partition = command.partition;
  state_.Execute(
      partition, command.reads, command.key, command.fingerprint, std::move(command.decide),
      [this, partition, fingerprint = command.fingerprint, done = std::move(done)](absl::StatusOr<ExecuteResult> result) mutable {
        if (!result.ok()) return std::move(done)(result.status());
        if (auto* committed = std::get_if<Committed>(&*result)) {
          return AppendCommitted(partition, std::move(*committed), std::move(done));
        }
        ReplyWithStored(partition, std::get<Replayed>(*result).seq, fingerprint, std::move(done));
      });
}

// Runs in the partition's order (State's contract), so the journal gets the partition's transactions in the order of their numbers.
void Engine::AppendCommitted(PartitionId partition, Committed committed, Done done) {
  auto placed = std::make_unique<CommittedTransaction>(
      CommittedTransaction{partition, committed.seq, clock_.Now(), std::move(committed.transaction)});
  JournalEntry entry{partition, placed->seq, placed->record_time, EncodeTransaction(placed->transaction)};
  journal_.Append(std::move(entry), [this, placed = std::move(placed), done = std::move(done)](absl::Status status) mutable {
    // Projections come before the reply, so that whoever got the reply finds its effect in them.
    if (status.ok()) {
      for (Projection* projection : projections_) projection->Apply(*placed);
    }
    MarkDurable(placed->partition, placed->seq, status);
    if (!status.ok()) return std::move(done)(status);
    std::move(done)(Outcome{std::move(*placed), false});
  });
}

// The key's first use may still be on its way to the disk: its repetition waits for it.
void Engine::ReplyWithStored(PartitionId partition, PartitionSeq seq, uint64_t fingerprint, Done done) {
  WhenDurable(partition, seq, [this, partition, seq, fingerprint, done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) return std::move(done)(status);
    absl::StatusOr<CommittedTransaction> stored = Load(partition, seq);
    if (!stored.ok()) return std::move(done)(stored.status());
    // A State may have compared less than the whole.
    if (stored->transaction.fingerprint != fingerprint) return std::move(done)(Refuse(Reason::REASON_REQUEST_ID_REUSED, {}, "request_id"));
    std::move(done)(Outcome{*std::move(stored), true});
  });
}

void Engine::Read(PartitionId partition, absl::FunctionRef<void(const View&)> reader, absl::AnyInvocable<void(absl::Status) &&> done) {
  PartitionSeq seen;
  state_.Read(partition, [&](const View& view, PartitionSeq last) {
    reader(view);
    seen = last;
  });
  WhenDurable(partition, seen, std::move(done));
}

void Engine::MarkDurable(PartitionId partition, PartitionSeq seq, const absl::Status& status) {
  Durability& durability = durability_[partition.value()];
  std::vector<Waiter> ready;
  {
    absl::MutexLock lock(&durability.mutex);
    if (status.ok()) {
      durability.durable = seq;
    } else {
      durability.failure = status;
    }
    for (size_t i = 0; i < durability.waiters.size();) {
      if (status.ok() && durability.waiters[i].seq > seq) {
        ++i;
        continue;
      }
      ready.push_back(std::move(durability.waiters[i]));
      if (i + 1 != durability.waiters.size()) durability.waiters[i] = std::move(durability.waiters.back());
      durability.waiters.pop_back();
    }
  }
  for (Waiter& waiter : ready) std::move(waiter.done)(status);
}

void Engine::WhenDurable(PartitionId partition, PartitionSeq seq, absl::AnyInvocable<void(absl::Status) &&> done) {
  Durability& durability = durability_[partition.value()];
  absl::Status status;
  {
    absl::MutexLock lock(&durability.mutex);
    if (durability.durable < seq) {
      if (durability.failure.ok()) {
        durability.waiters.push_back({seq, std::move(done)});
        return;
      }
      status = durability.failure;
    }
  }
  std::move(done)(status);
}

absl::StatusOr<CommittedTransaction> Engine::Load(PartitionId partition, PartitionSeq seq) const {
  absl::StatusOr<JournalEntry> entry = journal_.Read(partition, seq);
  if (absl::IsNotFound(entry.status())) return Refuse(Reason::REASON_ENTRY_UNKNOWN);
  if (!entry.ok()) return entry.status();
  absl::StatusOr<Transaction> transaction = DecodeTransaction(entry->bytes);
  if (!transaction.ok()) return transaction.status();
  return CommittedTransaction{partition, seq, entry->record_time, *std::move(transaction)};
}

absl::StatusOr<JournalPlace> Engine::Locate(PartitionId partition, PartitionSeq seq) const { return journal_.Locate(partition, seq); }

absl::StatusOr<Outcome> Engine::SubmitAndWait(Command command) {
  absl::StatusOr<Outcome> result;
  absl::Notification finished;
  Submit(std::move(command), [&](absl::StatusOr<Outcome> outcome) {
    result = std::move(outcome);
    finished.Notify();
  });
  finished.WaitForNotification();
  return result;
}

absl::Status Engine::ReadAndWait(PartitionId partition, absl::FunctionRef<void(const View&)> reader) {
  absl::Status result;
  absl::Notification finished;
  Read(partition, reader, [&](absl::Status status) {
    result = std::move(status);
    finished.Notify();
  });
  finished.WaitForNotification();
  return result;
}

absl::StatusOr<State::Digest> Engine::DigestOf(PartitionId partition) {
  absl::StatusOr<State::Digest> digest = state_.DigestOf(partition);
  if (!digest.ok()) return digest;
  absl::Status durable;
  absl::Notification finished;
  WhenDurable(partition, digest->seq, [&](absl::Status status) {
    durable = std::move(status);
    finished.Notify();
  });
  finished.WaitForNotification();
  if (!durable.ok()) return durable;
  return digest;
}

absl::Status Engine::Stop() {
  stopping_.store(true);
  return journal_.Flush();
}

}  // namespace fenfen
