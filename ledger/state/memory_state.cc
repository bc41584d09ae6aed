#include "ledger/state/memory_state.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen {

// Looks straight into the tables. Good while the lock is held; remembers the last household, since a decision asks for one again and again.
class MemoryState::TablesView final : public View {
 public:
  explicit TablesView(const Tables& tables) : tables_(tables) {}
  std::optional<RecordView> Record(const RecordKey& key) const override {
    const StoredRecord* stored = Find(key);
    if (stored == nullptr || stored->version == 0) return std::nullopt;
    return RecordView{PartitionSeq(stored->version), tables_.bytes.Get(stored->bytes)};
  }
  Points Balance(const AccountId& account) const override {
    if (Cell::Holds(account)) {
      const Cell* cell = CellOf(account.owner);
      return cell == nullptr ? Points(0) : cell->Balance(account.asset);
    }
    const auto found = tables_.accounts.find(account);
    return found == tables_.accounts.end() ? Points(0) : found->second;
  }

 private:
  const StoredRecord* Find(const RecordKey& key) const {
    if (key.kind == RecordKind::kHousehold) {
      const Cell* cell = CellOf(key.id);
      return cell == nullptr ? nullptr : &cell->record();
    }
    const auto found = tables_.records.find(key);
    return found == tables_.records.end() ? nullptr : &found->second;
  }
  const Cell* CellOf(uint64_t household) const {
    if (last_ == nullptr || last_->id() != household) last_ = tables_.households.Find(household);
    return last_;
  }
  const Tables& tables_;
  mutable const Cell* last_ = nullptr;
};

namespace {

// What will be looked at: the request key, and each household's cell.
const RequestKey& RequestKeyOf(const State::Work& work) { return work.key; }
const RequestKey& RequestKeyOf(const CommittedTransaction* committed) { return committed->transaction.key; }
template <typename Visitor>
void VisitHouseholds(const State::Work& work, Visitor visit) {
  uint64_t last = 0;
  for (const RecordKey& key : work.reads.records) {
    if (key.kind == RecordKind::kHousehold) visit(last = key.id);
  }
  for (const AccountId& account : work.reads.accounts) {
    if (Cell::Holds(account) && account.owner != last) visit(last = account.owner);
  }
}
template <typename Visitor>
void VisitHouseholds(const CommittedTransaction* committed, Visitor visit) {
  uint64_t last = 0;
  for (const RecordChange& change : committed->transaction.changes) {
    if (change.key.kind == RecordKind::kHousehold) visit(last = change.key.id);
  }
  for (const Posting& posting : committed->transaction.postings) {
    if (Cell::Holds(posting.account) && posting.account.owner != last) visit(last = posting.account.owner);
  }
}

}  // namespace

// Nearly every work waits for memory, some five times one after another; here they wait together.
template <typename Items>
void MemoryState::Prefetch(const Tables& tables, const Items& items) {
  if (items.size() == 1) return;
  for (const auto& item : items) {
    tables.keys.Prefetch(RequestKeyOf(item));
    VisitHouseholds(item, [&](uint64_t household) { tables.households.PrefetchSlot(household); });
  }
  for (const auto& item : items) {
    VisitHouseholds(item, [&](uint64_t household) { tables.households.PrefetchCell(household); });
  }
  for (const auto& item : items) {
    VisitHouseholds(item, [&](uint64_t household) {
      if (const Cell* cell = tables.households.Find(household); cell != nullptr) tables.bytes.Prefetch(cell->record().bytes);
    });
  }
}

void MemoryState::Execute(PartitionId id, std::vector<Work> works, Done done) {
  FENFEN_CHECK(!works.empty() && works.size() <= limits::kExecuteMax);
  std::vector<absl::StatusOr<ExecuteResult>> results;
  results.reserve(works.size());
  Partition& partition = partitions_[id.value()];
  // `done` runs under the lock, so that commits are told in their order.
  absl::MutexLock lock(&partition.mutex);
  Prefetch(partition.tables, works);
  for (Work& work : works) results.push_back(Attempt(partition.tables, work));
  std::move(done)(std::move(results));
}

absl::StatusOr<ExecuteResult> MemoryState::Attempt(Tables& tables, Work& work) {
  const RequestKey& key = work.key;
  const uint64_t fingerprint = work.fingerprint;
  const RequestKeys::Found known = tables.keys.Find(key, fingerprint);
  switch (known.verdict) {
    case RequestKeys::Verdict::kSame:
      return ExecuteResult(Replayed{known.seq});
    case RequestKeys::Verdict::kOther:
      return Refuse(Reason::REASON_REQUEST_ID_REUSED, {}, "request_id");
    case RequestKeys::Verdict::kForgotten:
      return Refuse(IsDeviceEventKey(key) ? Reason::REASON_EVENT_TOO_OLD : Reason::REASON_REQUEST_ID_OUT_OF_WINDOW);
    case RequestKeys::Verdict::kNew:
      break;
  }
  const TablesView view(tables);
  absl::StatusOr<Transaction> transaction = work.decide(view);
  if (!transaction.ok()) return transaction.status();
  FENFEN_CHECK(transaction->key == key && transaction->fingerprint == fingerprint);
  if (absl::Status status = CheckTransaction(*transaction); !status.ok()) return status;
  if (absl::Status status = CheckFollows(view, *transaction); !status.ok()) return status;
  // From here on nothing can fail.
  const PartitionSeq seq(tables.last.value() + 1);
  Commit(tables, seq, *transaction);
  return ExecuteResult(Committed{seq, *std::move(transaction)});
}

absl::Status MemoryState::Read(PartitionId id, absl::FunctionRef<void(const View&, PartitionSeq last)> reader) const {
  const Partition& partition = partitions_[id.value()];
  absl::ReaderMutexLock lock(&partition.mutex);
  reader(TablesView(partition.tables), partition.tables.last);
  return absl::OkStatus();
}

absl::Status MemoryState::Apply(PartitionId id, PartitionSeq seq, const Transaction& transaction) {
  Partition& partition = partitions_[id.value()];
  absl::MutexLock lock(&partition.mutex);
  return Redo(partition.tables, id, seq, transaction);
}

absl::Status MemoryState::ApplyAll(absl::Span<const CommittedTransaction* const> several) {
  const PartitionId id = several.front()->partition;
  Partition& partition = partitions_[id.value()];
  absl::MutexLock lock(&partition.mutex);
  Prefetch(partition.tables, several);
  for (const CommittedTransaction* committed : several) {
    if (absl::Status status = Redo(partition.tables, id, committed->seq, committed->transaction); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status MemoryState::Redo(Tables& tables, PartitionId id, PartitionSeq seq, const Transaction& transaction) {
  absl::Status status;
  if (seq.value() != tables.last.value() + 1) status = absl::DataLossError("a gap in the sequence");
  if (status.ok() && tables.keys.Find(transaction.key, transaction.fingerprint).verdict != RequestKeys::Verdict::kNew) {
    status = absl::DataLossError("a request key with two effects");
  }
  if (status.ok()) status = CheckTransaction(transaction);
  if (status.ok()) status = CheckFollows(TablesView(tables), transaction);
  if (!status.ok()) {
    return absl::DataLossError(absl::StrCat("partition ", id.value(), ", transaction ", seq.value(), " does not follow ",
                                            tables.last.value(), ": ", status.message()));
  }
  Commit(tables, seq, transaction);
  return absl::OkStatus();
}

absl::Status MemoryState::CheckFollows(const TablesView& view, const Transaction& transaction) {
  for (const RecordChange& change : transaction.changes) {
    const std::optional<RecordView> found = view.Record(change.key);
    const PartitionSeq present = found ? found->version : PartitionSeq(0);
    if (present != change.previous) {
      return absl::InternalError(
          absl::StrCat("a change replaces version ", change.previous.value(), ", not the present ", present.value()));
    }
  }
  // A transaction may post to one account more than once; its bound holds for the sum.
  for (const Posting& posting : transaction.postings) {
    int64_t balance = view.Balance(posting.account).hundredths();
    for (const Posting& other : transaction.postings) {
      if (other.account == posting.account) balance += other.amount.hundredths();
    }
    const std::optional<Points> after = Points::Make(balance);
    if (!after || !WithinBound(posting.account.kind, *after)) return absl::InternalError("a balance would cross its bound");
  }
  return absl::OkStatus();
}

void MemoryState::Post(Tables& tables, const AccountId& account, Points amount) {
  if (Cell::Holds(account)) {
    Points& balance = tables.households.At(account.owner).Balance(account.asset);
    balance = Points(balance.hundredths() + amount.hundredths());
    return;
  }
  const auto found = tables.accounts.try_emplace(account).first;
  found->second = Points(found->second.hundredths() + amount.hundredths());
  if (found->second == Points(0)) tables.accounts.erase(found);
}

void MemoryState::Write(Tables& tables, const RecordKey& key, PartitionSeq version, absl::string_view bytes) {
  StoredRecord& stored = key.kind == RecordKind::kHousehold ? tables.households.At(key.id).record() : tables.records[key];
  stored.version = static_cast<uint32_t>(version.value());
  tables.bytes.Set(stored.bytes, bytes);
}

void MemoryState::Commit(Tables& tables, PartitionSeq seq, const Transaction& transaction) {
  FENFEN_CHECK(seq.value() <= std::numeric_limits<uint32_t>::max());
  for (const Posting& posting : transaction.postings) Post(tables, posting.account, posting.amount);
  for (const RecordChange& change : transaction.changes) Write(tables, change.key, seq, change.bytes);
  tables.keys.Add(transaction.key, transaction.fingerprint, seq);
  tables.last = seq;
}

}  // namespace fenfen
