#include "ledger/projections/progress.h"

#include <algorithm>
#include <bitset>
#include <map>

namespace fenfen {
namespace {

constexpr size_t kCategories = 16;

bool Takes(const v1::Goal& goal, const History::Event& event) {
  if (goal.categories().empty()) return true;
  return std::find(goal.categories().begin(), goal.categories().end(), event.category) != goal.categories().end();
}

// What a day added, for measures that add up.
std::vector<int64_t> AddedByDay(const v1::Goal& goal, DaySpan days, const Players::Deeds& deeds) {
  std::vector<int64_t> added(static_cast<size_t>(days.last - days.first + 1));
  for (const History::Event& event : deeds.events) {
    if (!days.Contains(event.day)) continue;
    int64_t& of_day = added[static_cast<size_t>(event.day - days.first)];
    switch (goal.measure()) {
      case v1::Goal::MEASURE_CIVIC:
        of_day += event.civic;
        break;
      case v1::Goal::MEASURE_CORRECT:
        if (event.inspection == History::Inspection::kCorrect) ++of_day;
        break;
      default:
        if (!event.counted || !Takes(goal, event)) break;
        if (goal.measure() == v1::Goal::MEASURE_DROPS) ++of_day;
        if (goal.measure() == v1::Goal::MEASURE_GRAMS) of_day += event.grams;
        if (goal.measure() == v1::Goal::MEASURE_DAYS) of_day = 1;
        break;
    }
  }
  return added;
}

// How many different kinds there were on each day.
std::vector<int64_t> KindsByDay(DaySpan days, const Players::Deeds& deeds) {
  std::vector<std::bitset<kCategories>> seen(static_cast<size_t>(days.last - days.first + 1));
  for (const History::Event& event : deeds.events) {
    if (event.counted && event.category != 0 && days.Contains(event.day)) {
      seen[static_cast<size_t>(event.day - days.first)].set(event.category % kCategories);
    }
  }
  std::vector<int64_t> kinds;
  for (const auto& of_day : seen) kinds.push_back(static_cast<int64_t>(of_day.count()));
  return kinds;
}

// How many days in a row there were up to each day.
std::vector<int64_t> RunsByDay(const v1::Goal& goal, DaySpan days, const Players::Deeds& deeds) {
  v1::Goal with_drop = goal;
  with_drop.set_measure(v1::Goal::MEASURE_DAYS);
  std::vector<int64_t> runs = AddedByDay(with_drop, days, deeds);
  int64_t run = 0;
  for (int32_t day = days.first; day <= days.last; ++day) {
    int64_t& of_day = runs[static_cast<size_t>(day - days.first)];
    if (of_day != 0) {
      of_day = ++run;
    } else if (!deeds.streak.IsKept(day)) {
      run = 0;
    }
  }
  return runs;
}

// From what came up to each day: the most it was, and when it was first enough.
GoalStand StandOf(const v1::Goal& goal, DaySpan days, const std::vector<int64_t>& by_day) {
  GoalStand stand;
  for (size_t n = 0; n < by_day.size(); ++n) {
    stand.value = std::max(stand.value, by_day[n]);
    if (stand.reached || by_day[n] < goal.target()) continue;
    stand.reached = true;
    stand.day = days.first + static_cast<int32_t>(n);
  }
  return stand;
}

GoalStand StepStand(const v1::Goal& goal, DaySpan days, const std::vector<Players::Deeds>& who) {
  if (who.empty() || days.first > days.last) return {};
  if (goal.measure() == v1::Goal::MEASURE_STREAK) return StandOf(goal, days, RunsByDay(goal, days, who.front()));
  if (goal.measure() == v1::Goal::MEASURE_CATEGORIES) return StandOf(goal, days, KindsByDay(days, who.front()));
  std::vector<int64_t> sums(static_cast<size_t>(days.last - days.first + 1));
  for (const Players::Deeds& deeds : who) {
    const std::vector<int64_t> added = AddedByDay(goal, days, deeds);
    for (size_t n = 0; n < sums.size(); ++n) sums[n] += added[n];
  }
  for (size_t n = 1; n < sums.size(); ++n) sums[n] += sums[n - 1];
  return StandOf(goal, days, sums);
}

int64_t EverOf(const v1::Goal& goal, const Players::Deeds& deeds, const Lifetime& lifetime) {
  switch (goal.measure()) {
    case v1::Goal::MEASURE_DROPS:
      return deeds.ever.drops;
    case v1::Goal::MEASURE_CIVIC:
      return lifetime.civic;
    case v1::Goal::MEASURE_GRAMS:
      return static_cast<int64_t>(deeds.ever.grams);
    case v1::Goal::MEASURE_CORRECT:
      return deeds.ever.correct;
    case v1::Goal::MEASURE_STREAK:
      return deeds.streak.Best();
    case v1::Goal::MEASURE_LEVEL:
      return lifetime.level;
    case v1::Goal::MEASURE_CATEGORIES: {
      std::map<int32_t, std::bitset<kCategories>> days;
      size_t most = 0;
      for (const History::Event& event : deeds.events) {
        if (event.counted && event.category != 0) most = std::max(most, days[event.day].set(event.category % kCategories).count());
      }
      return static_cast<int64_t>(most);
    }
    default:
      return 0;
  }
}

}  // namespace

std::vector<GoalStand> QuestProgress(const v1::Quest& quest, DaySpan days, const std::vector<Players::Deeds>& who) {
  std::vector<GoalStand> stands;
  for (const v1::Goal& goal : quest.steps()) {
    // What comes after a step that is not reached has not begun.
    const bool begun = !quest.in_order() || stands.empty() || stands.back().reached;
    if (quest.in_order() && !stands.empty() && begun) days.first = stands.back().day + 1;
    stands.push_back(begun ? StepStand(goal, days, who) : GoalStand());
  }
  return stands;
}

std::vector<GoalStand> BadgeProgress(const v1::Badge& badge, const Players::Deeds& deeds, const Lifetime& lifetime) {
  std::vector<GoalStand> stands;
  for (const v1::Goal& goal : badge.goals()) {
    const int64_t value = EverOf(goal, deeds, lifetime);
    stands.push_back({value, value >= goal.target(), 0});
  }
  return stands;
}

bool AllReached(const std::vector<GoalStand>& stands) {
  return !stands.empty() && std::all_of(stands.begin(), stands.end(), [](const GoalStand& stand) { return stand.reached; });
}

bool TookPart(const Players::Deeds& deeds, DaySpan days) {
  return std::any_of(deeds.events.begin(), deeds.events.end(),
                     [&](const History::Event& event) { return event.counted && days.Contains(event.day); });
}

}  // namespace fenfen
