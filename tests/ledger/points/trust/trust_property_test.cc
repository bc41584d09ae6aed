// After any drops, whatever signals they raise, however the cases are decided: no balance has changed by it, no household is held longer
// than the rules say, and whoever looks at the same drops finds the same signals.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/ledger/points/trust/trust_fixture.h"

namespace fenfen {
namespace {

constexpr uint64_t kHouseholds = 6;

class AnyDrops : public TrustTest {
 public:
  void TestBody() override {}
  AnyDrops() {
    for (uint64_t household = 1; household <= kHouseholds; ++household) RC_ASSERT(f.Enrol(household).ok());
    for (v1::RiskRule& rule : *rules.mutable_rules()) {
      // Quick to raise.
      rule.set_effect(v1::RISK_EFFECT_HOLD);
      if (rule.signal() == v1::RISK_SIGNAL_VELOCITY) rule.set_threshold(2);
      if (rule.signal() == v1::RISK_SIGNAL_SHARED_CODE) rule.set_threshold(1);
      if (rule.signal() == v1::RISK_SIGNAL_WEIGHT) rule.set_count_min(1);
    }
  }

  void Step() {
    const int what = *rc::gen::inRange(0, 10);
    if (what < 7) return DropSomething();
    if (what == 7) return f.clock.Advance(absl::Hours(*rc::gen::inRange(1, 60)));
    if (what == 8) return Watch();
    DecideSomething();
  }

  void Watch() {
    const std::vector<int64_t> before = Balances();
    Sightings sightings;
    for (const CommittedTransaction& committed : f.history) sightings.Apply(committed);
    const auto recent = [begin_ms = WindowBeginMs(rules, f.clock.Now(), f.zone)](const Sighting& seen) { return seen.time_ms >= begin_ms; };
    const auto of_one = [](uint64_t) { return size_t{1}; };
    const std::vector<Signal> signals = FindSignals(sightings.Read(recent), rules, *f.catalogue(), f.zone, of_one);
    Sightings again;
    RC_ASSERT(again.LoadMemo(sightings.SaveMemo(), InTurn).ok());
    RC_ASSERT(FindSignals(again.Read(recent), rules, *f.catalogue(), f.zone, of_one) == signals);
    for (const Signal& signal : signals) {
      const size_t transactions = f.history.size();
      const absl::Status opened = Open(signal);
      const bool known =
          !opened.ok() && (ReasonOf(opened) == Reason::REASON_RISK_CASE_KNOWN || ReasonOf(opened) == Reason::REASON_RISK_CASES_TOO_MANY);
      RC_ASSERT(opened.ok() != known);
      if (f.history.size() == transactions) continue;  // opened before, today
      RC_ASSERT(f.history.back().transaction.postings.empty());
      NoteHold(signal.household.value());
    }
    RC_ASSERT(Balances() == before);
  }

  // Days on which a household was or may be held: at most so many in any 30.
  void CheckHolds() const {
    for (const auto& [household, days] : held_) {
      for (const int32_t first : days) {
        const auto within =
            std::count_if(days.begin(), days.end(), [&](int32_t day) { return day >= first && day < first + kHoldSpanDays; });
        RC_ASSERT(within <= rules.hold_days());
      }
    }
  }

 private:
  void DropSomething() {
    DropFacts facts{HouseholdId(*rc::gen::inRange<uint64_t>(1, kHouseholds + 1)),
                    1,
                    v1::CATEGORY_FOOD,
                    *rc::gen::inRange<int64_t>(1, 9000),
                    CatalogueIdOf(*rc::gen::element("stations/s1", "stations/s2")),
                    std::nullopt,
                    f.clock.Now()};
    if (*rc::gen::arbitrary<bool>()) facts.code_step = *rc::gen::inRange<uint64_t>(1, 4);
    const absl::Status dropped = f.Drop(facts);
    const bool used = !dropped.ok() && ReasonOf(dropped) == Reason::REASON_STATION_CODE_USED;
    RC_ASSERT(dropped.ok() != used);
    f.clock.Advance(absl::Seconds(*rc::gen::inRange(0, 600)));
  }
  void DecideSomething() {
    const auto household = *rc::gen::inRange<uint64_t>(1, kHouseholds + 1);
    const std::vector<int64_t> before = Balances();
    const ledger::v1::HouseholdRisk risk = Risk(household);
    for (const ledger::v1::RiskCase& one : risk.cases()) {
      if (one.decide_micros() != 0) continue;
      RC_ASSERT(Decide(household, one.number(), *rc::gen::arbitrary<bool>()).ok());
      break;
    }
    RC_ASSERT(Balances() == before);
  }
  void NoteHold(uint64_t household) {
    const ledger::v1::HouseholdRisk risk = Risk(household);
    const int32_t last = risk.cases(risk.cases_size() - 1).hold_last_day();
    for (int32_t day = DayNumberOf(f.clock.Now(), f.zone); day <= last; ++day) held_[household].insert(day);
  }
  std::vector<int64_t> Balances() const {
    std::vector<int64_t> all;
    for (uint64_t household = 1; household <= kHouseholds; ++household) {
      all.insert(all.end(), {f.Reward(household), f.Civic(household), f.Held(household)});
    }
    return all;
  }
  std::map<uint64_t, std::set<int32_t>> held_;
};

RC_GTEST_PROP(Trust, NoSignalEverChangesABalance, ()) {
  AnyDrops world;
  const int steps = *rc::gen::inRange(1, 120);
  for (int step = 0; step < steps; ++step) world.Step();
  world.Watch();
  world.CheckHolds();
}

}  // namespace
}  // namespace fenfen
