#include "ledger/points/spending/settlement_book.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ledger/points/spending/offer_terms.h"
#include "ledger/points/spending/settlement.h"

namespace fenfen {
void SettlementBook::Apply(const CommittedTransaction& committed) {
  if (committed.partition != kCataloguePartition) return;
  for (const RecordChange& change : committed.transaction.changes) Take(change.key, change.bytes);
}

void SettlementBook::Restore(const PartitionContents& contents) {
  if (contents.partition != kCataloguePartition) return;
  for (const PartitionContents::Record& record : contents.records) Take(record.key, record.bytes);
}

void SettlementBook::Take(const RecordKey& key, absl::string_view bytes) {
  if (key.kind != RecordKind::kSettlement) return;
  auto settlement = std::make_shared<v1::Settlement>();
  if (!settlement->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;  // the checker says so
  absl::MutexLock lock(&mutex_);
  items_[settlement->name()] = std::move(settlement);
}

SettlementBook::Item SettlementBook::Find(absl::string_view name) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto found = items_.find(std::string(name));
  return found == items_.end() ? nullptr : found->second;
}

std::vector<SettlementBook::Item> SettlementBook::OfMerchant(absl::string_view merchant) const {
  const std::string prefix = absl::StrCat(merchant, "/settlements/");
  std::vector<Item> all;
  absl::ReaderMutexLock lock(&mutex_);
  for (auto at = items_.lower_bound(prefix); at != items_.end() && absl::StartsWith(at->first, prefix); ++at) all.push_back(at->second);
  return all;
}

std::string SettlementBook::Covering(CatalogueId merchant, int32_t day) const {
  absl::ReaderMutexLock lock(&mutex_);
  for (const auto& [name, item] : items_) {
    if (!Stands(*item) || CatalogueIdOf(item->merchant()) != merchant) continue;
    if (DayOfText(item->first_day()) <= day && day <= DayOfText(item->last_day())) return name;
  }
  return "";
}

std::vector<SettlementBook::Item> SettlementBook::Paid() const {
  std::vector<Item> paid;
  absl::ReaderMutexLock lock(&mutex_);
  for (const auto& [name, item] : items_) {
    if (item->state() == v1::Settlement::STATE_PAID) paid.push_back(item);
  }
  return paid;
}

}  // namespace fenfen
