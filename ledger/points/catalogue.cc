#include "ledger/points/catalogue.h"

#include <algorithm>

#include "ledger/core/bytes.h"
#include "ledger/core/check.h"
#include "ledger/points/budget/stopped_budgets.h"
#include "ledger/points/earning/rules.h"

namespace fenfen {
namespace {

constexpr int kRegionDepthMax = 16;  // a cycle in stored regions must not hang a reader

}  // namespace

template <typename Item>
std::vector<const Item*> Catalogue::All() const {
  std::vector<const Item*> all;
  for (const auto& [id, item] : std::get<Items<Item>>(items_)) all.push_back(item.get());
  std::sort(all.begin(), all.end(), [](const Item* a, const Item* b) { return a->name() < b->name(); });
  return all;
}
template std::vector<const v1::Region*> Catalogue::All() const;
template std::vector<const v1::Station*> Catalogue::All() const;
template std::vector<const v1::Device*> Catalogue::All() const;
template std::vector<const v1::Merchant*> Catalogue::All() const;
template std::vector<const v1::Offer*> Catalogue::All() const;
template std::vector<const v1::Staff*> Catalogue::All() const;

const v1::RuleSet* Catalogue::rules() const { return rule_sets_.empty() ? nullptr : &rule_sets_.rbegin()->second->set(); }

const Rules* Catalogue::RulesVersion(uint32_t version) const {
  const auto found = rule_sets_.find(version);
  return found == rule_sets_.end() ? nullptr : found->second.get();
}

const v1::RuleSet* Catalogue::RulesOf(uint32_t version) const {
  const Rules* rules = RulesVersion(version);
  return rules == nullptr ? nullptr : &rules->set();
}

const Rules* Catalogue::RulesOn(int32_t day) const {
  for (auto at = rule_sets_.rbegin(); at != rule_sets_.rend(); ++at) {
    if (at->second->effective_day() <= day) return at->second.get();
  }
  return nullptr;
}

bool Catalogue::IsWithin(CatalogueId region, CatalogueId ancestor) const {
  for (int depth = 0; depth < kRegionDepthMax; ++depth) {
    const v1::Region* node = Find<v1::Region>(region);
    if (node == nullptr) return false;
    if (region == ancestor) return true;
    region = CatalogueIdOf(node->parent());
  }
  return false;
}

CatalogueId Catalogue::TownOf(CatalogueId region) const {
  const auto found = towns_->find(region);
  return found == towns_->end() ? region : found->second;
}

CatalogueId Catalogue::FindTown(CatalogueId region) const {
  for (int depth = 0; depth < kRegionDepthMax; ++depth) {
    const v1::Region* node = Find<v1::Region>(region);
    if (node == nullptr || node->level() == "town" || node->parent().empty()) return region;
    region = CatalogueIdOf(node->parent());
  }
  return region;
}

void Catalogue::PlaceTowns() {
  auto towns = std::make_shared<absl::flat_hash_map<CatalogueId, CatalogueId>>();
  for (const auto& [id, region] : std::get<Items<v1::Region>>(items_)) towns->emplace(id, FindTown(id));
  towns_ = std::move(towns);
}

std::vector<const v1::Staff*> Catalogue::StaffWithSubject(absl::string_view subject) const {
  std::vector<const v1::Staff*> found;
  if (subject.empty()) return found;
  for (const v1::Staff* staff : All<v1::Staff>()) {
    if (staff->subject() == subject) found.push_back(staff);
  }
  return found;
}

std::vector<std::pair<const v1::Merchant*, const v1::MerchantOperator*>> Catalogue::OperatorsWithSubject(absl::string_view subject) const {
  std::vector<std::pair<const v1::Merchant*, const v1::MerchantOperator*>> found;
  if (subject.empty()) return found;
  for (const v1::Merchant* merchant : All<v1::Merchant>()) {
    for (const v1::MerchantOperator& person : merchant->operators()) {
      if (person.subject() == subject) found.emplace_back(merchant, &person);
    }
  }
  return found;
}

template <typename Item>
void Catalogue::Put(CatalogueId id, absl::string_view bytes) {
  auto item = std::make_shared<Item>();
  FENFEN_CHECK(item->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  std::get<Items<Item>>(items_)[id] = std::move(item);
}

void Catalogue::PutRecord(const RecordKey& key, absl::string_view bytes) {
  const CatalogueId id(key.id);
  switch (key.kind) {
    case RecordKind::kRegion:
      return Put<v1::Region>(id, bytes);
    case RecordKind::kStation:
      return Put<v1::Station>(id, bytes);
    case RecordKind::kDevice:
      return Put<v1::Device>(id, bytes);
    case RecordKind::kMerchant:
      return Put<v1::Merchant>(id, bytes);
    case RecordKind::kOffer:
      return Put<v1::Offer>(id, bytes);
    case RecordKind::kStaff:
      return Put<v1::Staff>(id, bytes);
    case RecordKind::kRuleSet: {
      v1::RuleSet rules;
      FENFEN_CHECK(rules.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      rule_sets_[static_cast<uint32_t>(key.id)] = std::make_shared<const Rules>(std::move(rules));
      return;
    }
    case RecordKind::kBudget:
      stopped_budgets_ = StoppedBudgets::With(stopped_budgets_, bytes);
      return;
    default:
      return;  // the catalogue's partition holds others' documents too
  }
}

std::shared_ptr<const Catalogue> CatalogueStore::Snapshot() const {
  absl::ReaderMutexLock lock(&mutex_);
  return current_;
}

void CatalogueStore::Apply(const CommittedTransaction& committed) {
  if (committed.partition != kCataloguePartition) return;
  auto next = std::make_shared<Catalogue>(*Snapshot());
  bool regions = false;
  for (const RecordChange& change : committed.transaction.changes) {
    next->PutRecord(change.key, change.bytes);
    regions = regions || change.key.kind == RecordKind::kRegion;
    // As exact as the journal and the memo keep it, so that it is the same after a restart.
    if (change.key.kind == RecordKind::kRuleSet) next->rules_set_at_ = absl::FromUnixMicros(absl::ToUnixMicros(committed.record_time));
  }
  if (regions) next->PlaceTowns();
  next->version_ = committed.seq;
  absl::MutexLock lock(&mutex_);
  current_ = std::move(next);
}

void CatalogueStore::Restore(const PartitionContents& contents) {
  if (contents.partition != kCataloguePartition) return;
  auto next = std::make_shared<Catalogue>(*Snapshot());
  for (const PartitionContents::Record& record : contents.records) next->PutRecord(record.key, record.bytes);
  next->PlaceTowns();
  next->version_ = contents.last;
  absl::MutexLock lock(&mutex_);
  current_ = std::move(next);
}

std::string CatalogueStore::SaveMemo() const {
  std::string memo;
  ByteWriter(memo).Zigzag(absl::ToUnixMicros(Snapshot()->rules_set_at()));
  return memo;
}

absl::Status CatalogueStore::LoadMemo(absl::string_view memo, InParallel) {
  if (memo.empty()) return absl::OkStatus();
  ByteReader in(memo);
  auto next = std::make_shared<Catalogue>(*Snapshot());
  next->rules_set_at_ = absl::FromUnixMicros(in.Zigzag());
  if (!in.Finished()) return absl::DataLossError("the time of the rules does not have its form");
  absl::MutexLock lock(&mutex_);
  current_ = std::move(next);
  return absl::OkStatus();
}

}  // namespace fenfen
