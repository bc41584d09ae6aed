// Drops that wait and are released and rejected in whatever order, at whatever time, among others that are credited at once: in the end the
// household has what it would have, had the released ones been credited when they were dropped and the rejected ones never been.
#include <gtest/gtest.h>
#include <rapidcheck.h>
// After GoogleTest, which it needs and does not include.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fenfen/v1/verification.pb.h"
#include "tests/ledger/points/verification/verification_fixture.h"

namespace fenfen {
namespace {

int64_t Between(int64_t low, int64_t high) { return *rc::gen::inRange<int64_t>(low, high + 1); }

v1::RuleSet RandomRules() {
  v1::RuleSet rules;
  rules.set_version(2);
  rules.set_late_days_max(static_cast<int32_t>(Between(3, 12)));
  for (int category = 1; category <= 3; ++category) {
    v1::Rule& rule = *rules.add_rules();
    rule.set_id(absl::StrCat("rule-", category));
    rule.set_category(static_cast<v1::Category>(category));
    rule.set_reward_per_kg(Between(0, 300));
    rule.set_civic_per_drop(Between(0, 50));
    if (Between(0, 1) == 0) rule.set_daily_drops_max(static_cast<int>(Between(0, 3)));
    if (Between(0, 1) == 0) rule.set_daily_reward_max(Between(0, 600));
  }
  const auto longest = static_cast<v1::CapPeriod>(Between(1, 3));
  for (int64_t n = Between(0, 2); n > 0; --n) {
    v1::Cap& cap = *rules.add_caps();
    cap.set_id(absl::StrCat("cap-", n));
    cap.set_title_zh("上限");
    cap.set_title_en("Limit");
    cap.set_scope(static_cast<v1::CapScope>(Between(1, 3)));
    cap.set_period(Between(0, 1) == 0 ? v1::CAP_PERIOD_DAY : longest);
    cap.set_unit(static_cast<v1::CapUnit>(Between(1, 3)));
    cap.set_limit(Between(0, cap.unit() == v1::CAP_UNIT_COUNT ? 6 : cap.unit() == v1::CAP_UNIT_POINTS ? 2000 : 6000));
  }
  return rules;
}

// Hazardous waste is credited at once, the others wait.
v1::RuleSet WithPolicies(v1::RuleSet rules) {
  v1::VerificationPolicy& policy = *rules.add_verification_policies();
  policy = Policy("wait", v1::CREDIT_TIMING_INSPECTED, 720);
  policy.mutable_match()->add_categories(v1::CATEGORY_FOOD);
  policy.mutable_match()->add_categories(v1::CATEGORY_RECYCLABLE);
  return rules;
}

struct Planned {
  DropFacts facts;
  absl::Duration ago;
  uint64_t low = 0;  // of its request key
  bool waits = false;
  bool released = false;
};

std::vector<Planned> RandomDrops(int late_days_max) {
  std::vector<Planned> drops;
  for (int64_t n = Between(1, 12); n > 0; --n) {
    Planned& drop = drops.emplace_back();
    drop.facts.household = HouseholdId(kHome);
    drop.facts.member = static_cast<uint32_t>(Between(0, 2));
    drop.facts.category = static_cast<int>(Between(1, 3));
    drop.facts.grams = Between(1, 3000);
    drop.facts.station = CatalogueIdOf(Between(0, 1) == 0 ? "stations/s1" : "stations/s2");
    drop.ago = absl::Minutes(Between(0, int64_t{late_days_max} * 24 * 60));
    drop.low = uint64_t{2} << 62 | uint64_t{1} << 32 | static_cast<uint64_t>(n);
    drop.waits = drop.facts.category != v1::CATEGORY_HAZARDOUS;
    drop.released = !drop.waits || Between(0, 2) > 0;
  }
  return drops;
}

void Shuffle(std::vector<size_t>& order) {
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[static_cast<size_t>(Between(0, static_cast<int64_t>(i) - 1))]);
}

std::vector<size_t> AnyOrder(size_t size) {
  std::vector<size_t> order(size);
  for (size_t i = 0; i < size; ++i) order[i] = i;
  Shuffle(order);
  return order;
}

struct End {
  int64_t reward = 0;  // less what is owed
  int64_t civic = 0;
};

void Begin(VerificationFixture& f, const v1::RuleSet& rules) {
  v1::UpdateCatalogueRequest update;
  *update.mutable_rule_set() = rules;
  RC_ASSERT(f.Update(update).ok());
  f.clock.Advance(absl::Hours(24 * 40));
  RC_ASSERT(f.Enrol(kHome).ok());
}

void DropIt(VerificationFixture& f, const Planned& drop) {
  DecisionContext context = f.NextContext();
  context.key.low = drop.low;
  DropFacts facts = drop.facts;
  facts.event_time = f.clock.Now() - drop.ago;
  RC_ASSERT(f.Run(PartitionOf(facts.household), DropReads(facts, *f.catalogue(), context), context, [&](const View& view) {
               return DecideDrop(view, facts, *f.catalogue(), context);
             }).ok());
}

End EndOf(const VerificationFixture& f) { return {f.Reward(kHome) - f.Household(kHome).debt.hundredths(), f.Civic(kHome)}; }

End CreditedAtOnce(const v1::RuleSet& rules, const std::vector<Planned>& drops) {
  VerificationFixture f;
  Begin(f, rules);
  for (const Planned& drop : drops) {
    if (drop.released) DropIt(f, drop);
  }
  return EndOf(f);
}

// All are recorded at one time, so that they have the same places in their days as above; then time goes by while they are decided.
End Decided(const v1::RuleSet& rules, const std::vector<Planned>& drops) {
  VerificationFixture f;
  Begin(f, WithPolicies(rules));
  std::vector<std::pair<uint64_t, bool>> waiting;
  for (const size_t n : AnyOrder(drops.size())) {
    DropIt(f, drops[n]);
    RC_ASSERT((f.LastPending() != 0) == drops[n].waits);
    if (drops[n].waits) waiting.emplace_back(f.LastPending(), drops[n].released);
  }
  RC_ASSERT(f.Pending(kHome) == waiting.size());
  for (const size_t n : AnyOrder(waiting.size())) {
    if (Between(0, 1) == 0) f.clock.Advance(absl::Hours(Between(0, 60)));
    const auto [pending, released] = waiting[n];
    RC_ASSERT((released ? f.Release(kHome, pending) : f.Reject(kHome, pending, v1::REJECTION_REASON_MIXED)).ok());
  }
  RC_ASSERT(f.Pending(kHome) == 0u);
  return EndOf(f);
}

RC_GTEST_PROP(ReleaseProperty, TheOrderInWhichDropsAreDecidedChangesNothing, ()) {
  const v1::RuleSet rules = RandomRules();
  const std::vector<Planned> drops = RandomDrops(rules.late_days_max());
  const End expected = CreditedAtOnce(rules, drops);
  for (int round = 0; round < 2; ++round) {
    const End end = Decided(rules, drops);
    RC_ASSERT(end.reward == expected.reward);
    RC_ASSERT(end.civic == expected.civic);
  }
}

}  // namespace
}  // namespace fenfen
