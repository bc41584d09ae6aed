// MemoryState's two ends of a snapshot.
#include "absl/strings/str_cat.h"
#include "ledger/state/memory_state.h"
#include "ledger/state/partition_form.h"

namespace fenfen {

SavedPartition MemoryState::Save(PartitionId id) const {
  const Partition& partition = partitions_[id.value()];
  absl::ReaderMutexLock lock(&partition.mutex);
  const Tables& tables = partition.tables;
  PartitionContents contents;
  contents.partition = id;
  contents.last = tables.last;
  const auto add = [&contents](const AccountId& account, Points balance) {
    if (balance != Points(0)) contents.accounts.push_back({account, balance});
  };
  tables.households.Visit([&](const Cell& cell) {
    if (cell.version() != PartitionSeq(0)) {
      contents.records.push_back({{RecordKind::kHousehold, cell.id()}, cell.version(), cell.bytes()});
    }
    cell.VisitAccounts(add);
  });
  for (const auto& [key, record] : tables.records) contents.records.push_back({key, record.version, record.bytes});
  for (const auto& [account, balance] : tables.accounts) add(account, balance);
  tables.keys.Save(contents);
  SortContents(contents);
  return {contents.last, fenfen::DigestOf(contents), EncodePartition(contents)};
}

absl::Status MemoryState::Load(const PartitionContents& contents) {
  Partition& partition = partitions_[contents.partition.value()];
  absl::MutexLock lock(&partition.mutex);
  Tables& tables = partition.tables;
  if (tables.last != PartitionSeq(0)) {
    return absl::FailedPreconditionError(absl::StrCat("partition ", contents.partition.value(), " has begun already"));
  }
  for (const PartitionContents::Record& record : contents.records) {
    if (record.key.kind == RecordKind::kHousehold) {
      tables.households.At(record.key.id).Set(record.version, record.bytes);
    } else {
      tables.records[record.key] = {record.version, std::string(record.bytes)};
    }
  }
  for (const PartitionContents::Account& account : contents.accounts) BalanceOf(tables, account.id) = account.balance;
  tables.keys.Load(contents);
  tables.last = contents.last;
  return absl::OkStatus();
}

}  // namespace fenfen
