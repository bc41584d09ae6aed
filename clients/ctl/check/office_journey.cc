// What else those do who serve the residents: corrections and settlements, two people where it takes two; cards, consents, moves; and what
// an auditor may see and not do.
#include <boost/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/check/journeys.h"
#include "clients/ctl/demo/cast.h"
#include "clients/ctl/demo/day.h"

namespace fenfen::ctl {

namespace {

using boost::json::object;

void Corrections(Tour* tour) {
  Checks& checks = *tour->checks;
  const SignedIn& staff = tour->staff;
  const object wrong = {{"reason", "CORRECTION_REASON_WRONG_WEIGHT"}};
  const HttpAnswer reversed = tour->Post("staff reverse an entry", staff, tour->drop_entry + ":reverse", wrong);
  checks.ExpectEqual(reversed.Number("data.entry.reward"), -900, "exactly its opposite");
  tour->Refused("a second reversal", staff, tour->drop_entry + ":reverse", wrong, "REVERSED_ALREADY");
  const HttpAnswer answered =
      tour->Post("the appeal is answered", staff, tour->appeal + ":answer",
                 object{{"reason", "CORRECTION_REASON_WRONG_WEIGHT"}, {"remedy", reversed.Text("data.entry.name")}});
  checks.ExpectEqual(answered.Text("data.appeal.state"), "STATE_UPHELD", "and upheld");

  const object terms = {{"asset", "ASSET_REWARD"}, {"amount", 900}, {"reason", "CORRECTION_REASON_SLIP"}};
  const HttpAnswer proposed = tour->Post("staff propose an adjustment", staff, tour->resident.household + "/adjustments", terms);
  const std::string adjustment = proposed.Text("data.adjustment.name");
  tour->Refused("approving one's own proposal", staff, adjustment + ":approve", {}, "CHECKER_IS_MAKER");
  const int64_t before = tour->Balance();
  tour->Post("a second person approves", tour->chief, adjustment + ":approve", {});
  checks.ExpectEqual(tour->Balance(), before + 900, "and it is posted");
  const HttpAnswer other = tour->Post("another proposal", staff, tour->resident.household + "/adjustments", terms);
  tour->Post("is dismissed", tour->chief, other.Text("data.adjustment.name") + ":dismiss",
             object{{"reason", "CORRECTION_REASON_NOT_SHOWN"}});

  const std::string waiting = tour->Get("proposals that wait", tour->chief, tour->chief.region + "/adjustments").body;
  checks.Expect(absl::StrContains(waiting, "STATE_PROPOSED"), "one of the month still waits", waiting.substr(0, 300));
  const std::string open = tour->Get("appeals that wait", tour->chief, tour->chief.region + "/appeals").body;
  checks.Expect(absl::StrContains(open, "STATE_OPEN"), "one of the month is open", open.substr(0, 300));
}

void Settlements(Tour* tour) {
  Checks& checks = *tour->checks;
  const auto merchant = [&](size_t index) { return absl::StrCat("merchants/", tour->demo->district().merchants[index].id); };
  const auto last = [&](size_t index) {
    return tour->Get("a merchant's settlements", tour->chief, merchant(index) + "/settlements").Text("data.settlements.0.name");
  };
  const std::string made = last(1), approved = last(2);
  tour->Refused("approving one's own statement", tour->staff, made + ":approve", {}, "SETTLEMENT_SAME_PERSON");
  const HttpAnswer second = tour->Post("a second person approves a statement", tour->chief, made + ":approve", {});
  checks.ExpectEqual(second.Text("data.settlement.state"), "STATE_APPROVED", "which is then approved");
  tour->Post("one is paid", tour->staff, approved + ":pay", object{{"bank_reference", "BANK-CHECK-1"}});
  const HttpAnswer reconciled = tour->Get("and reconciled", tour->auditor, merchant(2) + "/settlements:reconcile");
  checks.Expect(!absl::StrContains(reconciled.body, "captures/"), "no capture is in none or two", reconciled.body.substr(0, 300));
  tour->Get("a merchant sees its own", tour->merchant, tour->merchant.merchant + "/settlements");

  const int64_t before = tour->Balance();
  const HttpAnswer day = tour->Get("today's captures", tour->chief, tour->merchant.merchant + "/captures");
  const HttpAnswer refunded =
      tour->Post("the merchant refunds a capture", tour->merchant, day.Text("data.captures.0.name") + ":refund", {});
  checks.ExpectEqual(tour->Balance(), before + refunded.Number("data.capture.amount"), "to whom it came from");
}

void People(Tour* tour) {
  const District& district = tour->demo->district();
  const absl::StatusOr<Cast> cast = ChooseCast(district);
  if (!cast.ok()) return;
  const std::string& home = tour->resident.household;
  const std::string member = home + "/members/2";
  tour->Post("a consent is recorded", tour->staff, home + "/members:recordConsent", object{{"member", member}});
  tour->Post("and withdrawn", tour->staff, home + "/members:withdrawConsent", object{{"member", member}});
  tour->Post("a card is issued", tour->staff, home + "/card", object{{"card", "KCHECK0001"}});
  tour->Post("and revoked", tour->staff, home + "/card:revoke", {});
  const std::string estate = absl::StrCat("regions/", district.estates[0].code);
  tour->Post("somebody moves back", tour->chief, HouseholdNameOf(district, cast->mover) + ":move",
             object{{"region", estate}, {"door", "88-8-801"}});
  tour->founded = "20000001";
  tour->Post("a member leaves with points", tour->staff, home + ":split",
             object{{"member", member}, {"amount", 100}, {"number", tour->founded}, {"region", estate}});
  tour->Get("a station's code", tour->staff, absl::StrCat("stations/", district.stations[0].id, "/code"));
  tour->Get("a region's board", tour->staff, tour->staff.region + "/board?board=boards/week");
}

// What waits is looked into, in the household's flow; a sample is drawn; a case is decided; what was collected is noted.
void Trust(Tour* tour) {
  const District& district = tour->demo->district();
  const absl::StatusOr<Cast> cast = ChooseCast(district);
  if (!cast.ok()) return;
  const HttpAnswer waiting = tour->Get("drops that wait", tour->chief, tour->chief.region + "/pendingDrops");
  std::string by_policy, late;
  for (int i = 0; !waiting.Text(absl::StrCat("data.pending_drops.", i, ".name")).empty(); ++i) {
    const std::string at = absl::StrCat("data.pending_drops.", i);
    (waiting.Text(at + ".cause") == "CAUSE_LATE" ? late : by_policy) = waiting.Text(at + ".name");
  }
  const HttpAnswer inspected = tour->Post("one is inspected", tour->chief, by_policy + ":inspect", {});
  tour->checks->ExpectEqual(inspected.Text("data.pending_drop.state"), "STATE_RELEASED", "and credited");
  tour->Post("one that came too late is released", tour->chief, late + ":release", {});
  tour->Refused("deciding it again", tour->chief, late + ":reject", object{{"reason", "REJECTION_REASON_MIXED"}}, "PENDING_DROP_DECIDED");
  const std::string home = HouseholdNameOf(district, cast->assisted);
  const HttpAnswer bags = tour->Post("bags are handed out", tour->chief, home + "/bags", object{{"count", 2}});
  tour->Post("one is lost", tour->chief, home + "/bags:revoke", object{{"tag", bags.Text("data.tags.0")}});
  const std::string station = absl::StrCat("stations/", district.stations[district.stations_of_estate[0].front()].id);
  tour->Post("one is inspected", tour->staff, station + "/bags:inspect",
             object{{"tag", bags.Text("data.tags.1")}, {"category", "CATEGORY_FOOD"}, {"weight_grams", 600}});

  const absl::CivilDay today = absl::ToCivilDay(absl::Now(), ProgrammeTimeZone());
  const std::string estate = absl::StrCat("regions/", district.estates[0].code), yesterday = absl::FormatCivilTime(today - 1);
  const HttpAnswer drawn =
      tour->Post("an auditor draws a sample", tour->auditor, estate + "/reinspections", object{{"day", yesterday}, {"size", 5}});
  tour->Post("a drop is looked into again", tour->chief, drawn.Text("data.reinspection.sample.0.entry") + ":reinspect",
             object{{"region", estate}, {"day", yesterday}, {"correct", true}});
  const HttpAnswer sample = tour->Get("the sample", tour->auditor, absl::StrCat(estate, "/reinspection?day=", yesterday));
  tour->checks->ExpectEqual(sample.Number("data.reinspection.inspected"), 1, "and noted");
  tour->Post("what was collected", tour->staff, station + "/collections",
             object{{"day", yesterday}, {"weights", boost::json::array{object{{"category", "CATEGORY_FOOD"}, {"grams", 120'000}}}}});
  const HttpAnswer found = tour->Get("the attendant's case", tour->chief, tour->chief.region + "/riskCases?signal=RISK_SIGNAL_PAIR");
  const HttpAnswer decided = tour->Post("is confirmed", tour->chief, found.Text("data.risk_cases.0.name") + ":decide",
                                        object{{"decision", "STATE_CONFIRMED"}, {"reason", "CORRECTION_REASON_AGAINST_RULES"}});
  tour->checks->ExpectEqual(decided.Text("data.risk_case.state"), "STATE_CONFIRMED", "by a person");
}

void Audit(Tour* tour) {
  tour->Get("an auditor reads adjustments", tour->auditor, tour->auditor.region + "/adjustments?include_closed=true");
  tour->Get("and appeals", tour->auditor, tour->auditor.region + "/appeals?include_closed=true");
  tour->Get("and statements", tour->auditor, tour->resident.household + "/entries");
  tour->Refused("an auditor's correction", tour->auditor, tour->drop_entry + ":reverse", object{{"reason", "CORRECTION_REASON_SLIP"}},
                "PERMISSION_DENIED");
}

}  // namespace

void OfficeJourney(Tour* tour) {
  Corrections(tour);
  Settlements(tour);
  People(tour);
  Trust(tour);
  Audit(tour);
}

}  // namespace fenfen::ctl
