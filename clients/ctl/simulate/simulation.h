// What a simulation is asked and what it tells. Plain data; amounts are hundredths of a point.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fenfen/v1/rules.pb.h"
#include "ledger/core/ids.h"
#include "ledger/core/points.h"

namespace fenfen::ctl {

struct SimulationTerms {
  std::optional<v1::RuleSet> draft;  // checked (draft_rules.h); nullopt for the rules in force, which must give the ledger again
  int32_t first_day = 0;             // drops of these days are counted, both included
  int32_t last_day = 0;
  absl::TimeZone zone;
  int passes = 1;   // how many times the journal is read: each time holds the households of as many partitions fewer
  size_t top = 10;  // households named that gain most, and that lose most
};
inline constexpr int kPassesMax = 256;
inline constexpr size_t kTopMax = 1000;

// Of what the ledger has and of what the simulation came to.
struct Compared {
  int64_t drops = 0;            // recorded and not reversed
  int64_t ledger_credited = 0;  // of them, those that changed somebody's points
  int64_t draft_credited = 0;
  int64_t ledger_reward = 0;
  int64_t ledger_civic = 0;
  int64_t draft_reward = 0;
  int64_t draft_civic = 0;

  Compared& operator+=(const Compared& other);
  friend bool operator==(const Compared&, const Compared&) = default;
};

struct HouseholdChange {
  HouseholdId household;
  CatalogueId town;
  Compared amounts;
  int64_t difference() const { return amounts.draft_reward - amounts.ledger_reward; }
};

// A town's month: what its programme issued, whatever for, and what it would have.
struct MonthCost {
  int64_t ledger = 0;
  int64_t draft = 0;
  std::optional<int64_t> limit;  // its budget's
  bool stops = false;            // rather than warns

  friend bool operator==(const MonthCost&, const MonthCost&) = default;
};

// Households by how much they gain or lose: none, then up to so many points, then more.
inline constexpr std::array<int64_t, 6> kDifferenceSteps = {0, 100, 500, 1000, 5000, 10000};
using Histogram = std::array<int64_t, kDifferenceSteps.size() + 1>;

struct SimulationReport {
  int64_t transactions = 0;                                    // replayed, of whatever day
  int64_t households = 0;                                      // with a drop in the period
  int64_t reversals = 0;                                       // of drops of the period
  int64_t too_late = 0;                                        // drops that the draft takes too late to be credited
  int64_t without_budget = 0;                                  // drops that a used-up budget cut, and that stay cut
  int64_t without_budget_reward = 0;                           // what they would be worth
  std::map<std::pair<CatalogueId, int>, Compared> totals;      // by town and category
  std::map<std::pair<CatalogueId, int32_t>, MonthCost> costs;  // by town and month (MonthNumber)
  std::map<uint64_t, std::string> towns;                       // names for people
  Histogram gaining{};                                         // the first is always 0: who neither gains nor loses is in losing[0]
  Histogram losing{};
  int64_t gained = 0;                      // by those who gain, in all
  int64_t lost = 0;                        // by those who lose
  std::vector<HouseholdChange> gain_most;  // the most first
  std::vector<HouseholdChange> lose_most;
  // Under the rules in force: entries that the simulation does not give again, and the first of them in words. Zero, or the ledger or this
  // program is wrong.
  int64_t not_reproduced = 0;
  std::vector<std::string> differences;

  static constexpr size_t kDifferencesMax = 20;
  // Takes another's figures in; not what Finish makes.
  void Add(const SimulationReport& other);
  // Notes one household's sums, and keeps the `top` that gain or lose most.
  void Note(const HouseholdChange& change, size_t top);
};

}  // namespace fenfen::ctl
