// Catalogue: regions, stations, devices, rules, offers, merchants, staff, as one immutable snapshot. A reader takes the snapshot once and
// decides everything from it; a change makes a new one.
//
//   std::shared_ptr<const Catalogue> catalogue = store.Snapshot();
//   const v1::Station* station = catalogue->Find<v1::Station>(CatalogueIdOf("stations/zc-1-1"));
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "fenfen/v1/catalogue.pb.h"
#include "ledger/core/ids.h"
#include "ledger/core/projection.h"

namespace fenfen {

class Rules;
class StoppedBudgets;

class Catalogue {
 public:
  // Items are shared between snapshots, so that a change copies pointers alone.
  template <typename Item>
  using Items = absl::flat_hash_map<CatalogueId, std::shared_ptr<const Item>>;

  // The item, or nullptr. Item is one of v1::Region, Station, Device, Merchant, Offer, Staff.
  template <typename Item>
  const Item* Find(CatalogueId id) const {
    const auto& items = std::get<Items<Item>>(items_);
    const auto found = items.find(id);
    return found == items.end() ? nullptr : found->second.get();
  }
  template <typename Item>
  const Item* Find(absl::string_view name) const {
    return Find<Item>(CatalogueIdOf(name));
  }
  // All of a kind, in name order.
  template <typename Item>
  std::vector<const Item*> All() const;

  // The last version of the rules, which may not be in force yet, or nullptr before there are any; with the time it was set.
  const v1::RuleSet* rules() const;
  absl::Time rules_set_at() const { return rules_set_at_; }
  // A version, or nullptr.
  const v1::RuleSet* RulesOf(uint32_t version) const;
  // The rules that a day is judged by: of the highest version that is in force on it; nullptr where none is. Of a day that has been, they
  // never change.
  const Rules* RulesOn(int32_t day) const;
  // A version made ready, or nullptr.
  const Rules* RulesVersion(uint32_t version) const;
  // Every version, the last first, until `visit` gives false.
  template <typename Visit>
  void ForEachRules(const Visit& visit) const {
    for (auto at = rule_sets_.rbegin(); at != rule_sets_.rend(); ++at) {
      if (!visit(*at->second)) return;
    }
  }

  // True if `region` is `ancestor` or lies below it; false where either is unknown.
  bool IsWithin(CatalogueId region, CatalogueId ancestor) const;
  // The town above a region, or the highest region above it where there is no town; the region itself where it is unknown.
  CatalogueId TownOf(CatalogueId region) const;

  // Towns whose budget of a month is used up and stops; nullptr where there is none.
  const StoppedBudgets* stopped_budgets() const { return stopped_budgets_.get(); }

  // Who signs in with this WeChat subject: the staff, or nullptr.
  std::vector<const v1::Staff*> StaffWithSubject(absl::string_view subject) const;
  // The merchants and operators with this subject.
  std::vector<std::pair<const v1::Merchant*, const v1::MerchantOperator*>> OperatorsWithSubject(absl::string_view subject) const;

  // The sequence number of the last catalogue transaction within.
  PartitionSeq version() const { return version_; }

 private:
  friend class CatalogueStore;
  template <typename Item>
  void Put(CatalogueId id, absl::string_view bytes);
  void PutRecord(const RecordKey& key, absl::string_view bytes);

  std::tuple<Items<v1::Region>, Items<v1::Station>, Items<v1::Device>, Items<v1::Merchant>, Items<v1::Offer>, Items<v1::Staff>> items_;
  // TownOf of every region, found anew when regions change: it is asked with each drop.
  CatalogueId FindTown(CatalogueId region) const;
  void PlaceTowns();

  std::shared_ptr<const absl::flat_hash_map<CatalogueId, CatalogueId>> towns_ =
      std::make_shared<const absl::flat_hash_map<CatalogueId, CatalogueId>>();
  std::map<uint32_t, std::shared_ptr<const Rules>> rule_sets_;
  std::shared_ptr<const StoppedBudgets> stopped_budgets_;
  absl::Time rules_set_at_;
  PartitionSeq version_;
};

// Keeps the current snapshot, folded from the catalogue's partition. Its memo is when the rules were set. Thread-safe.
class CatalogueStore final : public Projection {
 public:
  CatalogueStore() : current_(std::make_shared<Catalogue>()) {}
  std::shared_ptr<const Catalogue> Snapshot() const;
  void Apply(const CommittedTransaction& committed) override;
  void Restore(const PartitionContents& contents) override;
  absl::string_view MemoName() const override { return "catalogue"; }
  std::string SaveMemo() const override;
  absl::Status LoadMemo(absl::string_view memo, InParallel) override;

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const Catalogue> current_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fenfen
