// ModelCatalogue: the model's own reading of catalogue updates: just what its arithmetic needs. Immutable once made.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "fenfen/v1/catalogue.pb.h"
#include "ledger/core/ids.h"

namespace fenfen::sim {

struct ModelRule {
  int64_t reward_per_kg = 0;
  int64_t reward_per_drop = 0;
  int64_t civic_per_drop = 0;
  int64_t assumed_grams = 0;
  int64_t drops_max = 0;
  int64_t reward_max = 0;
};

struct ModelOffer {
  int64_t price = 0;
  CatalogueId merchant;
  int days = 0;
  bool withdrawn = false;
};

struct ModelCatalogue {
  std::map<std::string, v1::Region> regions;  // by name
  std::set<CatalogueId> stations;
  std::map<CatalogueId, ModelOffer> offers;
  std::map<int, ModelRule> rules;  // by category
  int rules_version = 0;           // 0 before there are any
  int late_days = 0;
  int grace_months = 0;

  // The town that a region lies in; nullopt where the region is unknown.
  std::optional<CatalogueId> TownOf(CatalogueId region) const;
};
using SharedModelCatalogue = std::shared_ptr<const ModelCatalogue>;

// The catalogue after an update; nullptr where it must be refused: a rule set that is not the next one, an offer without a price.
SharedModelCatalogue Update(const ModelCatalogue& before, const v1::UpdateCatalogueRequest& update);

}  // namespace fenfen::sim
