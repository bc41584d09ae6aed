#include "ledger/state/redis/decision.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"

namespace fenfen {
namespace {

// Shows what the work names and remembers what was looked at.
class NamedView final : public View {
 public:
  NamedView(const ReadSet& named, const DecisionTables& tables) : tables_(tables) {
    records_.insert(named.records.begin(), named.records.end());
    accounts_.insert(named.accounts.begin(), named.accounts.end());
  }

  std::optional<RecordView> Record(const RecordKey& key) const override {
    if (!Names(key)) {
      breach_ = absl::StrCat("record ", RecordField(key));
      return std::nullopt;
    }
    seen_records_.insert(key);
    const KnownRecord& known = Known(key);
    if (known.version == PartitionSeq(0)) return std::nullopt;
    return RecordView{known.version, known.bytes};
  }
  Points Balance(const AccountId& account) const override {
    if (!Names(account)) {
      breach_ = absl::StrCat("account ", AccountField(account));
      return Points(0);
    }
    seen_accounts_.insert(account);
    return KnownBalance(account);
  }

  bool Names(const RecordKey& key) const { return records_.contains(key); }
  bool Names(const AccountId& account) const { return accounts_.contains(account); }
  const KnownRecord& Known(const RecordKey& key) const {
    const auto found = tables_.records.find(key);
    FENFEN_CHECK(found != tables_.records.end());
    return found->second;
  }
  Points KnownBalance(const AccountId& account) const {
    const auto found = tables_.balances.find(account);
    FENFEN_CHECK(found != tables_.balances.end());
    return found->second;
  }
  // What was asked for without being named; empty where nothing was.
  const std::string& breach() const { return breach_; }
  void Expectations(CommitEntry& entry) const {
    for (const RecordKey& key : seen_records_) entry.versions.emplace_back(key, Known(key).version);
    for (const AccountId& account : seen_accounts_) entry.balances.emplace_back(account, KnownBalance(account));
  }

 private:
  const DecisionTables& tables_;
  absl::flat_hash_set<RecordKey> records_;
  absl::flat_hash_set<AccountId> accounts_;
  mutable absl::flat_hash_set<RecordKey> seen_records_;
  mutable absl::flat_hash_set<AccountId> seen_accounts_;
  mutable std::string breach_;
};

// As MemoryState asks it: the records named, the versions it replaces, the bounds. It looks through the view, so that Redis confirms the
// refusal, too.
absl::Status CheckFollows(const NamedView& view, const Transaction& transaction) {
  for (const RecordChange& change : transaction.changes) {
    if (!view.Names(change.key)) return absl::InternalError(absl::StrCat("a change of a record not named: ", RecordField(change.key)));
    const std::optional<RecordView> found = view.Record(change.key);
    const PartitionSeq present = found ? found->version : PartitionSeq(0);
    if (present != change.previous) {
      return absl::InternalError(
          absl::StrCat("a change replaces version ", change.previous.value(), ", not the present ", present.value()));
    }
  }
  for (const auto& [account, amount] : NetPostings(transaction.postings)) {
    // More than an account can hold is not sent on its way: the library's numbers are exact within the range only.
    const bool sendable = Points::Make(amount).has_value();
    // An account that was not looked at is held within its bound by the library alone.
    if (sendable && !view.Names(account)) continue;
    if (sendable) {
      const std::optional<Points> after = Points::Make(view.KnownBalance(account).hundredths() + amount);
      if (after && WithinBound(account.kind, *after)) continue;
      view.Balance(account);
    }
    return absl::InternalError("a balance would cross its bound");
  }
  return absl::OkStatus();
}

void Foresee(const Transaction& transaction, PartitionSeq seq, DecisionTables& tables) {
  for (const RecordChange& change : transaction.changes) tables.records[change.key] = {seq, change.bytes};
  for (const Posting& posting : transaction.postings) {
    const auto known = tables.balances.find(posting.account);
    if (known == tables.balances.end()) continue;
    known->second = Points(known->second.hundredths() + posting.amount.hundredths());
  }
}

}  // namespace

Decision Decide(State::Work& work, DecisionTables& tables, PartitionSeq foreseen) {
  const NamedView view(work.reads, tables);
  Decision decision{work.decide(view), {work.key, work.fingerprint, {}, {}, nullptr}};
  absl::StatusOr<Transaction>& transaction = decision.transaction;
  if (transaction.ok()) {
    FENFEN_CHECK(transaction->key == work.key && transaction->fingerprint == work.fingerprint);
    absl::Status status = CheckTransaction(*transaction);
    if (status.ok()) status = CheckFollows(view, *transaction);
    if (!status.ok()) transaction = status;
  }
  if (!view.breach().empty()) transaction = absl::InternalError(absl::StrCat("a decision looked at what it did not name: ", view.breach()));
  view.Expectations(decision.entry);
  if (transaction.ok()) Foresee(*transaction, foreseen, tables);
  return decision;
}

}  // namespace fenfen
