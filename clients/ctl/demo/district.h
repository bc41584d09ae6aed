// The demo district: 通州区 with its real region tree, and made-up estates, stations, households, merchants, offers and staff, all from one
// seed. The numbers are those of the load model: 110 estates, 550 stations, 60,000 households, 30% of them without WeChat.
//
// The same plan gives the same district on every machine. Thread-safe: values.
#ifndef FENFEN_CLIENTS_CTL_DEMO_DISTRICT_H_
#define FENFEN_CLIENTS_CTL_DEMO_DISTRICT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fenfen::ctl {

// How large, and the seed it is drawn from.
struct DistrictPlan {
  uint64_t seed = 20260101;
  int64_t households = 60'000;
  int64_t estates = 110;
  int64_t stations = 550;
  int64_t drops = 78'000;
  int64_t history_days = 0;  // the days before the day of drops that have a history; 0, or 10 to 40
};

struct DemoRegion {
  std::string code, name, level, parent;
};

struct DemoStation {
  std::string id, name;
  size_t estate = 0;  // index into District::estates
  std::string device;
};

struct DemoHousehold {
  int64_t number = 0;
  size_t estate = 0;
  std::string card, door;
  int members = 1;
  std::vector<std::string> openids;  // of members 1, 2, …; empty for card holders
};

struct DemoMerchant {
  std::string id, name, region;
  std::string openid;                 // its first operator
  std::string assistant_openid = {};  // its second one; empty where there is none
};

struct DemoOffer {
  std::string id, title_zh, title_en, merchant;
  int64_t points = 0;  // whole points
  int voucher_days = 30;
  int64_t stock = 0;        // pieces in all; 0 where they are not counted
  std::string limits = {};  // for each household, as the import has it: `月=2`
  int refund_days = 0;      // after the day of the capture
  int quantity_max = 1;     // at once
};

struct DemoStaff {
  std::string id, role, region, openid;
  int64_t reversal_limit = 0, adjustment_limit = 0;  // whole points
};

// Somebody to sign in as.
struct DemoPerson {
  std::string openid, label;
};

// All of it.
struct District {
  std::vector<DemoRegion> regions;  // the tree, with the estates at its end
  std::vector<DemoRegion> estates;
  std::vector<DemoStation> stations;
  std::vector<std::vector<size_t>> stations_of_estate;
  std::vector<DemoHousehold> households;
  std::vector<DemoMerchant> merchants;
  std::vector<DemoOffer> offers;
  std::vector<DemoStaff> staff;
  std::vector<DemoPerson> people;
  // The household of demo-resident-1 and -2, which gets enough points for the cheapest offers.
  size_t rich_household = 0;
};

// What one person has who passes for the head of several households.
inline constexpr char kSharedOpenid[] = "person-shared-1";
inline constexpr size_t kSharedHouseholds = 6;

// Draws a district. InvalidArgument if the plan's numbers are out of bounds (1 to 200,000 households, 1 to 600 estates, at least one
// station an estate and at most 5,000; no history, or one of 10 to 40 days).
absl::StatusOr<District> MakeDistrict(const DistrictPlan& plan);

// The rule set of the demo, as JSON of fenfen.v1.RuleSet.
absl::string_view DemoRulesJson();

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_DISTRICT_H_
