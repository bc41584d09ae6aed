// ModelRules: the model's own reading of a rule set, and its own finding of what a household's drops are worth together: maps and plain
// arithmetic, written from proto/fenfen/v1/rules.proto and not from the ledger's code. It reads what the simulated operator sends: no
// matches beyond categories, no regions. Immutable once made.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "fenfen/v1/rules.pb.h"

namespace fenfen::sim {

struct ModelRules {
  v1::RuleSet set;
  int32_t effective_day = 0;
};

// A drop that a rule pays for.
struct ModelEvent {
  int32_t day = 0;
  int32_t minute = 0;  // of the day
  uint32_t id = 0;
  int category = 0;
  const v1::Rule* rule = nullptr;
  uint32_t member = 0;
  uint64_t station = 0;
  int64_t grams = 0;  // that count
  int64_t reward = 0;
  int64_t civic = 0;
};

struct ModelCredit {
  int64_t reward = 0;
  int64_t civic = 0;
};

// The rule of a category, or nullptr.
const v1::Rule* RuleOf(const ModelRules& rules, int category);
// Reward and civic points of a drop before any cap.
ModelCredit ValueOf(const ModelRules& rules, const v1::Rule& rule, int64_t grams, absl::Time when);
// The longest period of its caps: 1 day, 2 week, 3 month.
int SpanOf(const ModelRules& rules);
// The first day of the period that the day lies in.
int32_t BeginOfPeriod(int period, int32_t day);
// What events are worth together, by day. All are of one block; `rules_of` gives each day's rules.
std::map<int32_t, ModelCredit> CreditOf(std::vector<ModelEvent> events, const std::map<int32_t, const ModelRules*>& rules_of);

}  // namespace fenfen::sim
