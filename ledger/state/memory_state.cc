#include "ledger/state/memory_state.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/state/digest.h"

namespace fenfen {

// Looks straight into the partition's maps. Good while the lock is held.
class MemoryState::PartitionView final : public View {
 public:
  explicit PartitionView(const Partition& partition) : partition_(partition) {}
  std::optional<RecordView> Record(const RecordKey& key) const override ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const auto found = partition_.records.find(key);
    if (found == partition_.records.end()) return std::nullopt;
    return RecordView{found->second.version, found->second.bytes};
  }
  Points Balance(const AccountId& account) const override ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const auto found = partition_.accounts.find(account);
    return found == partition_.accounts.end() ? Points(0) : found->second;
  }

 private:
  const Partition& partition_;
};

void MemoryState::Execute(PartitionId id, const ReadSet&, const RequestKey& key, uint64_t fingerprint, Decide decide, Done done) {
  // Refusals and repetitions are told after the lock is let go: telling them may take a read of the journal.
  absl::StatusOr<ExecuteResult> result = Attempt(partitions_[id.value()], key, fingerprint, decide, done);
  if (!result.ok() || std::holds_alternative<Replayed>(*result)) std::move(done)(std::move(result));
}

absl::StatusOr<ExecuteResult> MemoryState::Attempt(Partition& partition, const RequestKey& key, uint64_t fingerprint, Decide& decide,
                                                   Done& done) {
  absl::MutexLock lock(&partition.mutex);
  if (const auto known = partition.keys.find(key); known != partition.keys.end()) {
    if (known->second.fingerprint != fingerprint) return Refuse(Reason::REASON_REQUEST_ID_REUSED, {}, "request_id");
    return ExecuteResult(Replayed{known->second.seq});
  }
  absl::StatusOr<Transaction> transaction = decide(PartitionView(partition));
  if (!transaction.ok()) return transaction.status();
  FENFEN_CHECK(transaction->key == key && transaction->fingerprint == fingerprint);
  if (absl::Status status = CheckTransaction(*transaction); !status.ok()) return status;
  if (absl::Status status = CheckFollows(partition, *transaction); !status.ok()) return status;
  // From here on nothing can fail. `done` runs under the lock, so that commits are told in their order.
  const PartitionSeq seq(partition.last.value() + 1);
  Commit(partition, seq, *transaction);
  std::move(done)(ExecuteResult(Committed{seq, *std::move(transaction)}));
  return ExecuteResult(Committed{seq, {}});
}

void MemoryState::Read(PartitionId id, absl::FunctionRef<void(const View&, PartitionSeq last)> reader) const {
  const Partition& partition = partitions_[id.value()];
  absl::ReaderMutexLock lock(&partition.mutex);
  reader(PartitionView(partition), partition.last);
}

absl::Status MemoryState::Apply(PartitionId id, PartitionSeq seq, const Transaction& transaction) {
  Partition& partition = partitions_[id.value()];
  absl::MutexLock lock(&partition.mutex);
  absl::Status status;
  if (seq.value() != partition.last.value() + 1) status = absl::DataLossError("a gap in the sequence");
  if (status.ok() && partition.keys.contains(transaction.key)) status = absl::DataLossError("a request key with two effects");
  if (status.ok()) status = CheckTransaction(transaction);
  if (status.ok()) status = CheckFollows(partition, transaction);
  if (!status.ok()) {
    return absl::DataLossError(absl::StrCat("partition ", id.value(), ", transaction ", seq.value(), " does not follow ",
                                            partition.last.value(), ": ", status.message()));
  }
  Commit(partition, seq, transaction);
  return absl::OkStatus();
}

absl::StatusOr<State::Digest> MemoryState::DigestOf(PartitionId id) const {
  const Partition& partition = partitions_[id.value()];
  absl::ReaderMutexLock lock(&partition.mutex);
  DigestBuilder builder(id, partition.last);
  for (const auto& [key, record] : partition.records) builder.AddRecord(key, record.version, record.bytes);
  for (const auto& [account, balance] : partition.accounts) builder.AddAccount(account, balance);
  return Digest{partition.last, builder.Finish()};
}

absl::Status MemoryState::CheckFollows(const Partition& partition, const Transaction& transaction) {
  for (const RecordChange& change : transaction.changes) {
    const auto found = partition.records.find(change.key);
    const PartitionSeq present = found == partition.records.end() ? PartitionSeq(0) : found->second.version;
    if (present != change.previous)
      return absl::InternalError(
          absl::StrCat("a change replaces version ", change.previous.value(), ", not the present ", present.value()));
  }
  // A transaction may post to one account more than once; its bound holds for the sum.
  for (size_t i = 0; i < transaction.postings.size(); ++i) {
    const AccountId& account = transaction.postings[i].account;
    const auto found = partition.accounts.find(account);
    int64_t balance = found == partition.accounts.end() ? 0 : found->second.hundredths();
    for (const Posting& posting : transaction.postings) {
      if (posting.account == account) balance += posting.amount.hundredths();
    }
    const std::optional<Points> after = Points::Make(balance);
    if (!after || !WithinBound(account.kind, *after)) return absl::InternalError("a balance would cross its bound");
  }
  return absl::OkStatus();
}

void MemoryState::Commit(Partition& partition, PartitionSeq seq, const Transaction& transaction) {
  for (const Posting& posting : transaction.postings) {
    Points& balance = partition.accounts[posting.account];
    balance = Points(balance.hundredths() + posting.amount.hundredths());
  }
  for (const RecordChange& change : transaction.changes) partition.records[change.key] = {seq, change.bytes};
  partition.keys[transaction.key] = {transaction.fingerprint, seq};
  partition.last = seq;
}

}  // namespace fenfen
