#include "clients/ctl/simulate/simulation.h"

#include <algorithm>
#include <cstdlib>

namespace fenfen::ctl {
namespace {

size_t StepOf(int64_t difference) {
  const int64_t size = std::abs(difference);
  return static_cast<size_t>(std::lower_bound(kDifferenceSteps.begin(), kDifferenceSteps.end(), size) - kDifferenceSteps.begin());
}

// By how much, then by number, so that the order is always the same.
bool Before(const HouseholdChange& a, const HouseholdChange& b) {
  const int64_t more = std::abs(a.difference());
  const int64_t less = std::abs(b.difference());
  return more != less ? more > less : a.household < b.household;
}

void Keep(std::vector<HouseholdChange>& most, const HouseholdChange& change, size_t top) {
  if (most.size() >= top && (top == 0 || !Before(change, most.back()))) return;
  most.insert(std::upper_bound(most.begin(), most.end(), change, Before), change);
  if (most.size() > top) most.pop_back();
}

}  // namespace

Compared& Compared::operator+=(const Compared& other) {
  drops += other.drops;
  ledger_credited += other.ledger_credited;
  draft_credited += other.draft_credited;
  ledger_reward += other.ledger_reward;
  ledger_civic += other.ledger_civic;
  draft_reward += other.draft_reward;
  draft_civic += other.draft_civic;
  return *this;
}

void SimulationReport::Add(const SimulationReport& other) {
  transactions += other.transactions;
  reversals += other.reversals;
  too_late += other.too_late;
  without_budget += other.without_budget;
  without_budget_reward += other.without_budget_reward;
  for (const auto& [place, compared] : other.totals) totals[place] += compared;
  for (const auto& [place, cost] : other.costs) {
    costs[place].ledger += cost.ledger;
    costs[place].draft += cost.draft;
  }
  not_reproduced += other.not_reproduced;
  for (const std::string& difference : other.differences) {
    if (differences.size() < kDifferencesMax) differences.push_back(difference);
  }
}

void SimulationReport::Note(const HouseholdChange& change, size_t top) {
  ++households;
  const int64_t difference = change.difference();
  if (difference > 0) {
    ++gaining[StepOf(difference)];
    gained += difference;
    Keep(gain_most, change, top);
  } else {
    ++losing[StepOf(difference)];
    lost -= difference;
    if (difference < 0) Keep(lose_most, change, top);
  }
}

}  // namespace fenfen::ctl
