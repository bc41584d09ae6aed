// Thresholds: the defaults hold, and each fault of a document is named.
#include "ledger/points/trust/risk_rules.h"

#include <functional>

#include "absl/strings/str_cat.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> FaultsOf(const v1::RiskRules& rules) {
  std::vector<std::string> faults;
  CheckRiskRules(rules, [&](absl::string_view field, int row, absl::string_view, absl::string_view) {
    faults.push_back(absl::StrCat(field, "@", row));
  });
  return faults;
}

TEST(RiskRules, TheDefaultsAreValidAndHaveEverySignal) {
  const v1::RiskRules rules = DefaultRiskRules();
  EXPECT_THAT(FaultsOf(rules), IsEmpty());
  for (int signal = v1::RiskSignal_MIN + 1; signal <= v1::RiskSignal_MAX; ++signal) {
    EXPECT_NE(RuleFor(rules, static_cast<v1::RiskSignal>(signal)), nullptr) << signal;
  }
}

TEST(RiskRules, FaultsAreNamed) {
  const auto broken = [](const std::function<void(v1::RiskRules&)>& change) {
    v1::RiskRules rules = DefaultRiskRules();
    change(rules);
    return FaultsOf(rules);
  };
  EXPECT_THAT(broken([](auto& r) { r.set_window_days(15); }), ElementsAre("risk_rules.window_days@0"));
  EXPECT_THAT(broken([](auto& r) { r.set_hold_days(0); }), ElementsAre("risk_rules.hold_days@0"));
  EXPECT_THAT(broken([](auto& r) { r.set_hold_limit(-1); }), ElementsAre("risk_rules.hold_limit@0"));
  EXPECT_THAT(broken([](auto& r) { r.set_quiet_days(91); }), ElementsAre("risk_rules.quiet_days@0"));
  EXPECT_THAT(broken([](auto& r) { *r.add_rules() = r.rules(0); }), ElementsAre("risk_rules.rules.signal@9"));
  EXPECT_THAT(broken([](auto& r) { r.mutable_rules(0)->set_threshold(0); }), ElementsAre("risk_rules.rules.threshold@1"));
  EXPECT_THAT(broken([](auto& r) { r.mutable_rules(1)->set_span_seconds(0); }), ElementsAre("risk_rules.rules.span_seconds@2"));
  EXPECT_THAT(broken([](auto& r) { r.mutable_rules(2)->set_count_min(0); }), ElementsAre("risk_rules.rules.count_min@3"));
  EXPECT_THAT(broken([](auto& r) { r.mutable_rules(0)->set_priority(10); }), ElementsAre("risk_rules.rules.priority@1"));
  EXPECT_THAT(broken([](auto& r) { r.mutable_rules(0)->set_effect(v1::RISK_EFFECT_UNSPECIFIED); }),
              ElementsAre("risk_rules.rules.effect@1"));
  EXPECT_THAT(broken([](auto& r) { r.mutable_rules(0)->set_signal(v1::RISK_SIGNAL_UNSPECIFIED); }),
              ElementsAre("risk_rules.rules.signal@1"));
}

TEST(RiskRules, ANewDocumentReplacesTheDefaults) {
  PointsFixture f;
  RiskRulesStore store;
  EXPECT_TRUE(store.IsDefault());
  v1::RiskRules rules = DefaultRiskRules();
  rules.set_hold_days(3);
  const DecisionContext context = f.NextContext();
  EXPECT_OK(f.Run(kCataloguePartition, RiskRulesReads(), context, [&](const View& view) { return DecideRiskRules(view, rules, context); }));
  store.Apply(f.history.back());
  EXPECT_FALSE(store.IsDefault());
  EXPECT_EQ(store.Snapshot()->hold_days(), 3);

  rules.mutable_rules(0)->set_priority(0);
  const DecisionContext again = f.NextContext();
  const absl::Status refused =
      f.Run(kCataloguePartition, RiskRulesReads(), again, [&](const View& view) { return DecideRiskRules(view, rules, again); });
  EXPECT_EQ(ReasonOf(refused), Reason::REASON_ROW_INVALID);
  EXPECT_EQ(RefusalOf(refused).field, "risk_rules.rules.priority");
}

TEST(RiskRules, OneThatIsOffIsNotLookedFor) {
  v1::RiskRules rules = DefaultRiskRules();
  rules.mutable_rules(0)->set_effect(v1::RISK_EFFECT_OFF);
  EXPECT_EQ(RuleFor(rules, v1::RISK_SIGNAL_VELOCITY), nullptr);
}

}  // namespace
}  // namespace fenfen
