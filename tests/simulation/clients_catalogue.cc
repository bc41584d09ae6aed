// What the operator sends: the town's catalogue and its changes.
#include <algorithm>
#include <string>

#include "tests/simulation/clients.h"
#include "tests/simulation/town.h"

namespace fenfen::sim {

SharedRequest Clients::Catalogue(absl::Time now) {
  v1::UpdateCatalogueRequest request;
  const auto region = [&request](const std::string& name, const char* level, const std::string& parent) {
    v1::Region& out = *request.add_regions();
    out.set_name(name);
    out.set_display_name(name);
    out.set_level(level);
    out.set_parent(parent);
  };
  region("regions/d", "district", "");
  for (int n = 1; n <= 2; ++n) {
    region(Name("regions", n), "town", "regions/d");
    region(Estate(n), "estate", Name("regions", n));
    v1::Merchant& merchant = *request.add_merchants();
    merchant.set_name(Name("merchants", n));
    merchant.set_display_name("潞苑超市");
    merchant.set_region(Name("regions", n));
  }
  for (int n = 1; n <= 3; ++n) {
    v1::Station& station = *request.add_stations();
    station.set_name(Name("stations", n));
    station.set_display_name("桶站");
    station.set_region("regions/1");
  }
  for (int n = 1; n <= kOffers; ++n) {
    v1::Offer& offer = *request.add_offers();
    offer = ChangedOffer(n);
    offer.set_price(std::max<int64_t>(offer.price(), 1));
  }
  ChangeRules(*request.mutable_rule_set(), 1);
  return Make(NewKey(now), std::move(request));
}

v1::Offer Clients::ChangedOffer(int number) {
  v1::Offer offer;
  offer.set_name(Name("offers", number));
  offer.set_title_zh("食用油");
  offer.set_title_en("Cooking oil");
  offer.set_price(random_.OneIn(20) ? 0 : random_.Between(20, 900));
  offer.set_merchant(Name("merchants", 1 + random_.Below(2)));
  offer.set_voucher_days(static_cast<int>(random_.Between(1, 10)));
  offer.set_withdrawn(random_.OneIn(6));
  return offer;
}

void Clients::ChangeRules(v1::RuleSet& rules, int version) {
  rules.set_version(version);
  rules.set_late_days_max(static_cast<int>(random_.Between(0, 9)));
  rules.set_expiry_grace_months(static_cast<int>(random_.Between(0, 24)));
  for (int category = 1; category <= 4; ++category) {
    if (random_.OneIn(8)) continue;
    v1::Rule& rule = *rules.add_rules();
    rule.set_id(absl::StrCat("rule-", ++requests_));
    rule.set_category(static_cast<v1::Category>(category));
    rule.set_reward_per_kg(random_.Between(0, 400));
    rule.set_reward_per_drop(random_.Between(0, 50));
    rule.set_civic_per_drop(random_.Between(0, 100));
    rule.set_assumed_grams(random_.Between(0, 1000));
    rule.set_daily_drops_max(static_cast<int>(random_.Between(0, 12)));
    rule.set_daily_reward_max(random_.Between(0, 2000));
  }
}

SharedRequest Clients::CatalogueUpdate(absl::Time now) {
  v1::UpdateCatalogueRequest request;
  if (random_.OneIn(2)) *request.add_offers() = ChangedOffer(static_cast<int>(random_.Between(1, kOffers)));
  const int wrong_by = random_.OneIn(8) ? static_cast<int>(random_.Between(0, 2)) : 1;
  if (request.offers_size() == 0) ChangeRules(*request.mutable_rule_set(), model_.newest_catalogue().rules_version + wrong_by);
  return Make(NewKey(now), std::move(request));
}

}  // namespace fenfen::sim
