#include "clients/ctl/demo/district.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/ctl/demo/goods.h"
#include "clients/ctl/demo/random.h"
#include "clients/ctl/import/csv.h"

extern "C" {
extern const char fenfen_regions_begin[];
extern const char fenfen_regions_end[];
}

namespace fenfen::ctl {

namespace {

constexpr int64_t kFirstHousehold = 10'000'001;
constexpr double kCardFirst = 0.30;
constexpr int64_t kRoomsPerFloor = 4, kFloors = 18;

// The tree as published: code, name, level, parent_code.
std::vector<DemoRegion> RegionTree() {
  CsvReader reader(absl::string_view(fenfen_regions_begin, static_cast<size_t>(fenfen_regions_end - fenfen_regions_begin)));
  std::vector<DemoRegion> regions;
  CsvRecord record;
  reader.Next(&record);  // the header
  while (reader.Next(&record)) {
    if (record.fields.size() == 4) regions.push_back({record.fields[0], record.fields[1], record.fields[2], record.fields[3]});
  }
  return regions;
}

void MakeEstates(const DistrictPlan& plan, SeededRandom* random, District* district) {
  std::vector<const DemoRegion*> towns;
  std::map<std::string, std::vector<const DemoRegion*>> communities;
  for (const DemoRegion& region : district->regions) {
    if (region.level == "town") towns.push_back(&region);
    if (region.level == "community" || region.level == "village") communities[region.parent].push_back(&region);
  }
  std::vector<std::string> names;
  for (const char* first : EstateFirstHalves()) {
    for (const char* second : EstateSecondHalves()) names.push_back(absl::StrCat(first, second));
  }
  random->Shuffle(&names);
  const auto town_count = static_cast<int64_t>(towns.size());
  for (int64_t i = 0; i < plan.estates; ++i) {
    // Estates are dealt out evenly over the towns, in order, so that the first ones are neighbours.
    const int64_t town = plan.estates >= town_count ? i * town_count / plan.estates : i % town_count;
    const auto& below = communities[towns[static_cast<size_t>(town)]->code];
    const DemoRegion& community = *below[static_cast<size_t>(random->Below(static_cast<int64_t>(below.size())))];
    const std::string& name = names[static_cast<size_t>(i) % names.size()];
    const auto round = static_cast<size_t>(i) / names.size();
    district->estates.push_back({absl::StrFormat("%sE%03d", community.code, i + 1),
                                 round == 0 ? name : absl::StrFormat("%s%d区", name, round + 1), "estate", community.code});
  }
  district->regions.insert(district->regions.end(), district->estates.begin(), district->estates.end());
}

void MakeStations(const DistrictPlan& plan, District* district) {
  district->stations_of_estate.resize(district->estates.size());
  for (int64_t i = 0; i < plan.stations; ++i) {
    const auto estate = static_cast<size_t>(i * plan.estates / plan.stations);
    std::vector<size_t>& siblings = district->stations_of_estate[estate];
    siblings.push_back(district->stations.size());
    district->stations.push_back({absl::StrFormat("T%04d", i + 1),
                                  absl::StrFormat("%s%d号桶站", district->estates[estate].name, siblings.size()), estate,
                                  absl::StrFormat("D%04d", i + 1)});
  }
}

// About 2.3 people a household.
int DrawMembers(SeededRandom* random) {
  static constexpr double kWeights[] = {27, 34, 24, 11, 4};
  return 1 + static_cast<int>(random->Pick(kWeights));
}

void MakeHouseholds(const DistrictPlan& plan, SeededRandom* random, District* district) {
  std::vector<double> weights;
  for (size_t i = 0; i < district->estates.size(); ++i) weights.push_back(0.5 + random->Unit());
  std::vector<int64_t> sizes(weights.size(), 0);
  // Every estate has somebody; the rest is spread by the estates' sizes.
  for (int64_t i = 0; i < plan.households; ++i) {
    const size_t estate = i < plan.estates ? static_cast<size_t>(i) : random->Pick(weights);
    ++sizes[estate];
  }
  for (size_t estate = 0; estate < sizes.size(); ++estate) {
    for (int64_t i = 0; i < sizes[estate]; ++i) {
      DemoHousehold household;
      household.number = kFirstHousehold + static_cast<int64_t>(district->households.size());
      household.estate = estate;
      const int64_t building = i / (kRoomsPerFloor * kFloors);
      const int64_t room = i % (kRoomsPerFloor * kFloors);
      household.door =
          absl::StrFormat("%d-%d-%d%02d", building / 2 + 1, building % 2 + 1, room / kRoomsPerFloor + 1, room % kRoomsPerFloor + 1);
      household.members = DrawMembers(random);
      if (random->Chance(kCardFirst)) {
        household.card = absl::StrFormat("K%09d", household.number - kFirstHousehold + 100'000'001);
      } else {
        household.openids.push_back(absl::StrCat("person-", household.number, "-1"));
        for (int member = 2; member <= household.members && random->Chance(0.5); ++member) {
          household.openids.push_back(absl::StrCat("person-", household.number, "-", member));
        }
      }
      district->households.push_back(std::move(household));
    }
  }
}

// Gives the people to sign in as their households.
void PlaceResidents(District* district) {
  std::vector<DemoHousehold>& households = district->households;
  const auto place = [&](DemoHousehold* household, int member, int number) {
    const std::string openid = absl::StrCat("demo-resident-", number);
    household->members = std::max(household->members, member);
    household->openids.resize(std::max(household->openids.size(), static_cast<size_t>(member)));
    household->openids[static_cast<size_t>(member) - 1] = openid;
    household->card.clear();
    const std::string role = member > 1 ? "（家人）" : "";
    district->people.push_back({openid, absl::StrCat("居民·", district->estates[household->estate].name, " ", household->door, role)});
  };
  // The first two live together; the others in estates further on, or further on in the one there is.
  district->rich_household = 0;
  place(&households[0], 1, 1);
  if (households.size() < 6) return;
  place(&households[0], 2, 2);
  size_t last = 0;
  for (int number = 3; number <= 6; ++number) {
    const size_t estate = households[last].estate;
    size_t next = last + 1;
    while (next + 6 < households.size() && households[next].estate == estate && district->estates.size() > 4) ++next;
    place(&households[next], 1, number);
    last = next;
  }
}

// Gives one person the last households with WeChat of the first estate: what the risk queue should find.
void PlantSharedIdentity(District* district) {
  size_t planted = 0;
  for (size_t i = district->households.size(); i-- > 6 && planted < kSharedHouseholds;) {
    DemoHousehold& household = district->households[i];
    if (household.estate != 0 || household.openids.empty()) continue;
    household.openids[0] = kSharedOpenid;
    ++planted;
  }
}

// Some goods are few, some are limited for each household, what is fresh is good for a week, and the first two merchants take things back.
void SetTerms(const Good& good, DemoOffer* offer) {
  if (good.stock > 0) offer->stock = good.stock;
  offer->limits = good.limits;
  if (good.fresh) offer->voucher_days = 7;
  if (good.merchant < 2) offer->refund_days = 7;
  offer->quantity_max = good.points <= 100 ? 3 : 1;
}

void MakeMerchants(SeededRandom* random, District* district) {
  std::vector<const DemoRegion*> towns;
  for (const DemoRegion& region : district->regions) {
    if (region.level == "town") towns.push_back(&region);
  }
  const absl::Span<const char* const> kinds = ShopKinds();
  for (size_t i = 0; i < kinds.size(); ++i) {
    const DemoRegion& town = *towns[i < 3 ? 0 : static_cast<size_t>(random->Below(static_cast<int64_t>(towns.size())))];
    DemoMerchant merchant{absl::StrFormat("M%03d", i + 1), absl::StrCat(town.name, kinds[i]), town.code, absl::StrCat("shop-", i + 1)};
    if (i < 3) {
      merchant.openid = absl::StrCat("demo-merchant-", i + 1);
      district->people.push_back({merchant.openid, absl::StrCat("商户·", merchant.name)});
      merchant.assistant_openid = absl::StrCat("shop-", i + 1, "-assistant");
    }
    district->merchants.push_back(std::move(merchant));
  }
  for (const Good& good : Goods()) {
    DemoOffer offer{absl::StrFormat("O%03d", district->offers.size() + 1),      good.title_zh, good.title_en,
                    district->merchants[static_cast<size_t>(good.merchant)].id, good.points,   good.points < 300 ? 30 : 90};
    SetTerms(good, &offer);
    district->offers.push_back(std::move(offer));
  }
}

void MakeStaff(District* district) {
  const auto add = [&](const std::string& id, const char* role, const DemoRegion& region, const std::string& openid, const char* label) {
    const bool corrects = std::string(role) == "staff", whole_district = region.level == "district";
    district->staff.push_back(
        {id, role, region.code, openid, corrects ? (whole_district ? 2'000 : 200) : 0, corrects ? (whole_district ? 5'000 : 500) : 0});
    if (label != nullptr) district->people.push_back({openid, absl::StrCat(label, "·", region.name)});
  };
  int town = 0;
  for (const DemoRegion& region : district->regions) {
    if (region.level != "town") continue;
    ++town;
    const bool signs_in = town <= 2;
    add(absl::StrFormat("S%02d", town), "staff", region, signs_in ? absl::StrCat("demo-staff-", town) : absl::StrCat("staff-", town),
        signs_in ? "社区" : nullptr);
    add(absl::StrFormat("A%02d", town), "attendant", region, town == 1 ? "demo-attendant-1" : absl::StrCat("attendant-", town),
        town == 1 ? "指导员" : nullptr);
  }
  add("C01", "staff", district->regions.front(), "demo-staff-3", "区主管");
  add("U01", "auditor", district->regions.front(), "demo-auditor-1", "审计");
}

}  // namespace

absl::StatusOr<District> MakeDistrict(const DistrictPlan& plan) {
  const bool sensible = plan.households >= plan.estates && plan.households <= 200'000 && plan.estates >= 1 && plan.estates <= 600 &&
                        (plan.history_days == 0 || (plan.history_days >= 10 && plan.history_days <= 40)) && plan.stations >= plan.estates &&
                        plan.stations <= 5'000 && plan.drops >= 0 && plan.drops <= 2'000'000;
  if (!sensible) {
    return absl::InvalidArgumentError(
        "规模不合理：小区 1–600，站点不少于小区且不超过 5000，家庭不少于小区且不超过 200000，投放不超过 2000000，历史 0 或 10–40 天 / "
        "sizes out of bounds: 1 to 600 estates, stations from that to 5,000, households from that to 200,000, at most 2,000,000 drops, a "
        "history of 0 or 10 to 40 days");
  }
  SeededRandom random(plan.seed);
  District district;
  district.regions = RegionTree();
  MakeEstates(plan, &random, &district);
  MakeStations(plan, &district);
  MakeHouseholds(plan, &random, &district);
  PlaceResidents(&district);
  PlantSharedIdentity(&district);
  MakeMerchants(&random, &district);
  MakeStaff(&district);
  return district;
}

absl::string_view DemoRulesJson() {
  return R"({
  "version": 1,
  "late_days_max": 7,
  "expiry_grace_months": 3,
  "rules": [
    {"id": "food", "category": "CATEGORY_FOOD", "reward_per_kg": 200, "civic_per_drop": 100, "assumed_grams": 500,
     "daily_drops_max": 2, "daily_reward_max": 2000},
    {"id": "recyclable", "category": "CATEGORY_RECYCLABLE", "reward_per_kg": 1000, "civic_per_drop": 100, "assumed_grams": 300,
     "daily_drops_max": 4, "daily_reward_max": 5000},
    {"id": "hazardous", "category": "CATEGORY_HAZARDOUS", "reward_per_drop": 500, "civic_per_drop": 200, "assumed_grams": 100,
     "daily_drops_max": 1, "daily_reward_max": 500},
    {"id": "residual", "category": "CATEGORY_RESIDUAL", "civic_per_drop": 50, "assumed_grams": 500, "daily_drops_max": 2}
  ]
}
)";
}

}  // namespace fenfen::ctl
