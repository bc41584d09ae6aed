// State: records and balances, by partition, and the one way to change them. A State is never trusted to keep anything: it is a fold of the
// journal and can be rebuilt from it. Implementations: MemoryState (memory_state.h).
//
// Ordering contract: a partition's commits get the sequence numbers 1, 2, 3… without gaps, and `done` is called in that order.
// Thread-safe.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ledger/core/record.h"
#include "ledger/core/transaction.h"

namespace fenfen {

// What a decision needs to see. Every record that it changes must be named too; an account that it only posts to need not be.
// Most name one or two of each, which take no memory of their own.
struct ReadSet {
  using Records = absl::InlinedVector<RecordKey, 2>;
  using Accounts = absl::InlinedVector<AccountId, 2>;
  Records records;
  Accounts accounts;
};

// A new effect.
struct Committed {
  PartitionSeq seq;
  Transaction transaction;
  uint64_t term = 0;  // of the partition, where others keep the State (Journal::Claim)
};
// The effect that the request key had before, under the same fingerprint.
struct Replayed {
  PartitionSeq seq;
};
using ExecuteResult = std::variant<Committed, Replayed>;

class State {
 public:
  // A pure function of what it sees: the transaction, or a refusal. It may run more than once.
  using Decide = absl::AnyInvocable<absl::StatusOr<Transaction>(const View&)>;
  using Done = absl::AnyInvocable<void(std::vector<absl::StatusOr<ExecuteResult>>) &&>;

  // One request to change the partition.
  struct Work {
    RequestKey key;
    uint64_t fingerprint = 0;
    ReadSet reads;
    Decide decide;
  };

  virtual ~State() = default;

  // For each work in turn, looks the request key up, loads what `reads` names, runs `decide` and applies its transaction, all as one step
  // within the partition; one that is refused changes nothing and does not spoil the next. Takes 1 to limits::kExecuteMax works. `done`
  // runs exactly once, with a result for each: what was done, the decision's refusal, or REQUEST_ID_REUSED where the key is known under
  // another fingerprint. It must be short and must not call back into the State.
  virtual void Execute(PartitionId partition, std::vector<Work> works, Done done) = 0;
  // True where Execute always runs `done` before it returns.
  virtual bool AnswersAtOnce() const { return false; }

  // True for a State that others keep (Redis): a start does not replay the journal into it; it sees by itself to having all of it.
  virtual bool OutlivesProcess() const { return false; }

  // Shows `reader` a consistent view, with the partition's last sequence number. Never waits for writes to become durable: the caller does.
  // Where the State cannot be asked, `reader` does not run, and the refusal is returned; it may run more than once, then the last counts.
  virtual absl::Status Read(PartitionId partition, absl::FunctionRef<void(const View&, PartitionSeq last)> reader) const = 0;

  // Redoes a transaction of the journal. DATA_LOSS where it does not follow: a gap in the sequence, another version than it replaced, a
  // bound crossed, postings that do not sum to zero.
  virtual absl::Status Apply(PartitionId partition, PartitionSeq seq, const Transaction& transaction) = 0;
  // The same for several of one partition, in their order, up to the first that does not follow.
  virtual absl::Status ApplyAll(absl::Span<const CommittedTransaction* const> several) {
    for (const CommittedTransaction* committed : several) {
      if (absl::Status status = Apply(committed->partition, committed->seq, committed->transaction); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // The partition's last sequence number and the digest of its whole state (docs/formats/state_digest.md), taken together. Waits for no
  // writer longer than the digest takes.
  struct Digest {
    PartitionSeq seq;
    std::string sha256;  // 32 bytes
  };
  virtual absl::StatusOr<Digest> DigestOf(PartitionId partition) const = 0;
};

}  // namespace fenfen
