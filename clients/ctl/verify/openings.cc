#include "clients/ctl/verify/openings.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace fenfen::ctl {
namespace {

// The first version that the journal replaces of each record that it writes; 0 where it makes it.
using FirstPrevious = absl::flat_hash_map<RecordKey, uint64_t>;

void TakeBack(const Transaction& transaction, PartitionOpening& opening, FirstPrevious& first) {
  for (const Posting& posting : transaction.postings) opening.balances[posting.account] -= posting.amount.hundredths();
  for (const RecordChange& change : transaction.changes) first.try_emplace(change.key, change.previous.value());
}

std::string NameOf(const RecordKey& key) { return absl::StrCat("record ", static_cast<int>(key.kind), "/", key.id); }

// Makes of the snapshot's records those that there were at the beginning.
void TakeBackRecords(PartitionOpening& opening, FirstPrevious& first) {
  for (auto& [key, record] : opening.records) {
    const auto written = first.find(key);
    record.written_since = written != first.end();
    if (record.written_since) {
      record.version = written->second;
      first.erase(written);
    }
    if (record.version > opening.last.value()) {
      opening.wrong.push_back(absl::StrCat(NameOf(key), ": version ", record.version, " comes from no entry of the journal"));
    }
  }
  absl::erase_if(opening.records, [](const auto& record) { return record.second.version == 0; });
  for (const auto& [key, previous] : first)
    opening.wrong.push_back(absl::StrCat(NameOf(key), " is in the journal and not in the snapshot"));
}

}  // namespace

absl::Status DeriveOpenings(JournalReader& journal, const JournalBeginning& beginning, const StoredSnapshot& snapshot, Openings& openings) {
  std::vector<FirstPrevious> first(kPartitions);
  uint64_t to_come = 0;  // of the entries that the snapshot holds
  for (uint16_t p = 0; p < kPartitions; ++p) {
    absl::StatusOr<StoredPartition> stored = snapshot.Read(PartitionId(p));
    if (!stored.ok()) return stored.status();
    openings[p].last = beginning.start.last[p];
    to_come += snapshot.last(PartitionId(p)).value() - openings[p].last.value();
    for (const auto& [account, balance] : stored->accounts) openings[p].balances[account] = balance;
    for (StoredPartition::Record& record : stored->records)
      openings[p].records[record.key] = {record.version, false, std::move(record.bytes)};
  }
  while (to_come > 0) {
    const absl::StatusOr<const Group*> group = journal.Next();
    if (!group.ok() && !DamageOf(group.status())) return group.status();
    if (!group.ok() || *group == nullptr) break;
    for (const segment::Record& record : (*group)->records) {
      if (record.seq > snapshot.last(record.partition)) continue;
      --to_come;
      const absl::StatusOr<Transaction> transaction = DecodeTransaction(record.bytes);
      if (transaction.ok()) TakeBack(*transaction, openings[record.partition.value()], first[record.partition.value()]);
    }
  }
  for (uint16_t p = 0; p < kPartitions; ++p) TakeBackRecords(openings[p], first[p]);
  return absl::OkStatus();
}

}  // namespace fenfen::ctl
