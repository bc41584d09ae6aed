// Whether a rule set says something: every field looked at, every mistake named by its path, such as
// `rule_set.rules[2].match.windows[0].begin_time`, with a reason in Chinese and English. Pure.
#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "fenfen/v1/rules.pb.h"

namespace fenfen {

// Limits of a rule set.
inline constexpr int kRulesMax = 200;
inline constexpr int kCapsMax = 32;     // a drop keeps those that hold it as bits
inline constexpr int kBonusesMax = 16;  // likewise
inline constexpr int kCampaignsMax = 64;
inline constexpr int kCampaignsAtOnceMax = 4;
inline constexpr int kPoliciesMax = 32;
inline constexpr int kWaitHoursMax = 30 * 24;  // as long as a late drop may be late
inline constexpr int kMonthlyBagsMax = 500;
inline constexpr int64_t kRateMax = 1'000'000;  // 10,000 points: no rule pays more a kilogram, drop or piece

// Where mistakes go: the path below `rule_set`, with it, and the reason.
using RuleErrorSink = absl::FunctionRef<void(absl::string_view path, absl::string_view zh, absl::string_view en)>;

struct RuleCheck {
  // The first day on which the set may come into force; nothing is asked of version 1.
  int32_t earliest_day = 0;
  // Whether there is a region of that name.
  absl::FunctionRef<bool(absl::string_view name)> region_exists;
};
void CheckRuleSet(const v1::RuleSet& rules, const RuleCheck& check, RuleErrorSink error);

// Every region that the rules name.
void ForEachRegion(const v1::RuleSet& rules, absl::FunctionRef<void(absl::string_view name)> visit);

}  // namespace fenfen
