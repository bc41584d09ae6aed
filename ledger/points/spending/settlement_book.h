// SettlementBook: all statements as they stand, by name and by merchant. A projection of the catalogue's partition. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "fenfen/v1/settlement.pb.h"
#include "ledger/core/projection.h"

namespace fenfen {

class SettlementBook final : public Projection {
 public:
  using Item = std::shared_ptr<const v1::Settlement>;

  void Apply(const CommittedTransaction& committed) override;
  void Restore(const PartitionContents& contents) override;

  // nullptr where there is none of this name.
  Item Find(absl::string_view name) const;
  // A merchant's, the earliest period first, rejected ones among them.
  std::vector<Item> OfMerchant(absl::string_view merchant) const;
  // The name of the statement that stands and holds the captures of this day; empty where none does.
  std::string Covering(CatalogueId merchant, int32_t day) const;
  // Those that are paid and not yet entered everywhere.
  std::vector<Item> Paid() const;

 private:
  void Take(const RecordKey& key, absl::string_view bytes);

  mutable absl::Mutex mutex_;
  std::map<std::string, Item, std::less<>> items_ ABSL_GUARDED_BY(mutex_);  // by name, so a merchant's lie together, by first day
};

}  // namespace fenfen
