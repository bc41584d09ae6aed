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
    if (!random_.OneIn(4)) rule.set_daily_drops_max(static_cast<int>(random_.Between(0, 12)));
    if (!random_.OneIn(4)) rule.set_daily_reward_max(random_.Between(0, 2000));
  }
  if (random_.OneIn(2)) AddCaps(rules);
  if (random_.OneIn(2)) AddExtras(rules);
  if (random_.OneIn(2)) AddPolicies(rules);
}

// Limits of every scope, period and unit, which cross.
void Clients::AddCaps(v1::RuleSet& rules) {
  const auto longest = static_cast<v1::CapPeriod>(random_.Between(1, 3));
  for (int n = static_cast<int>(random_.Between(1, 3)); n > 0; --n) {
    v1::Cap& cap = *rules.add_caps();
    // Some ids stay over versions, and go on counting.
    cap.set_id(absl::StrCat("cap-", n));
    cap.set_title_zh("上限");
    cap.set_title_en("Limit");
    cap.set_scope(static_cast<v1::CapScope>(random_.Between(1, 3)));
    cap.set_period(random_.OneIn(3) ? v1::CAP_PERIOD_DAY : longest);
    cap.set_unit(static_cast<v1::CapUnit>(random_.Between(1, 3)));
    const int64_t most = cap.unit() == v1::CAP_UNIT_COUNT ? 8 : cap.unit() == v1::CAP_UNIT_POINTS ? 3000 : 10'000;
    cap.set_limit(random_.Between(0, most));
    for (int category = 1; category <= 4; ++category) {
      if (random_.OneIn(4)) cap.add_categories(static_cast<v1::Category>(category));
    }
  }
}

void Clients::AddExtras(v1::RuleSet& rules) {
  for (int n = 1; n <= 2; ++n) {
    v1::Bonus& bonus = *rules.add_bonuses();
    bonus.set_id(absl::StrCat("bonus-", n));
    bonus.set_title_zh("奖励");
    bonus.set_title_en("Bonus");
    bonus.set_kind(n == 1 ? v1::BONUS_KIND_FIRST_DROP : v1::BONUS_KIND_ALL_CATEGORIES);
    if (n == 2) bonus.add_required_categories(v1::CATEGORY_FOOD), bonus.add_required_categories(v1::CATEGORY_RESIDUAL);
    bonus.set_reward(random_.Between(0, 300));
    bonus.set_civic(random_.Between(0, 50));
  }
  v1::Campaign& campaign = *rules.add_campaigns();
  campaign.set_id("campaign");
  campaign.set_title_zh("活动");
  campaign.set_title_en("Campaign");
  campaign.set_begin_time("2000-01-01T00:00:00+08:00");
  campaign.set_end_time("2100-01-01T00:00:00+08:00");
  campaign.set_reward_percent(static_cast<int>(random_.Between(0, 350)));
  campaign.set_civic_percent(static_cast<int>(random_.Between(0, 350)));
}

// When drops of some categories are credited.
void Clients::AddPolicies(v1::RuleSet& rules) {
  for (int n = 1; n <= 2; ++n) {
    v1::VerificationPolicy& policy = *rules.add_verification_policies();
    policy.set_id(absl::StrCat("policy-", n));
    policy.set_timing(static_cast<v1::CreditTiming>(random_.Between(1, 3)));
    if (policy.timing() != v1::CREDIT_TIMING_IMMEDIATE) policy.set_wait_hours(static_cast<int>(random_.Between(1, 200)));
    for (int category = 1; category <= 4; ++category) {
      if (random_.OneIn(3)) policy.mutable_match()->add_categories(static_cast<v1::Category>(category));
    }
  }
}

SharedRequest Clients::CatalogueUpdate(absl::Time now) {
  v1::UpdateCatalogueRequest request;
  if (random_.OneIn(2)) *request.add_offers() = ChangedOffer(static_cast<int>(random_.Between(1, kOffers)));
  const int wrong_by = random_.OneIn(8) ? static_cast<int>(random_.Between(0, 2)) : 1;
  if (request.offers_size() == 0) ChangeRules(*request.mutable_rule_set(), model_.newest_catalogue().rules_version + wrong_by);
  if (request.has_rule_set() && random_.OneIn(3)) {
    // Also today and before, which is too early.
    const absl::CivilDay day = absl::CivilDay(1970, 1, 1) + ShanghaiDay(now) + random_.Between(-1, 4);
    request.mutable_rule_set()->set_effective_date(absl::FormatCivilTime(day));
  }
  return Make(NewKey(now), std::move(request));
}

}  // namespace fenfen::sim
