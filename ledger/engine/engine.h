// Engine: the write path and the way back. Start here to understand the ledger.
//
//   submit   admit → State::Execute (decide, commit) → Journal::AppendAll → project → reply     Engine::SubmitAll
//   read     State::Read → wait until what was seen is durable → reply                           Engine::Read
//   start    snapshot → State, projections; Journal::ReplayBatches → State::Apply → project     Engine::Start (recovery.h)
//
// Acknowledged means journaled: `done` gets OK only after the transaction is durable. Where other servers write the journal too, a Follower
// (follower.h) brings their transactions to the projections and to who waits for them. Thread-safe.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "ledger/core/clock.h"
#include "ledger/core/projection.h"
#include "ledger/engine/durability.h"
#include "ledger/engine/follower.h"
#include "ledger/engine/outside.h"
#include "ledger/engine/recovery.h"
#include "ledger/journal/journal.h"
#include "ledger/state/state.h"

namespace fenfen {

// One request to change one partition.
struct Command {
  PartitionId partition;
  RequestKey key;
  uint64_t fingerprint = 0;
  ReadSet reads;
  State::Decide decide;
};

// What became of it.
struct Outcome {
  CommittedTransaction committed;
  bool replayed = false;  // true where the key had this effect before
};

class Engine {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Outcome>) &&>;
  using AllDone = absl::AnyInvocable<void(std::vector<absl::StatusOr<Outcome>>) &&>;

  // Both plugs and the projections outlive the engine.
  Engine(State& state, Journal& journal, const Clock& clock, std::vector<Projection*> projections);

  // Folds the journal, from the newest snapshot on where `options` name some, into the State and the projections. Call once, before
  // anything else. DATA_LOSS where the journal does not hold together. A journal that others write too is followed from then on.
  absl::Status Start(const RecoveryOptions& options = {}, FollowerOptions follow = {});
  // What Start did.
  const RecoveryReport& recovery() const { return recovery_; }

  // Runs the commands, 1 to limits::kCommandsMax; those of one partition in their order. `done` runs exactly once, on any thread, with what
  // became of each: the outcome once it is durable; a refusal, where nothing was done; or JOURNAL_FAILED or OUTCOME_UNKNOWN, where a
  // retry with the same key tells the outcome, later. It must be short.
  void SubmitAll(std::vector<Command> commands, AllDone done);
  void Submit(Command command, Done done);

  // Shows `reader` a consistent view and then runs `done`, once everything that the view held is durable; OUTCOME_UNKNOWN where that does
  // not come to pass.
  void Read(PartitionId partition, absl::FunctionRef<void(const View&)> reader, absl::AnyInvocable<void(absl::Status) &&> done);

  // A stored transaction; ENTRY_UNKNOWN where there is none.
  absl::StatusOr<CommittedTransaction> Load(PartitionId partition, PartitionSeq seq) const;
  absl::StatusOr<JournalPlace> Locate(PartitionId partition, PartitionSeq seq) const;

  // Blocking forms of the above, for tools and for services that serve one call a thread.
  absl::StatusOr<Outcome> SubmitAndWait(Command command);
  absl::Status ReadAndWait(PartitionId partition, absl::FunctionRef<void(const View&)> reader);

  // For a State that outlives this process: journals transactions (EncodeTransaction's) that it committed under `term` and no server
  // journaled, `first` being the sequence number after the last durable one, and waits until they are durable and shown to the projections.
  // DATA_LOSS for one that does not decode; JOURNAL_FAILED and the like.
  absl::Status Adopt(PartitionId partition, uint64_t term, PartitionSeq first, std::vector<std::string> transactions);

  // A partition's digest, once all it covers is durable.
  absl::StatusOr<State::Digest> DigestOf(PartitionId partition);

  // Refuses new work with SHUTTING_DOWN and waits until everything begun is durable, or has failed.
  absl::Status Stop();

  // nullptr where this process alone writes the journal. Good while the engine is, after Start.
  const Follower* follower() const { return follower_.get(); }

 private:
  // What tells a command from others.
  struct Identity {
    RequestKey key;
    uint64_t fingerprint;
  };
  struct Batch;
  using SharedBatch = std::shared_ptr<Batch>;
  // The commands of one partition in a batch, or as many of them as the State takes at once: a stretch of Batch::order.
  struct Part {
    PartitionId partition;
    uint32_t begin = 0;
    uint32_t end = 0;
  };

  static std::vector<Part> OrderByPartition(const std::vector<Command>& commands, Batch& batch);
  void Execute(const SharedBatch& batch, Part part, std::vector<Command>& commands);
  void TakeResults(const SharedBatch& batch, Part part, std::vector<absl::StatusOr<ExecuteResult>> results);
  void Show(const Batch& batch, Part committed);
  static void BringNear(const Batch& batch, uint32_t at, uint32_t end);
  void TakeDurable(const SharedBatch& batch, Part committed, const absl::Status& status);
  void ShowInOrder(const SharedBatch& batch, Part committed, const absl::Status& status);
  void AwaitStored(PartitionId partition, PartitionSeq last, Durability::Done done);
  void Told(const SharedBatch& batch, size_t refused);
  void Executed(const SharedBatch& batch);
  static void Settle(Batch& batch, size_t commands);
  absl::StatusOr<Outcome> Repeat(PartitionId partition, PartitionSeq seq, const Identity& whose) const;
  void AwaitAdopted(PartitionId partition, const std::vector<CommittedTransaction>& adopted, const absl::Status& appended,
                    Durability::Done done);
  void MarkDurable(PartitionId partition, PartitionSeq seq, const absl::Status& status);
  void WhenDurable(PartitionId partition, PartitionSeq seq, Durability::Done done);

  State& state_;
  Journal& journal_;
  const Clock& clock_;
  const std::vector<Projection*> projections_;
  RecoveryReport recovery_;
  Durability durability_;
  std::unique_ptr<Follower> follower_;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<Outside> outside_;  // where the State answers later
};

}  // namespace fenfen
