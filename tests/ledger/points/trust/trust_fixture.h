// The points fixture with what the area works with: its projections fed by every transaction, a signal to open cases with, and staff.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fenfen/v1/correction.pb.h"
#include "ledger/points/trust/cases.h"
#include "ledger/points/trust/risk_rules.h"
#include "ledger/points/trust/sightings.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {

class TrustTest : public testing::Test {
 protected:
  TrustTest() {
    v1::UpdateCatalogueRequest request;
    for (const char* name : {"staff/ann", "staff/guide"}) {
      v1::Staff& staff = *request.add_staff();
      staff.set_name(name);
      staff.set_role(std::string(name) == "staff/ann" ? v1::ROLE_STAFF : v1::ROLE_ATTENDANT);
      staff.set_region("regions/t");
    }
    v1::Offer& dear = *request.add_offers();
    dear.set_name("offers/pan");
    dear.set_title_zh("炒锅");
    dear.set_title_en("A pan");
    dear.set_price(60'00);
    dear.set_merchant("merchants/m");
    dear.set_voucher_days(7);
    EXPECT_OK(f.Update(request));
  }

  static Signal Seen(uint64_t household, v1::RiskSignal kind = v1::RISK_SIGNAL_VELOCITY) {
    Signal signal;
    signal.signal = kind;
    signal.household = HouseholdId(household);
    signal.subject = household;
    signal.measured = 12;
    signal.threshold = 10;
    for (uint64_t entry = 1; entry <= 20; ++entry) signal.entries.push_back(PartitionSeq(entry));
    return signal;
  }
  absl::Status Open(const Signal& signal) {
    DecisionContext context = f.NextContext();
    context.key = HoldKey(signal, DayNumberOf(f.clock.Now(), f.zone), f.zone);
    context.fingerprint = 0;
    return f.Run(PartitionOf(signal.household), CaseReads(signal.household), context,
                 [&](const View& view) { return DecideHold(view, signal, rules, context); });
  }
  DecisionContext As(const char* staff) {
    DecisionContext context = f.NextContext();
    context.actor = {ActorKind::kStaff, CatalogueIdOf(staff).value(), 0};
    return context;
  }
  absl::Status Decide(uint64_t household, uint32_t number, bool confirmed, const char* staff = "staff/ann",
                      int reason = v1::CORRECTION_REASON_RECORD_RIGHT) {
    const DecisionContext context = As(staff);
    const CaseDecision decision{HouseholdId(household), number, confirmed, {reason, {}}};
    return f.Run(PartitionOf(decision.household), CaseReads(decision.household), context,
                 [&](const View& view) { return DecideHoldEnd(view, decision, *f.catalogue(), context); });
  }
  ledger::v1::HouseholdRisk Risk(uint64_t household) {
    ledger::v1::HouseholdRisk risk;
    EXPECT_OK(f.state.Read(PartitionOf(HouseholdId(household)),
                           [&](const View& view, PartitionSeq) { risk = ReadRisk(view, HouseholdId(household))->message.household(); }));
    return risk;
  }
  // Enough points for whatever is to be had.
  void Earn(uint64_t household, int days = 30) {
    for (int day = 0; day < days; ++day) {
      EXPECT_OK(f.Drop(household, v1::CATEGORY_FOOD, 1500));
      f.clock.Advance(absl::Hours(24));
    }
  }
  void Days(int days) { f.clock.Advance(absl::Hours(24 * days)); }

  PointsFixture f;
  v1::RiskRules rules = DefaultRiskRules();
};

}  // namespace fenfen
