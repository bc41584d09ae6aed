#include "ledger/engine/engine.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/core/prefetch.h"

namespace fenfen {

Engine::Engine(State& state, Journal& journal, const Clock& clock, std::vector<Projection*> projections)
    : state_(state),
      journal_(journal),
      clock_(clock),
      projections_(std::move(projections)),
      outside_(state.AnswersAtOnce() ? nullptr : std::make_unique<Outside>()) {}

absl::Status Engine::Start(const RecoveryOptions& options, FollowerOptions follow) {
  absl::StatusOr<RecoveryReport> report = Recovery(state_, journal_, projections_, options).Run();
  if (!report.ok()) return report.status();
  recovery_ = *std::move(report);
  for (uint16_t p = 0; p < kPartitions; ++p) MarkDurable(PartitionId(p), recovery_.sequences[p], absl::OkStatus());
  if (journal_.Shared()) {
    follower_ = std::make_unique<Follower>(journal_, projections_, durability_, recovery_.sequences, std::move(follow));
  }
  return absl::OkStatus();
}

// What one call of SubmitAll has under way.
struct Engine::Batch {
  Batch(size_t commands, AllDone all_done) : outcomes(commands), order(commands), waiting(commands + 1), done(std::move(all_done)) {}

  // A command whose key had its effect before.
  struct Repetition {
    uint32_t command;
    PartitionId partition;
    PartitionSeq seq;
  };

  std::vector<absl::StatusOr<Outcome>> outcomes;  // each written once, before it is settled
  std::vector<Identity> identities;
  std::vector<uint32_t> order;    // the commands by partition
  std::atomic<size_t> executing;  // parts, and SubmitAll itself
  std::atomic<size_t> waiting;    // commands not settled, and one until all are executed
  // All at the places of the order before this are committed: nobody writes their outcomes until they are durable.
  std::atomic<uint32_t> whole{0};
  AllDone done;
  bool quiet = false;  // SubmitAll pushes the journal itself
  absl::Mutex mutex;
  std::vector<Repetition> repetitions ABSL_GUARDED_BY(mutex);
};

// The write path. A crash before the append leaves nothing; after it, the client's retry with the same key finds either nothing or the
// whole transaction.
void Engine::SubmitAll(std::vector<Command> commands, AllDone done) {
  FENFEN_CHECK(!commands.empty() && commands.size() <= limits::kCommandsMax);
  const auto batch = std::make_shared<Batch>(commands.size(), std::move(done));
  const std::vector<Part> parts = OrderByPartition(commands, *batch);
  batch->executing = parts.size() + 1;
  batch->quiet = commands.size() == 1 && state_.AnswersAtOnce();
  for (const Part& part : parts) Execute(batch, part, commands);
  Executed(batch);
  if (batch->quiet) journal_.Push();
}

// A counting sort: the order within a partition stays.
std::vector<Engine::Part> Engine::OrderByPartition(const std::vector<Command>& commands, Batch& batch) {
  if (commands.size() == 1) {
    batch.identities = {{commands.front().key, commands.front().fingerprint}};
    batch.order = {0};
    return {{commands.front().partition, 0, 1}};
  }
  std::array<uint32_t, kPartitions + 1> begins{};
  for (const Command& command : commands) ++begins[command.partition.value() + 1u];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::array<uint32_t, kPartitions + 1> next = begins;
  batch.identities.resize(commands.size());
  for (uint32_t i = 0; i < commands.size(); ++i) {
    batch.order[next[commands[i].partition.value()]++] = i;
    batch.identities[i] = {commands[i].key, commands[i].fingerprint};
  }
  std::vector<Part> parts;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    for (uint32_t at = begins[p]; at < begins[p + 1u]; at += limits::kExecuteMax) {
      parts.push_back({PartitionId(p), at, std::min<uint32_t>(at + limits::kExecuteMax, begins[p + 1u])});
    }
  }
  return parts;
}

void Engine::Execute(const SharedBatch& batch, Part part, std::vector<Command>& commands) {
  // Asked before the State changes, so that whatever is committed also finds room in the journal.
  const absl::Status admitted =
      stopping_.load(std::memory_order_relaxed) ? RefuseUntil(Reason::REASON_SHUTTING_DOWN, limits::kRetryDelayWhenBusy) : journal_.Admit();
  if (!admitted.ok()) {
    for (uint32_t at = part.begin; at < part.end; ++at) batch->outcomes[batch->order[at]] = admitted;
    Settle(*batch, part.end - part.begin);
    return Executed(batch);
  }
  std::vector<State::Work> works;
  works.reserve(part.end - part.begin);
  for (uint32_t at = part.begin; at < part.end; ++at) {
    Command& command = commands[batch->order[at]];
    works.push_back({command.key, command.fingerprint, std::move(command.reads), std::move(command.decide)});
  }
  state_.Execute(part.partition, std::move(works),
                 [this, batch, part](std::vector<absl::StatusOr<ExecuteResult>> results) { TakeResults(batch, part, std::move(results)); });
}

// Runs in the partition's order (State's contract), so the journal gets the partition's transactions in the order of their numbers.
void Engine::TakeResults(const SharedBatch& batch, Part part, std::vector<absl::StatusOr<ExecuteResult>> results) {
  const absl::Time now = clock_.Now();
  std::vector<JournalEntry> entries;
  entries.reserve(results.size());
  Part committed{part.partition, part.begin, part.begin};
  for (uint32_t i = 0; i < results.size(); ++i) {
    constexpr uint32_t kAhead = 2;
    if (i + kAhead < results.size()) PrefetchWhole(batch->outcomes[batch->order[part.begin + i + kAhead]]);
    const uint32_t command = batch->order[part.begin + i];
    absl::StatusOr<ExecuteResult>& result = results[i];
    if (!result.ok()) {
      batch->outcomes[command] = result.status();
    } else if (auto* repeated = std::get_if<Replayed>(&*result)) {
      absl::MutexLock lock(&batch->mutex);
      batch->repetitions.push_back({command, part.partition, repeated->seq});
    } else {
      auto& fresh = std::get<Committed>(*result);
      entries.push_back({part.partition, fresh.seq, now, EncodeTransaction(fresh.transaction), fresh.term});
      batch->outcomes[command] = Outcome{{part.partition, fresh.seq, now, std::move(fresh.transaction)}, false};
      // The part's stretch of the order has no other use any more: it becomes the list of what is committed.
      batch->order[committed.end++] = command;
    }
  }
  if (uint32_t begin = part.begin; committed.end == part.end) batch->whole.compare_exchange_strong(begin, part.end);
  size_t refused = 0;
  for (const auto& result : results) refused += result.ok() ? 0 : 1;
  if (!entries.empty()) {
    if (follower_ != nullptr) follower_->NoteAppended(part.partition, entries.back().seq);
    Journal::Done done = [this, batch, committed](const absl::Status& status) { TakeDurable(batch, committed, status); };
    if (batch->quiet) {
      journal_.AppendQuietly(std::move(entries), std::move(done));
    } else {
      journal_.AppendAll(std::move(entries), std::move(done));
    }
  }
  if (outside_ == nullptr) return Told(batch, refused);
  outside_->Run([this, batch, refused] { Told(batch, refused); });
}

// The callers of what was refused get their answer, outside the State: SubmitAll itself keeps the last answer back where the State answers
// at once.
void Engine::Told(const SharedBatch& batch, size_t refused) {
  Settle(*batch, refused);
  Executed(batch);
}

// A few at a time, which stay near from the first projection to the last.
void Engine::Show(const Batch& batch, Part committed) {
  constexpr size_t kTogether = 32;
  std::vector<const CommittedTransaction*> some;
  some.reserve(kTogether);
  const uint32_t whole = std::max(committed.end, batch.whole.load());
  for (uint32_t at = committed.begin; at < committed.end; ++at) {
    BringNear(batch, at, whole);
    some.push_back(&batch.outcomes[batch.order[at]]->committed);
    if (some.size() < kTogether && at + 1 < committed.end) continue;
    for (Projection* projection : projections_) projection->ApplyAll(some);
    some.clear();
  }
}

// A partition's outcomes lie all over the batch, and what they hold was written by another thread: lets it come near step by step, before
// Show comes to the place `at`. Looks up to `end`, into the parts that are shown next: they are small.
void Engine::BringNear(const Batch& batch, uint32_t at, uint32_t end) {
  constexpr uint32_t kOutcomeAhead = 6, kListsAhead = 3, kBytesAhead = 1;
  const auto outcome = [&](uint32_t place) -> const absl::StatusOr<Outcome>& { return batch.outcomes[batch.order[place]]; };
  if (at + kOutcomeAhead < end) PrefetchWhole(outcome(at + kOutcomeAhead));
  if (at + kListsAhead < end) {
    const Transaction& transaction = outcome(at + kListsAhead)->committed.transaction;
    PrefetchForRead(transaction.changes.data());
    PrefetchForRead(transaction.postings.data());
    PrefetchForRead(transaction.why.data());
  }
  if (at + kBytesAhead < end) {
    const Transaction& transaction = outcome(at + kBytesAhead)->committed.transaction;
    if (!transaction.changes.empty()) PrefetchForRead(transaction.changes.front().bytes.data());
  }
}

// Projections come before the reply, so that whoever got the reply finds its effect in them.
void Engine::TakeDurable(const SharedBatch& batch, Part committed, const absl::Status& status) {
  if (follower_ != nullptr) return ShowInOrder(batch, committed, status);
  const CommittedTransaction& last = batch->outcomes[batch->order[committed.end - 1]]->committed;
  if (status.ok()) Show(*batch, committed);
  MarkDurable(committed.partition, last.seq, status);
  if (!status.ok()) {
    for (uint32_t at = committed.begin; at < committed.end; ++at) batch->outcomes[batch->order[at]] = status;
  }
  Settle(*batch, committed.end - committed.begin);
}

// The same where other servers' transactions may lie between ours. One that could not be journaled fails those who saw it, and nothing that
// comes after.
void Engine::ShowInOrder(const SharedBatch& batch, Part committed, const absl::Status& status) {
  const auto fail = [batch, committed](const absl::Status& why) {
    for (uint32_t at = committed.begin; at < committed.end; ++at) batch->outcomes[batch->order[at]] = why;
    Settle(*batch, committed.end - committed.begin);
  };
  Follower::Own own;
  for (uint32_t at = committed.begin; at < committed.end; ++at) own.push_back(&batch->outcomes[batch->order[at]]->committed);
  if (absl::IsAlreadyExists(status)) {
    return AwaitStored(committed.partition, own.back()->seq, [this, batch, committed, fail](const absl::Status& shown) {
      if (!shown.ok()) return fail(shown);
      for (uint32_t at = committed.begin; at < committed.end; ++at) {
        absl::StatusOr<Outcome>& outcome = batch->outcomes[batch->order[at]];
        absl::StatusOr<CommittedTransaction> stored = Load(committed.partition, outcome->committed.seq);
        outcome = stored.ok() ? absl::StatusOr<Outcome>(Outcome{*std::move(stored), false}) : stored.status();
      }
      Settle(*batch, committed.end - committed.begin);
    });
  }
  if (!status.ok()) {
    durability_.FailFrom(committed.partition, own.front()->seq, status);
    return fail(status);
  }
  follower_->Show(committed.partition, std::move(own), [batch, committed, fail](const absl::Status& shown) {
    if (!shown.ok()) return fail(shown);
    Settle(*batch, committed.end - committed.begin);
  });
}

// For what another server journaled before this one did: it is as that one stored it, and read from there.
void Engine::AwaitStored(PartitionId partition, PartitionSeq last, Durability::Done done) {
  if (durability_.When(partition, last, std::move(done), absl::Now() + follower_->patience())) follower_->Fetch(partition, last);
}

// A part is executed. After the last one, outside the State, the repetitions are told what they had before: that may take a read of the
// journal, and a key's first use may still be on its way to the disk.
void Engine::Executed(const SharedBatch& batch) {
  if (batch->executing.fetch_sub(1) != 1) return;
  std::vector<Batch::Repetition> repetitions;
  {
    absl::MutexLock lock(&batch->mutex);
    repetitions.swap(batch->repetitions);
  }
  for (const Batch::Repetition& repetition : repetitions) {
    WhenDurable(repetition.partition, repetition.seq, [this, batch, repetition](const absl::Status& status) {
      batch->outcomes[repetition.command] =
          status.ok() ? Repeat(repetition.partition, repetition.seq, batch->identities[repetition.command]) : status;
      Settle(*batch, 1);
    });
  }
  Settle(*batch, 1);
}

void Engine::Settle(Batch& batch, size_t commands) {
  if (commands != 0 && batch.waiting.fetch_sub(commands) == commands) std::move(batch.done)(std::move(batch.outcomes));
}

absl::StatusOr<Outcome> Engine::Repeat(PartitionId partition, PartitionSeq seq, const Identity& whose) const {
  absl::StatusOr<CommittedTransaction> stored = Load(partition, seq);
  if (!stored.ok()) return stored.status();
  // A State that others keep may be another one by now than the journal's: then what it remembers under this key never came to be.
  if (stored->transaction.key != whose.key) return RefuseUntil(Reason::REASON_OUTCOME_UNKNOWN, limits::kRetryDelayWhenBusy);
  // A State may have compared less than the whole.
  if (stored->transaction.fingerprint != whose.fingerprint) return Refuse(Reason::REASON_REQUEST_ID_REUSED, {}, "request_id");
  return Outcome{*std::move(stored), true};
}

void Engine::Submit(Command command, Done done) {
  std::vector<Command> commands;
  commands.push_back(std::move(command));
  SubmitAll(std::move(commands), [done = std::move(done)](std::vector<absl::StatusOr<Outcome>> outcomes) mutable {
    std::move(done)(std::move(outcomes.front()));
  });
}

void Engine::Read(PartitionId partition, absl::FunctionRef<void(const View&)> reader, absl::AnyInvocable<void(absl::Status) &&> done) {
  PartitionSeq seen;
  const absl::Status read = state_.Read(partition, [&](const View& view, PartitionSeq last) {
    reader(view);
    seen = last;
  });
  if (!read.ok()) return std::move(done)(read);
  WhenDurable(partition, seen, std::move(done));
}

void Engine::MarkDurable(PartitionId partition, PartitionSeq seq, const absl::Status& status) {
  if (status.ok()) {
    durability_.Mark(partition, seq);
  } else {
    durability_.Fail(partition, status);
  }
}

void Engine::WhenDurable(PartitionId partition, PartitionSeq seq, Durability::Done done) {
  if (follower_ == nullptr) {
    durability_.When(partition, seq, std::move(done));
  } else if (durability_.When(partition, seq, std::move(done), absl::Now() + follower_->patience())) {
    follower_->Want(partition, seq);
  }
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

absl::Status Engine::Adopt(PartitionId partition, uint64_t term, PartitionSeq first, std::vector<std::string> transactions) {
  if (transactions.empty()) return absl::OkStatus();
  if (absl::Status admitted = journal_.Admit(); !admitted.ok()) return admitted;
  const absl::Time now = clock_.Now();
  std::vector<CommittedTransaction> adopted;
  std::vector<JournalEntry> entries;
  for (std::string& bytes : transactions) {
    absl::StatusOr<Transaction> transaction = DecodeTransaction(bytes);
    if (!transaction.ok()) return transaction.status();
    const PartitionSeq seq(first.value() + adopted.size());
    adopted.push_back({partition, seq, now, *std::move(transaction)});
    entries.push_back({partition, seq, now, std::move(bytes), term});
  }
  absl::Status result;
  absl::Notification finished;
  if (follower_ != nullptr) follower_->NoteAppended(partition, adopted.back().seq);
  journal_.AppendAll(std::move(entries), [&](const absl::Status& status) {
    AwaitAdopted(partition, adopted, status, [&](absl::Status shown) {
      result = std::move(shown);
      finished.Notify();
    });
  });
  finished.WaitForNotification();
  return result;
}

void Engine::AwaitAdopted(PartitionId partition, const std::vector<CommittedTransaction>& adopted, const absl::Status& appended,
                          Durability::Done done) {
  if (follower_ == nullptr) {
    for (const CommittedTransaction& transaction : adopted) {
      if (!appended.ok()) break;
      for (Projection* projection : projections_) projection->Apply(transaction);
    }
    MarkDurable(partition, adopted.back().seq, appended);
    return std::move(done)(appended);
  }
  if (absl::IsAlreadyExists(appended)) return AwaitStored(partition, adopted.back().seq, std::move(done));
  if (!appended.ok()) {
    durability_.FailFrom(partition, adopted.front().seq, appended);
    return std::move(done)(appended);
  }
  Follower::Own own;
  for (const CommittedTransaction& transaction : adopted) own.push_back(&transaction);
  follower_->Show(partition, std::move(own), std::move(done));
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
  absl::Status flushed = journal_.Flush();
  if (follower_ == nullptr) return flushed;
  // What failed was told to those whom it concerned, and nothing else is lost by it.
  follower_->Stop();
  return absl::OkStatus();
}

}  // namespace fenfen
