#include "ledger/state/redis/redis_state.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/state/digest.h"
#include "ledger/state/redis/redis_fault.h"

namespace fenfen {
namespace {

// How often a read begins again because the partition changed or closed while it looked.
constexpr int kReadAttemptsMax = 64;
// So many names are asked for in one call, which keeps Redis from others for a millisecond or two.
constexpr size_t kNamesACall = 1000;

}  // namespace

// Loads what the reader asks for or expects to ask for. What one run has loaded is loaded together for the next, so that a partition that
// keeps changing does not keep it from ending.
class RedisState::LazyView final : public View {
 public:
  LazyView(const RedisPartition& partition, const RedisPartition::Access& access) : partition_(partition), access_(access) {}

  // Begins a run: OK with everything loaded that the runs before have asked for.
  absl::Status Begin() {
    torn_ = false;
    status_ = absl::OkStatus();
    begun_ = false;
    std::vector<RecordKey> records;
    std::vector<AccountId> accounts;
    for (const auto& [key, record] : records_) records.push_back(key);
    for (const auto& [account, balance] : balances_) accounts.push_back(account);
    Load(records, accounts);
    return status_;
  }
  PartitionSeq last() const { return last_; }
  // Whether everything shown was of one moment; else why not, or OK for another run.
  bool whole() const { return !torn_ && status_.ok(); }
  const absl::Status& status() const { return status_; }

  std::optional<RecordView> Record(const RecordKey& key) const override {
    Expect({&key, 1}, {});
    const KnownRecord& known = records_[key];
    if (known.version == PartitionSeq(0)) return std::nullopt;
    return RecordView{known.version, known.bytes};
  }
  Points Balance(const AccountId& account) const override {
    Expect({}, {&account, 1});
    return balances_[account];
  }
  void Expect(absl::Span<const RecordKey> records, absl::Span<const AccountId> accounts) const override {
    std::vector<RecordKey> new_records;
    std::vector<AccountId> new_accounts;
    for (const RecordKey& key : records) {
      if (records_.try_emplace(key).second) new_records.push_back(key);
    }
    for (const AccountId& account : accounts) {
      if (balances_.try_emplace(account).second) new_accounts.push_back(account);
    }
    if (!new_records.empty() || !new_accounts.empty()) Load(new_records, new_accounts);
  }

 private:
  // At least one call, which says where the partition is.
  void Load(absl::Span<const RecordKey> records, absl::Span<const AccountId> accounts) const {
    do {
      const auto some_records = records.subspan(0, kNamesACall);
      const auto some_accounts = accounts.subspan(0, kNamesACall - some_records.size());
      LoadSome(some_records, some_accounts);
      records.remove_prefix(some_records.size());
      accounts.remove_prefix(some_accounts.size());
    } while (!torn_ && status_.ok() && (!records.empty() || !accounts.empty()));
  }
  // What is loaded in a run was not shown in it before: its bytes may be written over.
  void LoadSome(absl::Span<const RecordKey> records, absl::Span<const AccountId> accounts) const {
    if (!status_.ok() || torn_) return;
    const auto reply = access_.route.Call(LoadCall(partition_.keys(), access_.fence, records, accounts, {}));
    const absl::StatusOr<Loaded> loaded = reply.ok() ? ParseLoaded(reply->value()) : reply.status();
    status_ = loaded.status();
    if (!status_.ok()) return;
    if (loaded->records.size() != records.size() || loaded->balances.size() != accounts.size()) {
      status_ = RedisError(RedisFault::kRefused, "a reply that is not what was to be loaded");
      return;
    }
    torn_ = std::exchange(begun_, true) && loaded->last != last_;
    last_ = loaded->last;
    if (torn_) return;
    for (size_t i = 0; i < records.size(); ++i) {
      KnownRecord& known = records_[records[i]];
      known = {};
      if (loaded->records[i]) known = {loaded->records[i]->version, std::string(loaded->records[i]->bytes)};
    }
    for (size_t i = 0; i < accounts.size(); ++i) balances_[accounts[i]] = loaded->balances[i];
  }

  const RedisPartition& partition_;
  const RedisPartition::Access& access_;
  mutable absl::Status status_;
  mutable bool torn_ = false;
  mutable bool begun_ = false;  // something of this run was loaded
  mutable PartitionSeq last_;
  mutable std::map<RecordKey, KnownRecord> records_;  // a map: what is shown must not move
  mutable std::map<AccountId, Points> balances_;
};

void RedisState::Execute(PartitionId partition, std::vector<Work> works, Done done) {
  partitions_[partition.value()]->Execute(std::move(works), std::move(done));
}

absl::Status RedisState::Read(PartitionId id, absl::FunctionRef<void(const View&, PartitionSeq last)> reader) const {
  RedisPartition& partition = *partitions_[id.value()];
  for (int attempt = 0; attempt < kReadAttemptsMax; ++attempt) {
    const absl::StatusOr<RedisPartition::Access> access = partition.AwaitOpen();
    if (!access.ok()) return access.status();
    LazyView view(partition, *access);
    for (; attempt < kReadAttemptsMax && view.Begin().ok(); ++attempt) {
      reader(view, view.last());
      if (view.whole()) return absl::OkStatus();
      if (!view.status().ok()) break;
    }
    if (view.status().ok()) continue;
    // The client's own bound says nothing against Redis.
    if (FaultOf(view.status()) == RedisFault::kTooManyInFlight) break;
    partition.Doubt(*access, view.status());
  }
  return RefuseUntil(Reason::REASON_OVERLOADED, limits::kRetryDelayWhenBusy);
}

absl::Status RedisState::Apply(PartitionId id, PartitionSeq seq, const Transaction& transaction) {
  RedisPartition& partition = *partitions_[id.value()];
  const absl::StatusOr<RedisPartition::Access> access = partition.AwaitOpen();
  if (!access.ok()) return access.status();
  const PartitionSeq before(seq.value() - 1);
  const absl::Status status = RestoreTransactions(access->route, partition.keys(), tail_.Id(), access->fence.term, before, {transaction});
  if (FaultOf(status) == RedisFault::kFenced) {
    return absl::DataLossError(absl::StrCat("partition ", id.value(), ", transaction ", seq.value(), ": a gap in the sequence"));
  }
  if (status.ok()) partition.Forget(seq);
  return status;
}

absl::StatusOr<State::Digest> RedisState::DigestOf(PartitionId id) const {
  RedisPartition& partition = *partitions_[id.value()];
  absl::StatusOr<RedisReply> reply = absl::UnknownError("");
  for (int attempt = 0; attempt < kReadAttemptsMax && !reply.ok(); ++attempt) {
    const absl::StatusOr<RedisPartition::Access> access = partition.AwaitOpen();
    if (!access.ok()) return access.status();
    reply = access->route.Call(DumpCall(partition.keys(), access->fence));
    if (!reply.ok()) partition.Doubt(*access, reply.status());
  }
  if (!reply.ok()) return reply.status();
  const PartitionSeq last(static_cast<uint64_t>((*reply)[0].integer()));
  DigestBuilder builder(id, last);
  constexpr absl::string_view kFormatField = "format";
  const RedisValue records = (*reply)[1], accounts = (*reply)[2];
  for (size_t i = 0; i + 1 < records.size(); i += 2) {
    if (records[i].text() == kFormatField) continue;
    const auto key = ParseRecordField(records[i].text());
    const auto value = ParseRecordValue(records[i + 1].text());
    if (!key || !value) return absl::DataLossError(absl::StrCat("Redis: not a record: ", records[i].text()));
    builder.AddRecord(*key, value->version, value->bytes);
  }
  for (size_t i = 0; i + 1 < accounts.size(); i += 2) {
    if (accounts[i].text() == kFormatField) continue;
    const auto account = ParseAccountField(accounts[i].text());
    const auto balance = Points::Make(accounts[i + 1].integer());
    if (!account || !balance) return absl::DataLossError(absl::StrCat("Redis: not an account: ", accounts[i].text()));
    builder.AddAccount(*account, *balance);
  }
  return Digest{last, builder.Finish()};
}

}  // namespace fenfen
