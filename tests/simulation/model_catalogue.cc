#include "tests/simulation/model_catalogue.h"

namespace fenfen::sim {

std::optional<CatalogueId> ModelCatalogue::TownOf(CatalogueId region) const {
  for (const auto& [name, first] : regions) {
    if (CatalogueIdOf(name) != region) continue;
    const v1::Region* at = &first;
    while (at->level() != "town" && !at->parent().empty()) at = &regions.at(at->parent());
    return CatalogueIdOf(at->name());
  }
  return std::nullopt;
}

SharedModelCatalogue Update(const ModelCatalogue& before, const v1::UpdateCatalogueRequest& update) {
  auto after = std::make_shared<ModelCatalogue>(before);
  for (const v1::Region& region : update.regions()) after->regions[region.name()] = region;
  for (const v1::Station& station : update.stations()) after->stations.insert(CatalogueIdOf(station.name()));
  for (const v1::Offer& offer : update.offers()) {
    if (offer.price() < 1) return nullptr;
    after->offers[CatalogueIdOf(offer.name())] = {offer.price(), CatalogueIdOf(offer.merchant()), offer.voucher_days(), offer.withdrawn()};
  }
  if (!update.has_rule_set()) return after;
  const v1::RuleSet& rules = update.rule_set();
  if (rules.version() != before.rules_version + 1) return nullptr;
  after->rules_version = rules.version();
  after->late_days = rules.late_days_max();
  after->grace_months = rules.expiry_grace_months();
  after->rules.clear();
  for (const v1::Rule& rule : rules.rules()) {
    after->rules[rule.category()] = {rule.reward_per_kg(), rule.reward_per_drop(), rule.civic_per_drop(),
                                     rule.assumed_grams(), rule.daily_drops_max(), rule.daily_reward_max()};
  }
  return after;
}

}  // namespace fenfen::sim
