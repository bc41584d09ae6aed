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
#include "tests/simulation/model_rules.h"

namespace fenfen::sim {

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
  std::map<int, std::shared_ptr<const ModelRules>> rules;  // by version
  int rules_version = 0;                                   // the last; 0 before there are any

  // The town that a region lies in; nullopt where the region is unknown.
  std::optional<CatalogueId> TownOf(CatalogueId region) const;
  // The rules of the highest version that is in force on the day, or nullptr.
  const ModelRules* RulesOn(int32_t day) const;
};
using SharedModelCatalogue = std::shared_ptr<const ModelCatalogue>;

// The catalogue after an update on `today`; nullptr where it must be refused: a rule set that is not the next one or is to be in force
// before tomorrow, an offer without a price.
SharedModelCatalogue Update(const ModelCatalogue& before, const v1::UpdateCatalogueRequest& update, int32_t today);

}  // namespace fenfen::sim
