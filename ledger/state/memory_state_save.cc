// MemoryState as a whole: its digest, and both ends of a snapshot.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/state/memory_state.h"
#include "ledger/state/partition_form.h"

namespace fenfen {

// A partition's tables, copied byte by byte while its lock is held and made sense of afterwards.
class MemoryState::Image {
 public:
  Image(PartitionId id, const Tables& tables)
      : id_(id),
        last_(tables.last),
        cells_(tables.households.Copy()),
        records_(tables.records.begin(), tables.records.end()),
        accounts_(tables.accounts.begin(), tables.accounts.end()),
        bytes_(tables.bytes),
        keys_(tables.keys) {}

  // Sorted; good as long as the image.
  PartitionContents Contents() const {
    PartitionContents contents;
    contents.partition = id_;
    contents.last = last_;
    contents.records.reserve(cells_.size() + records_.size());
    contents.accounts.reserve(2 * cells_.size() + accounts_.size());
    const auto add_record = [&](const RecordKey& key, const StoredRecord& stored) {
      if (stored.version != 0) contents.records.push_back({key, PartitionSeq(stored.version), bytes_.Get(stored.bytes)});
    };
    const auto add_account = [&](const AccountId& account, Points balance) {
      if (balance != Points(0)) contents.accounts.push_back({account, balance});
    };
    for (const Cell& cell : cells_) {
      add_record({RecordKind::kHousehold, cell.id()}, cell.record());
      for (const Asset asset : {Asset::kReward, Asset::kCivic}) {
        add_account({AccountKind::kHousehold, asset, cell.id()}, cell.Balance(asset));
      }
    }
    for (const auto& [key, stored] : records_) add_record(key, stored);
    for (const auto& [account, balance] : accounts_) add_account(account, balance);
    keys_.Save(contents);
    SortContents(contents);
    return contents;
  }

 private:
  const PartitionId id_;
  const PartitionSeq last_;
  const std::vector<Cell> cells_;
  const std::vector<std::pair<RecordKey, StoredRecord>> records_;
  const std::vector<std::pair<AccountId, Points>> accounts_;
  const ByteArena bytes_;
  const RequestKeys keys_;
};

MemoryState::Image MemoryState::ImageOf(PartitionId id) const {
  const Partition& partition = partitions_[id.value()];
  absl::ReaderMutexLock lock(&partition.mutex);
  return Image(id, partition.tables);
}

absl::StatusOr<State::Digest> MemoryState::DigestOf(PartitionId id) const {
  const Image image = ImageOf(id);
  const PartitionContents contents = image.Contents();
  return Digest{contents.last, fenfen::DigestOf(contents)};
}

SavedPartition MemoryState::Save(PartitionId id) const {
  const Image image = ImageOf(id);
  const PartitionContents contents = image.Contents();
  return {contents.last, fenfen::DigestOf(contents), EncodePartition(contents)};
}

absl::Status MemoryState::Load(const PartitionContents& contents) {
  Partition& partition = partitions_[contents.partition.value()];
  absl::MutexLock lock(&partition.mutex);
  Tables& tables = partition.tables;
  if (tables.last != PartitionSeq(0)) {
    return absl::FailedPreconditionError(absl::StrCat("partition ", contents.partition.value(), " has begun already"));
  }
  const auto is_household = [](const PartitionContents::Record& record) { return record.key.kind == RecordKind::kHousehold; };
  tables.households.Reserve(static_cast<size_t>(std::count_if(contents.records.begin(), contents.records.end(), is_household)));
  for (const PartitionContents::Record& record : contents.records) Write(tables, record.key, record.version, record.bytes);
  for (const PartitionContents::Account& account : contents.accounts) Post(tables, account.id, account.balance);
  tables.keys.Load(contents);
  tables.last = contents.last;
  return absl::OkStatus();
}

}  // namespace fenfen
