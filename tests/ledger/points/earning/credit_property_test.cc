// What drops are worth together, for rules, caps and drops made at random, in random orders and late: the end is the same in every order,
// no cap is ever exceeded, and what was credited is what they are worth.
#include <gtest/gtest.h>
#include <rapidcheck.h>
// After GoogleTest, which it needs and does not include.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/points/earning/credit.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {
namespace {

int64_t Between(int64_t low, int64_t high) { return *rc::gen::inRange<int64_t>(low, high + 1); }

v1::RuleSet RandomRules() {
  v1::RuleSet rules;
  rules.set_version(2);
  rules.set_late_days_max(30);
  for (int category = 1; category <= 3; ++category) {
    v1::Rule& rule = *rules.add_rules();
    rule.set_id(absl::StrCat("rule-", category));
    rule.set_category(static_cast<v1::Category>(category));
    rule.set_reward_per_kg(Between(0, 300));
    rule.set_reward_per_drop(Between(0, 50));
    rule.set_civic_per_drop(Between(0, 50));
    if (Between(0, 1) == 0) rule.set_daily_drops_max(static_cast<int>(Between(0, 3)));
    if (Between(0, 1) == 0) rule.set_daily_reward_max(Between(0, 600));
  }
  const auto longest = static_cast<v1::CapPeriod>(Between(1, 3));
  for (int64_t n = Between(0, 3); n > 0; --n) {
    v1::Cap& cap = *rules.add_caps();
    cap.set_id(absl::StrCat("cap-", n));
    cap.set_title_zh("上限");
    cap.set_title_en("Limit");
    cap.set_scope(static_cast<v1::CapScope>(Between(1, 3)));
    cap.set_period(Between(0, 2) == 0 ? v1::CAP_PERIOD_DAY : longest);
    cap.set_unit(static_cast<v1::CapUnit>(Between(1, 3)));
    cap.set_limit(Between(0, cap.unit() == v1::CAP_UNIT_COUNT ? 6 : cap.unit() == v1::CAP_UNIT_POINTS ? 2000 : 6000));
    if (Between(0, 1) == 0) cap.add_categories(static_cast<v1::Category>(Between(1, 3)));
  }
  if (Between(0, 1) == 0) {
    v1::Bonus& bonus = *rules.add_bonuses();
    bonus.set_id("both");
    bonus.set_title_zh("分全了");
    bonus.set_title_en("Both sorted");
    bonus.set_kind(v1::BONUS_KIND_ALL_CATEGORIES);
    bonus.add_required_categories(v1::CATEGORY_FOOD);
    bonus.add_required_categories(v1::CATEGORY_RECYCLABLE);
    bonus.set_reward(Between(0, 200));
    bonus.set_civic(Between(0, 100));
  }
  return rules;
}

struct Planned {
  DropFacts facts;
  absl::Duration ago;
  uint64_t low = 0;  // of its request key
};

std::vector<Planned> RandomDrops() {
  std::vector<Planned> drops;
  const int64_t count = Between(1, 14);
  for (int64_t n = 0; n < count; ++n) {
    Planned& drop = drops.emplace_back();
    drop.facts.household = HouseholdId(kHome);
    drop.facts.member = static_cast<uint32_t>(Between(0, 2));
    drop.facts.category = static_cast<int>(Between(1, 3));
    drop.facts.grams = Between(1, 3000);
    drop.facts.station = CatalogueIdOf(Between(0, 1) == 0 ? "stations/s1" : "stations/s2");
    drop.ago = absl::Minutes(Between(0, int64_t{12} * 24 * 60));
    drop.low = uint64_t{2} << 62 | uint64_t{1} << 32 | static_cast<uint64_t>(n);
  }
  return drops;
}

// The household after the drops in the order given.
struct End {
  int64_t reward = 0;  // less what is owed
  int64_t civic = 0;
  std::string days;
};

// A day on which the rules have been in force for long.
void Begin(PointsFixture& f, const v1::RuleSet& rules) {
  v1::UpdateCatalogueRequest update;
  *update.mutable_rule_set() = rules;
  RC_ASSERT(f.Update(update).ok());
  f.clock.Advance(absl::Hours(24 * 40));
}

End Play(const v1::RuleSet& rules, const std::vector<Planned>& drops) {
  PointsFixture f;
  Begin(f, rules);
  RC_ASSERT(f.Enrol(kHome).ok());
  for (const Planned& drop : drops) {
    DecisionContext context = f.NextContext();
    context.key.low = drop.low;
    DropFacts facts = drop.facts;
    facts.event_time = f.clock.Now() - drop.ago;
    RC_ASSERT(f.Run(PartitionOf(facts.household), DropReads(facts), context, [&](const View& view) {
                 return DecideDrop(view, facts, *f.catalogue(), context);
               }).ok());
  }
  const HouseholdRecord household = f.Household(kHome);
  return {f.Reward(kHome) - household.debt.hundredths(), f.Civic(kHome), household.days};
}

// What each cap has let through, counted apart from the code that keeps them: a day's, week's or month's drops one by one.
void CheckCaps(const v1::RuleSet& set, const OpenDays& days, const std::vector<const Rules*>& rules) {
  std::map<std::string, int64_t> used;
  std::map<std::string, int64_t> limit;
  for (const OpenDay& day : days) {
    for (const DayEvent& event : day.events) {
      const EventCredit credit = CreditOf(days, rules, day.day, event).focus;
      const v1::Rule& rule = set.rules(static_cast<int>(event.rule));
      const auto count = [&](const std::string& name, v1::CapUnit unit, int64_t most) {
        limit[name] = most;
        if (unit == v1::CAP_UNIT_COUNT) used[name] += credit.left_out ? 0 : 1;
        if (unit == v1::CAP_UNIT_POINTS) used[name] += credit.reward;
      };
      if (rule.has_daily_drops_max()) count(absl::StrCat(rule.id(), "#", day.day), v1::CAP_UNIT_COUNT, rule.daily_drops_max());
      if (rule.has_daily_reward_max()) count(absl::StrCat(rule.id(), "$", day.day), v1::CAP_UNIT_POINTS, rule.daily_reward_max());
      for (int i = 0; i < set.caps_size(); ++i) {
        const v1::Cap& cap = set.caps(i);
        if ((event.caps >> i & 1) == 0) continue;
        const uint64_t who = cap.scope() == v1::CAP_SCOPE_MEMBER ? event.member : cap.scope() == v1::CAP_SCOPE_STATION ? event.station : 0;
        count(absl::StrCat(cap.id(), "#", PeriodOf(cap.period(), day.day).first, "#", who), cap.unit(), cap.limit());
      }
    }
  }
  for (const auto& [name, amount] : used) RC_ASSERT(amount <= limit[name]);
}

// What the days are worth, each block by itself.
std::pair<int64_t, int64_t> Worth(const OpenDays& days, const Rules& rules) {
  std::map<int32_t, OpenDays> blocks;
  for (const OpenDay& day : days) blocks[PeriodOf(rules.span(), day.day).first].push_back(day);
  std::pair<int64_t, int64_t> worth;
  for (const auto& [first, block] : blocks) {
    const BlockCredit credit = CreditOf(block, std::vector<const Rules*>(block.size(), &rules), 0, {});
    for (size_t i = 0; i < block.size(); ++i) {
      RC_ASSERT(credit.days[i].reward == block[i].reward);
      RC_ASSERT(credit.days[i].civic == block[i].civic);
      worth.first += credit.days[i].reward;
      worth.second += credit.days[i].civic;
    }
  }
  return worth;
}

RC_GTEST_PROP(CreditProperty, TheOrderInWhichDropsComeChangesNothing, ()) {
  const v1::RuleSet set = RandomRules();
  const Rules rules(set);
  std::vector<Planned> drops = RandomDrops();
  const End first = Play(set, drops);
  for (int round = 0; round < 2; ++round) {
    for (size_t i = drops.size(); i > 1; --i) std::swap(drops[i - 1], drops[static_cast<size_t>(Between(0, static_cast<int64_t>(i) - 1))]);
    const End other = Play(set, drops);
    RC_ASSERT(other.reward == first.reward);
    RC_ASSERT(other.civic == first.civic);
  }
  const absl::StatusOr<OpenDays> days = ReadDays(first.days, INT32_MIN, INT32_MAX);
  RC_ASSERT(days.ok());
  const auto [reward, civic] = Worth(*days, rules);
  RC_ASSERT(reward == first.reward);
  RC_ASSERT(civic == first.civic);
  std::map<int32_t, OpenDays> blocks;
  for (const OpenDay& day : *days) blocks[PeriodOf(rules.span(), day.day).first].push_back(day);
  for (const auto& [begin, block] : blocks) CheckCaps(set, block, std::vector<const Rules*>(block.size(), &rules));
}

}  // namespace
}  // namespace fenfen
