#include "ledger/points/earning/earn.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/budget/stopped_budgets.h"
#include "ledger/points/earning/short_id.h"

namespace fenfen {
namespace {

constexpr int64_t kPiecesMax = 1000;
constexpr int64_t kSecondsOfDay = 24 * 60 * 60;

// The first day that the log must keep on `today`: of each version in force lately, the block of the first day that is still open.
int32_t FirstKept(const Catalogue& catalogue, int32_t today) {
  int32_t first = today;
  int64_t until = int64_t{today} + 1;  // a version rules up to the day before the next higher one's
  catalogue.ForEachRules([&](const Rules& rules) {
    const int64_t begin = std::max<int64_t>(rules.effective_day(), int64_t{today} - rules.late_days_max());
    if (begin < until) first = std::min(first, PeriodOf(rules.span(), static_cast<int32_t>(begin)).first);
    until = std::min<int64_t>(until, rules.effective_day());
    return until > today - limits::kDayWindowMax;
  });
  return first;
}

// What a pass over the log finds.
struct LogHead {
  size_t events = 0;           // on the days that are kept
  std::vector<DayRange> held;  // blocks in which a drop waits for a person
};

// The rules of a day of the log: those that its first drop was judged by. A clock that goes back, or a server that hears of new rules late,
// does not change them.
const Rules* RulesOfDay(int32_t day, uint32_t version, const Catalogue& catalogue) {
  const Rules* pinned = version == 0 ? nullptr : catalogue.RulesVersion(version);
  return pinned != nullptr ? pinned : catalogue.RulesOn(day);
}

DayRange BlockOf(const DayHead& day, const Catalogue& catalogue) {
  const Rules* rules = RulesOfDay(day.day, day.version, catalogue);
  return rules == nullptr ? DayRange{day.day, day.day} : PeriodOf(rules->span(), day.day);
}

bool IsWithin(int32_t day, const std::vector<DayRange>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [day](const DayRange& range) { return range.first <= day && day <= range.last; });
}

absl::StatusOr<LogHead> ReadHead(absl::string_view log, int32_t first_kept, const Catalogue& catalogue) {
  LogHead head;
  const bool formed = ForEachDay(log, [&](const DayHead& day) {
    // Also of a day that is kept anyway: its block may begin before those that are, where a clock went back.
    if (day.pending > 0) head.held.push_back(BlockOf(day, catalogue));
    if (day.day >= first_kept) head.events += day.events;
  });
  if (!formed) return absl::DataLossError("household record: its days do not have their form");
  if (head.held.empty()) return head;
  ForEachDay(log, [&](const DayHead& day) {
    if (day.day < first_kept && IsWithin(day.day, head.held)) head.events += day.events;
  });
  return head;
}

// Of each day read, the rules where it is of the block of a day under `like`; nullptr where its caps span another period.
std::vector<const Rules*> RulesOfBlock(const OpenDays& days, const Rules& like, const Catalogue& catalogue) {
  std::vector<const Rules*> all;
  all.reserve(days.size());
  for (const OpenDay& day : days) {
    const Rules* rules = RulesOfDay(day.day, day.version, catalogue);
    all.push_back(rules != nullptr && rules->span() == like.span() ? rules : nullptr);
  }
  return all;
}

OpenDay& DayIn(OpenDays& days, int32_t day) {
  const auto at = std::lower_bound(days.begin(), days.end(), day, [](const OpenDay& open, int32_t number) { return open.day < number; });
  if (at != days.end() && at->day == day) return *at;
  OpenDay& fresh = *days.emplace(at);
  fresh.day = day;
  return fresh;
}

// Where rules have no limits but their own daily ones, and a day's drops all fit under them, each is credited whole: most days of most
// households. The same as CreditOf, in a fraction of the time.
bool IsWhole(const OpenDay& day, const Rules& rules, const RuleTerms& rule) {
  if (!rules.caps().empty() || !rules.bonuses().empty()) return false;
  int64_t reward = 0;
  int64_t civic = 0;
  int64_t drops_by_rule = 0;
  int64_t reward_by_rule = 0;
  const DayEvent& latest = day.events.back();
  for (const DayEvent& event : day.events) {
    reward += event.reward;
    civic += event.civic;
    if (event.rule != rule.number) continue;
    ++drops_by_rule;
    reward_by_rule += event.reward;
  }
  // So far all were credited whole, and so is the latest.
  return day.reward == reward - latest.reward && day.civic == civic - latest.civic &&
         (!rule.drops_cap || drops_by_rule <= rule.drops_cap->limit) && (!rule.reward_cap || reward_by_rule <= rule.reward_cap->limit);
}

// The minute that has begun, since 00:00 UTC of the date that is the day's number.
int32_t MinuteOf(absl::Time time, int32_t day) {
  constexpr int64_t kSecondsOfMinute = 60;
  const int64_t seconds = absl::ToUnixSeconds(time) - day * kSecondsOfDay;
  // A division goes towards zero: the minutes before 00:00 would be those that end, and two of them the 0th.
  const int64_t up = seconds < 0 ? kSecondsOfMinute - 1 : 0;
  return static_cast<int32_t>((seconds - up) / kSecondsOfMinute);
}

// Leaves out what a used-up budget does not pay; judged.value still says what the drop is worth.
void HoldToBudget(const HouseholdRecord& household, const Catalogue& catalogue, Judgement& judged) {
  if (judged.event.reward == 0 && judged.event.bonuses == 0) return;
  if (!catalogue.stopped_budgets()->Stops(catalogue.TownOf(household.region), judged.day)) return;
  judged.without_budget = true;
  judged.event.reward = 0;
  judged.event.bonuses = 0;
}

// Sets what each day of the block is credited, and adds up the difference.
void Settle(OpenDays& days, const std::vector<const Rules*>& rules, const BlockCredit& credit, Applied& applied) {
  for (size_t i = 0; i < days.size(); ++i) {
    if (rules[i] == nullptr) continue;
    applied.reward += credit.days[i].reward - days[i].reward;
    applied.civic += credit.days[i].civic - days[i].civic;
    days[i].reward = credit.days[i].reward;
    days[i].civic = credit.days[i].civic;
  }
}

}  // namespace

absl::Status CheckDrop(const DropFacts& facts, const Catalogue& catalogue, const DecisionContext& context) {
  if (facts.category == v1::CATEGORY_UNSPECIFIED || !v1::Category_IsValid(facts.category)) {
    return Refuse(Reason::REASON_CATEGORY_UNKNOWN, {}, "category");
  }
  if (facts.grams && *facts.grams <= 0) return Refuse(Reason::REASON_WEIGHT_NOT_POSITIVE, {}, "weight_grams");
  if (facts.grams && *facts.grams > limits::kWeightGramsMax) {
    return Refuse(Reason::REASON_WEIGHT_TOO_LARGE,
                  {{"value", absl::StrCat(*facts.grams)}, {"limit", absl::StrCat(limits::kWeightGramsMax)}}, "weight_grams");
  }
  if (!facts.material.empty() && !IsShortId(facts.material)) {
    return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", "a-z 0-9 - _"}}, "material");
  }
  if (facts.pieces < 0 || facts.pieces > kPiecesMax) {
    return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", absl::StrCat("0–", kPiecesMax)}}, "pieces");
  }
  if (catalogue.Find<v1::Station>(facts.station) == nullptr) return Refuse(Reason::REASON_STATION_UNKNOWN, {}, "station");
  if (catalogue.rules() == nullptr) return Refuse(Reason::REASON_RULES_ABSENT);
  if (facts.event_time > context.now + limits::kClockAheadMax) return Refuse(Reason::REASON_EVENT_IN_FUTURE, {}, "event_time");
  if (catalogue.RulesOn(DayNumberOf(facts.event_time, context.zone)) == nullptr) return Refuse(Reason::REASON_RULES_ABSENT);
  return absl::OkStatus();
}

bool IsOpen(int32_t day, int32_t today, const Catalogue& catalogue) {
  const Rules* rules = catalogue.RulesOn(day);
  return rules != nullptr && today - day <= rules->late_days_max();
}

DropTraits TraitsOf(const DropFacts& facts, const HouseholdRecord& household, const Catalogue& catalogue, absl::TimeZone zone) {
  DropTraits traits;
  traits.category = facts.category;
  traits.grams = facts.grams;
  traits.pieces = facts.pieces;
  traits.material = facts.material;
  traits.station = catalogue.Find<v1::Station>(facts.station);
  traits.time = facts.event_time;
  traits.zone = zone;
  traits.verification = facts.verification;
  if (facts.member != 0) traits.role = facts.role.value_or(household.members[facts.member - 1].role);
  return traits;
}

Judgement Judge(const DropFacts& facts, const HouseholdRecord& household, const Catalogue& catalogue, absl::TimeZone zone) {
  Judgement judged;
  judged.day = DayNumberOf(facts.event_time, zone);
  judged.rules = catalogue.RulesOn(judged.day);
  ForEachDay(household.days, [&](const DayHead& head) {
    if (head.day == judged.day) judged.rules = RulesOfDay(head.day, head.version, catalogue);
  });
  const DropTraits traits = TraitsOf(facts, household, catalogue, zone);
  judged.rule = judged.rules->Match(traits, catalogue);
  if (judged.rule == nullptr) return judged;
  judged.value = judged.rules->ValueOf(*judged.rule, traits, catalogue);
  DayEvent& event = judged.event;
  event.minute = MinuteOf(facts.event_time, judged.day);
  event.category = static_cast<uint8_t>(facts.category);
  event.rule = judged.rule->number;
  event.reward = judged.value.reward.hundredths();
  event.civic = judged.value.civic.hundredths();
  event.caps = judged.rules->CapsOf(traits, catalogue);
  event.bonuses = judged.rules->BonusesOf(traits, catalogue);
  for (size_t i = 0; event.caps >> i != 0; ++i) {
    if ((event.caps >> i & 1) == 0) continue;
    const CapTerms& cap = judged.rules->caps()[i];
    if (cap.scope == v1::CAP_SCOPE_MEMBER) event.member = facts.member;
    if (cap.scope == v1::CAP_SCOPE_STATION) event.station = facts.station.value();
    if (cap.unit == v1::CAP_UNIT_GRAMS) event.grams = judged.value.counted_grams;
  }
  if (catalogue.stopped_budgets() != nullptr) HoldToBudget(household, catalogue, judged);
  return judged;
}

absl::Status ApplyDrop(HouseholdRecord& household, const Judgement& judged, const Catalogue& catalogue, int32_t today, Applied& applied) {
  const int32_t first_kept = FirstKept(catalogue, today);
  const absl::StatusOr<LogHead> head = ReadHead(household.days, first_kept, catalogue);
  if (!head.ok()) return head.status();
  if (head->events >= kEventsMax) {
    applied.too_many = true;
    return absl::OkStatus();
  }
  const DayRange range = PeriodOf(judged.rules->span(), judged.day);
  absl::StatusOr<OpenDays> read = ReadDays(household.days, range.first, range.last);
  if (!read.ok()) return read.status();
  OpenDay& open = DayIn(*read, judged.day);
  const uint16_t before = BonusesEarned(open, *judged.rules);
  open.version = judged.rules->version();
  open.events.push_back(judged.event);
  applied.bonuses = static_cast<uint16_t>(BonusesEarned(open, *judged.rules) & ~before);

  if (IsWhole(open, *judged.rules, *judged.rule)) {
    applied.reward = applied.own.reward = judged.event.reward;
    applied.civic = applied.own.civic = judged.event.civic;
    open.reward += judged.event.reward;
    open.civic += judged.event.civic;
  } else {
    const std::vector<const Rules*> rules = RulesOfBlock(*read, *judged.rules, catalogue);
    const BlockCredit credit = CreditOf(*read, rules, judged.day, judged.event);
    Settle(*read, rules, credit, applied);
    applied.own = credit.focus;
  }

  const auto let_go = [&](int32_t day) { return day < first_kept && !IsWithin(day, head->held); };
  household.days = ReplaceDays(household.days, range.first, range.last, *read, let_go);
  return absl::OkStatus();
}

absl::Status AddPending(HouseholdRecord& household, int32_t day, const Rules& rules, int change) {
  absl::StatusOr<OpenDays> read = ReadDays(household.days, day, day);
  if (!read.ok()) return read.status();
  OpenDay& open = DayIn(*read, day);
  if (change < 0 && open.pending < static_cast<uint32_t>(-change)) return absl::DataLossError("household record: no drop waits on the day");
  if (open.version == 0) open.version = rules.version();
  open.pending = static_cast<uint32_t>(static_cast<int64_t>(open.pending) + change);
  if (open.pending == 0 && open.events.empty() && open.reward == 0 && open.civic == 0) read->clear();
  household.days = ReplaceDays(household.days, day, day, *read, [](int32_t) { return false; });
  return absl::OkStatus();
}

absl::Status WithdrawEvent(HouseholdRecord& household, int32_t day, uint32_t event_id, Points reward, Points civic) {
  absl::StatusOr<OpenDays> read = ReadDays(household.days, day, day);
  if (!read.ok()) return read.status();
  if (read->empty()) return absl::OkStatus();
  OpenDay& open = read->front();
  const auto at = std::find_if(open.events.begin(), open.events.end(), [&](const DayEvent& event) { return event.id == event_id; });
  if (at == open.events.end()) return absl::OkStatus();
  open.events.erase(at);
  open.reward -= reward.hundredths();
  open.civic -= civic.hundredths();
  household.days = ReplaceDays(household.days, day, day, *read, [](int32_t) { return false; });
  return absl::OkStatus();
}

void Post(Purse& purse, const Judgement& judged, const Applied& applied, CatalogueId town, int32_t spendable_until) {
  const AccountId reward{AccountKind::kProgramme, Asset::kReward, town.value()};
  const int32_t expires = std::max(judged.rules->ExpiryDay(judged.day), spendable_until);
  if (applied.reward >= 0) {
    purse.Earn(reward, Points(applied.reward), expires);
  } else {
    purse.ClawBack(reward, Points(-applied.reward), expires);
  }
  purse.Civic({AccountKind::kProgramme, Asset::kCivic, town.value()}, Points(applied.civic));
}

DropWhy WhyOf(const DropFacts& facts, const Judgement& judged, const Applied* applied, const HouseholdAfter& after) {
  DropWhy why;
  // One by one: read together, they would wait until each is written.
  why.after.household = after.household;
  why.after.reward = after.reward;
  why.after.civic = after.civic;
  why.member = facts.member;
  why.category = static_cast<uint8_t>(facts.category);
  why.grams = facts.grams.value_or(0);
  why.counted_grams = judged.value.counted_grams;
  why.station = facts.station;
  why.code_step = facts.code_step.value_or(0);
  why.rule_version = judged.rules->version();
  why.pieces = facts.pieces;
  why.material = facts.material;
  why.verification = static_cast<uint8_t>(facts.verification);
  if (applied == nullptr) {
    why.cut = Cut::kNoRule;
    return why;
  }
  const v1::RuleSet& set = judged.rules->set();
  why.rule = judged.rule->rule->id();
  why.value_reward = judged.value.reward;
  why.value_civic = judged.value.civic;
  why.own_reward = Points(applied->own.reward);
  why.given_reward = Points(applied->reward);
  for (const uint32_t campaign : judged.value.campaigns) why.campaigns.push_back(set.campaigns(static_cast<int>(campaign)).id());
  for (int i = 0; i < set.bonuses_size(); ++i) {
    if ((applied->bonuses >> i & 1) != 0) why.bonuses.push_back(set.bonuses(i).id());
  }
  if (applied->too_many) {
    why.cut = Cut::kTooMany;
  } else if (judged.without_budget) {
    why.cut = Cut::kBudget;
  } else if (const CapTerms* cap = applied->own.cut; cap != nullptr) {
    why.cut = cap->cap != nullptr ? Cut::kCap : cap->unit == v1::CAP_UNIT_COUNT ? Cut::kDailyDrops : Cut::kDailyReward;
    if (cap->cap != nullptr) why.cap = cap->cap->id();
  }
  return why;
}

int64_t EarnedOn(const HouseholdRecord& household, int32_t day) {
  const absl::StatusOr<OpenDays> read = ReadDays(household.days, day, day);
  return read.ok() && !read->empty() ? std::max<int64_t>(0, read->front().reward) : 0;
}

}  // namespace fenfen
