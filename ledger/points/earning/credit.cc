#include "ledger/points/earning/credit.h"

#include <algorithm>
#include <tuple>

#include "absl/container/inlined_vector.h"

namespace fenfen {
namespace {

// How much of a cap is used up, by whom and in which period.
class Usage {
 public:
  // The amount used, to be added to.
  int64_t& Of(const CapTerms& cap, int32_t day, const DayEvent* event) {
    uint64_t who = 0;
    if (event != nullptr && cap.scope == v1::CAP_SCOPE_MEMBER) who = event->member;
    if (event != nullptr && cap.scope == v1::CAP_SCOPE_STATION) who = event->station;
    const int32_t first = PeriodOf(cap.period, day).first;
    for (Entry& entry : entries_) {
      if (entry.key == cap.key && entry.first == first && entry.who == who) return entry.used;
    }
    return entries_.emplace_back(Entry{cap.key, who, first, 0}).used;
  }

 private:
  struct Entry {
    uint64_t key;
    uint64_t who;
    int32_t first;
    int64_t used;
  };
  absl::InlinedVector<Entry, 8> entries_;
};

using CapList = absl::InlinedVector<const CapTerms*, 6>;

CapList CapsHolding(const DayEvent& event, const Rules& rules) {
  CapList caps;
  if (event.rule < rules.rules().size()) {
    const RuleTerms& rule = rules.rules()[event.rule];
    if (rule.drops_cap) caps.push_back(&*rule.drops_cap);
    if (rule.reward_cap) caps.push_back(&*rule.reward_cap);
  }
  for (size_t i = 0; i < rules.caps().size(); ++i) {
    if ((event.caps >> i & 1) != 0) caps.push_back(&rules.caps()[i]);
  }
  return caps;
}

// The cap of the unit with the least room, among `caps`; nullptr where there is none.
const CapTerms* Tightest(const CapList& caps, v1::CapUnit unit, Usage& usage, int32_t day, const DayEvent* event, int64_t& room) {
  const CapTerms* tightest = nullptr;
  for (const CapTerms* cap : caps) {
    if (cap->unit != unit) continue;
    const int64_t left = std::max<int64_t>(0, cap->limit - usage.Of(*cap, day, event));
    if (tightest == nullptr || left < room) {
      tightest = cap;
      room = left;
    }
  }
  return tightest;
}

void Use(const CapList& caps, v1::CapUnit unit, Usage& usage, int32_t day, const DayEvent* event, int64_t amount) {
  for (const CapTerms* cap : caps) {
    if (cap->unit == unit) usage.Of(*cap, day, event) += amount;
  }
}

EventCredit CreditEvent(const DayEvent& event, int32_t day, const Rules& rules, Usage& usage) {
  const CapList caps = CapsHolding(event, rules);
  EventCredit credit;
  int64_t room = 0;
  if (const CapTerms* cap = Tightest(caps, v1::CAP_UNIT_COUNT, usage, day, &event, room); cap != nullptr && room < 1) {
    credit.left_out = true;
    credit.cut = cap;
    return credit;
  }
  Use(caps, v1::CAP_UNIT_COUNT, usage, day, &event, 1);
  credit.reward = event.reward;
  credit.civic = event.civic;
  int64_t most = 0;
  if (const CapTerms* cap = Tightest(caps, v1::CAP_UNIT_GRAMS, usage, day, &event, room); cap != nullptr && event.grams > 0) {
    const int64_t grams = std::min(room, event.grams);
    credit.reward = static_cast<int64_t>(static_cast<__int128>(event.reward) * grams / event.grams);
    Use(caps, v1::CAP_UNIT_GRAMS, usage, day, &event, grams);
    most = event.reward - credit.reward;
    if (most > 0) credit.cut = cap;
  }
  if (const CapTerms* cap = Tightest(caps, v1::CAP_UNIT_POINTS, usage, day, &event, room); cap != nullptr) {
    const int64_t cut = std::max<int64_t>(0, credit.reward - room);
    credit.reward -= cut;
    Use(caps, v1::CAP_UNIT_POINTS, usage, day, &event, credit.reward);
    if (cut > most) credit.cut = cap;
  }
  return credit;
}

void CreditBonuses(const OpenDay& open, const Rules& rules, Usage& usage, BlockCredit::Day& credited) {
  if (rules.bonuses().empty()) return;
  credited.bonuses = BonusesEarned(open, rules);
  CapList caps;
  for (const CapTerms& cap : rules.caps()) {
    if (cap.holds_bonuses) caps.push_back(&cap);
  }
  for (size_t i = 0; i < rules.bonuses().size(); ++i) {
    if ((credited.bonuses >> i & 1) == 0) continue;
    const v1::Bonus& bonus = *rules.bonuses()[i].bonus;
    int64_t reward = bonus.reward();
    int64_t room = 0;
    if (Tightest(caps, v1::CAP_UNIT_POINTS, usage, open.day, nullptr, room) != nullptr) reward = std::min(reward, room);
    Use(caps, v1::CAP_UNIT_POINTS, usage, open.day, nullptr, reward);
    credited.reward += reward;
    credited.civic += bonus.civic();
  }
}

bool Interchangeable(DayEvent a, const DayEvent& b) {
  a.id = b.id;
  a.minute = b.minute;
  return a == b;
}

struct Place {
  const DayEvent* event;
  size_t day;
};

}  // namespace

uint16_t BonusesEarned(const OpenDay& day, const Rules& rules) {
  uint16_t earned = 0;
  for (size_t i = 0; i < rules.bonuses().size(); ++i) {
    uint8_t categories = 0;
    for (const DayEvent& event : day.events) {
      if ((event.bonuses >> i & 1) != 0) categories |= static_cast<uint8_t>(1 << event.category);
    }
    const BonusTerms& bonus = rules.bonuses()[i];
    if (categories != 0 && (categories & bonus.required) == bonus.required) earned |= static_cast<uint16_t>(1u << i);
  }
  return earned;
}

BlockCredit CreditOf(const OpenDays& days, const std::vector<const Rules*>& rules, int32_t focus_day, const DayEvent& focus) {
  absl::InlinedVector<Place, 16> order;
  for (size_t d = 0; d < days.size(); ++d) {
    if (rules[d] == nullptr) continue;
    for (const DayEvent& event : days[d].events) order.push_back({&event, d});
  }
  std::sort(order.begin(), order.end(), [](const Place& a, const Place& b) {
    return std::make_tuple(-a.event->reward, -a.event->civic, a.day, a.event->minute, a.event->id) <
           std::make_tuple(-b.event->reward, -b.event->civic, b.day, b.event->minute, b.event->id);
  });
  BlockCredit block;
  block.days.resize(days.size());
  Usage usage;
  for (const Place& place : order) {
    const EventCredit credit = CreditEvent(*place.event, days[place.day].day, *rules[place.day], usage);
    block.days[place.day].reward += credit.reward;
    block.days[place.day].civic += credit.civic;
    if (days[place.day].day == focus_day && Interchangeable(*place.event, focus)) block.focus = credit;
  }
  for (size_t d = 0; d < days.size(); ++d) {
    if (rules[d] != nullptr) CreditBonuses(days[d], *rules[d], usage, block.days[d]);
  }
  return block;
}

}  // namespace fenfen
