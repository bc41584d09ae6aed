#include "tests/simulation/model_catalogue.h"

#include "absl/time/civil_time.h"

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

const ModelRules* ModelCatalogue::RulesOn(int32_t day) const {
  for (auto at = rules.rbegin(); at != rules.rend(); ++at) {
    if (at->second->effective_day <= day) return at->second.get();
  }
  return nullptr;
}

SharedModelCatalogue Update(const ModelCatalogue& before, const v1::UpdateCatalogueRequest& update, int32_t today) {
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
  auto read = std::make_shared<ModelRules>();
  read->set = rules;
  read->effective_day = rules.version() == 1 ? INT32_MIN : today + 1;
  if (!rules.effective_date().empty()) {
    absl::CivilDay day;
    if (!absl::ParseCivilTime(rules.effective_date(), &day)) return nullptr;
    const auto number = static_cast<int32_t>(day - absl::CivilDay(1970, 1, 1));
    if (number < read->effective_day) return nullptr;
    read->effective_day = number;
  }
  after->rules_version = rules.version();
  after->rules[rules.version()] = std::move(read);
  return after;
}

}  // namespace fenfen::sim
