#include "tests/simulation/model_rules.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace fenfen::sim {
namespace {

// A limit on an event: what is counted together, how much of it there may be.
struct Limit {
  std::string counted;
  int unit = 0;
  int64_t limit = 0;
};

std::vector<Limit> LimitsOn(const ModelEvent& event, const ModelRules& rules) {
  std::vector<Limit> limits;
  if (event.rule->has_daily_drops_max()) {
    limits.push_back({absl::StrCat("rule ", event.rule->id(), " drops ", event.day), v1::CAP_UNIT_COUNT, event.rule->daily_drops_max()});
  }
  if (event.rule->has_daily_reward_max()) {
    limits.push_back({absl::StrCat("rule ", event.rule->id(), " points ", event.day), v1::CAP_UNIT_POINTS, event.rule->daily_reward_max()});
  }
  for (const v1::Cap& cap : rules.set.caps()) {
    const auto& categories = cap.categories();
    if (!categories.empty() && std::find(categories.begin(), categories.end(), event.category) == categories.end()) continue;
    uint64_t who = 0;
    if (cap.scope() == v1::CAP_SCOPE_MEMBER) who = event.member;
    if (cap.scope() == v1::CAP_SCOPE_STATION) who = event.station;
    limits.push_back({absl::StrCat(cap.id(), " ", cap.scope(), " ", cap.period(), " ", cap.unit(), " ",
                                   BeginOfPeriod(cap.period(), event.day), " ", who),
                      cap.unit(), cap.limit()});
  }
  return limits;
}

// How much is left under the limits of a unit; nullopt where there is none of that unit.
std::optional<int64_t> Room(const std::vector<Limit>& limits, int unit, const std::map<std::string, int64_t>& used) {
  std::optional<int64_t> room;
  for (const Limit& limit : limits) {
    if (limit.unit != unit) continue;
    const auto found = used.find(limit.counted);
    const int64_t left = std::max<int64_t>(0, limit.limit - (found == used.end() ? 0 : found->second));
    room = std::min(room.value_or(left), left);
  }
  return room;
}

void Count(const std::vector<Limit>& limits, int unit, int64_t amount, std::map<std::string, int64_t>& used) {
  for (const Limit& limit : limits) {
    if (limit.unit == unit) used[limit.counted] += amount;
  }
}

ModelCredit CreditOne(const ModelEvent& event, const ModelRules& rules, std::map<std::string, int64_t>& used) {
  const std::vector<Limit> limits = LimitsOn(event, rules);
  if (Room(limits, v1::CAP_UNIT_COUNT, used).value_or(1) == 0) return {};
  Count(limits, v1::CAP_UNIT_COUNT, 1, used);
  ModelCredit credit{event.reward, event.civic};
  if (const std::optional<int64_t> room = Room(limits, v1::CAP_UNIT_GRAMS, used); room && event.grams > 0) {
    const int64_t fits = std::min(*room, event.grams);
    credit.reward = credit.reward * fits / event.grams;
    Count(limits, v1::CAP_UNIT_GRAMS, fits, used);
  }
  if (const std::optional<int64_t> room = Room(limits, v1::CAP_UNIT_POINTS, used)) credit.reward = std::min(credit.reward, *room);
  Count(limits, v1::CAP_UNIT_POINTS, credit.reward, used);
  return credit;
}

// The bonuses of one day, within the caps that hold them.
ModelCredit BonusesOf(const std::set<int>& categories, int32_t day, const ModelRules& rules, std::map<std::string, int64_t>& used) {
  std::vector<Limit> limits;
  for (const v1::Cap& cap : rules.set.caps()) {
    if (cap.scope() != v1::CAP_SCOPE_HOUSEHOLD || cap.unit() != v1::CAP_UNIT_POINTS || !cap.categories().empty()) continue;
    limits.push_back(
        {absl::StrCat(cap.id(), " ", cap.scope(), " ", cap.period(), " ", cap.unit(), " ", BeginOfPeriod(cap.period(), day), " ", 0),
         cap.unit(), cap.limit()});
  }
  ModelCredit sum;
  for (const v1::Bonus& bonus : rules.set.bonuses()) {
    const auto dropped = [&categories](int category) { return categories.count(category) != 0; };
    const auto& required = bonus.required_categories();
    if (categories.empty() || !std::all_of(required.begin(), required.end(), dropped)) continue;
    const int64_t reward = std::min(bonus.reward(), Room(limits, v1::CAP_UNIT_POINTS, used).value_or(bonus.reward()));
    Count(limits, v1::CAP_UNIT_POINTS, reward, used);
    sum.reward += reward;
    sum.civic += bonus.civic();
  }
  return sum;
}

}  // namespace

const v1::Rule* RuleOf(const ModelRules& rules, int category) {
  for (const v1::Rule& rule : rules.set.rules()) {
    if (rule.category() == v1::CATEGORY_UNSPECIFIED || rule.category() == category) return &rule;
  }
  return nullptr;
}

ModelCredit ValueOf(const ModelRules& rules, const v1::Rule& rule, int64_t grams, absl::Time when) {
  int64_t reward = rule.reward_per_kg() * grams + rule.reward_per_drop() * 1000;
  int64_t civic = rule.civic_per_kg() * grams + rule.civic_per_drop() * 1000;
  int64_t divisor = 1000;
  for (const v1::Campaign& campaign : rules.set.campaigns()) {
    absl::Time begin;
    absl::Time end;
    std::string error;
    absl::ParseTime(absl::RFC3339_full, campaign.begin_time(), &begin, &error);
    absl::ParseTime(absl::RFC3339_full, campaign.end_time(), &end, &error);
    if (when < begin || when >= end) continue;
    reward *= campaign.reward_percent();
    civic *= campaign.civic_percent();
    divisor *= 100;
  }
  return {reward / divisor, civic / divisor};
}

int SpanOf(const ModelRules& rules) {
  int span = 1;
  for (const v1::Cap& cap : rules.set.caps()) span = std::max<int>(span, cap.period());
  return span;
}

int32_t BeginOfPeriod(int period, int32_t day) {
  using std::chrono::sys_days;
  const sys_days date{std::chrono::days{day}};
  if (period == v1::CAP_PERIOD_WEEK) {
    return day - static_cast<int32_t>((std::chrono::weekday{date} - std::chrono::Monday).count());
  }
  if (period == v1::CAP_PERIOD_MONTH) {
    return day - static_cast<int32_t>(static_cast<unsigned>(std::chrono::year_month_day{date}.day())) + 1;
  }
  return day;
}

std::map<int32_t, ModelCredit> CreditOf(std::vector<ModelEvent> events, const std::map<int32_t, const ModelRules*>& rules_of) {
  std::sort(events.begin(), events.end(), [](const ModelEvent& a, const ModelEvent& b) {
    if (a.reward != b.reward) return a.reward > b.reward;
    if (a.civic != b.civic) return a.civic > b.civic;
    return std::tie(a.day, a.minute, a.id) < std::tie(b.day, b.minute, b.id);
  });
  std::map<int32_t, ModelCredit> days;
  std::map<int32_t, std::set<int>> categories;
  std::map<std::string, int64_t> used;
  for (const ModelEvent& event : events) {
    const ModelCredit credit = CreditOne(event, *rules_of.at(event.day), used);
    days[event.day].reward += credit.reward;
    days[event.day].civic += credit.civic;
    categories[event.day].insert(event.category);
  }
  for (const auto& [day, dropped] : categories) {
    const ModelCredit bonus = BonusesOf(dropped, day, *rules_of.at(day), used);
    days[day].reward += bonus.reward;
    days[day].civic += bonus.civic;
  }
  return days;
}

}  // namespace fenfen::sim
