#include "ledger/points/earning/rules_check.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/limits.h"
#include "ledger/points/earning/rules.h"
#include "ledger/points/earning/short_id.h"

namespace fenfen {
namespace {

constexpr size_t kRuleTitleBytesMax = 128;
constexpr int kListMax = 32;
constexpr int32_t kPercentMax = 1000;
constexpr int32_t kDailyGiftsMax = 10'000;
constexpr int64_t kDailyGiftAmountMax = 100'000'000;  // hundredths
constexpr int64_t kLimitMax = 100'000'000'000;

class RulesChecker {
 public:
  RulesChecker(const v1::RuleSet& rules, const RuleCheck& check, RuleErrorSink error) : rules_(rules), check_(check), error_(error) {}

  void Run() {
    CheckSet();
    CheckList("rules", rules_.rules(), kRulesMax, [this](const std::string& path, const v1::Rule& rule) { CheckRule(path, rule); });
    CheckList("campaigns", rules_.campaigns(), kCampaignsMax,
              [this](const std::string& path, const v1::Campaign& campaign) { CheckCampaign(path, campaign); });
    CheckList("caps", rules_.caps(), kCapsMax, [this](const std::string& path, const v1::Cap& cap) { CheckCap(path, cap); });
    CheckList("bonuses", rules_.bonuses(), kBonusesMax,
              [this](const std::string& path, const v1::Bonus& bonus) { CheckBonus(path, bonus); });
    CheckList("verification_policies", rules_.verification_policies(), kPoliciesMax,
              [this](const std::string& path, const v1::VerificationPolicy& policy) { CheckPolicy(path, policy); });
    CheckOverlaps();
    CheckPeriods();
  }

 private:
  void Error(absl::string_view path, absl::string_view zh, absl::string_view en) { error_(absl::StrCat("rule_set.", path), zh, en); }
  void Range(const std::string& path, int64_t value, int64_t low, int64_t high) {
    if (value >= low && value <= high) return;
    Error(path, absl::StrCat(value, " 超出范围 ", low, "–", high), absl::StrCat(value, " is not within ", low, " to ", high));
  }
  // Items with ids, each once.
  template <typename List, typename Check>
  void CheckList(absl::string_view name, const List& list, int max, const Check& check) {
    if (list.size() > max) {
      Error(name, absl::StrCat("最多 ", max, " 条，现有 ", list.size(), " 条"), absl::StrCat("at most ", max, ", not ", list.size()));
    }
    absl::flat_hash_set<std::string> ids;
    for (int i = 0; i < std::min(list.size(), max); ++i) {
      const std::string path = absl::StrCat(name, "[", i, "]");
      const std::string& id = list.Get(i).id();
      ShortId(path + ".id", id);
      if (!ids.insert(id).second) Error(path + ".id", absl::StrCat("“", id, "”重复出现"), absl::StrCat("\"", id, "\" comes twice"));
      check(path, list.Get(i));
    }
  }
  void ShortId(const std::string& path, const std::string& id) {
    if (IsShortId(id)) return;
    Error(path, absl::StrCat("“", id, "”不是有效的编号：小写字母、数字、- 和 _，1–", kShortIdMax, " 个"),
          absl::StrCat("\"", id, "\" is not a short id: 1 to ", kShortIdMax, " small letters, digits, - or _"));
  }
  void Title(const std::string& path, const std::string& title, bool required) {
    if (title.empty() && required) return Error(path, "不能为空", "must not be empty");
    if (title.size() > kRuleTitleBytesMax)
      Error(path, absl::StrCat("超过 ", kRuleTitleBytesMax, " 字节"), absl::StrCat("is longer than ", kRuleTitleBytesMax, " bytes"));
  }
  void IsCategory(const std::string& path, int category) {
    if (category == v1::CATEGORY_UNSPECIFIED || !v1::Category_IsValid(category)) Error(path, "没有这个垃圾类别", "is not a category");
  }
  void Categories(const std::string& path, const google::protobuf::RepeatedField<int>& categories) {
    for (int i = 0; i < categories.size(); ++i) IsCategory(absl::StrCat(path, "[", i, "]"), categories.Get(i));
  }
  void Regions(const std::string& path, const google::protobuf::RepeatedPtrField<std::string>& regions) {
    Count(path, regions.size());
    for (int i = 0; i < regions.size(); ++i) {
      if (check_.region_exists(regions.Get(i))) continue;
      Error(absl::StrCat(path, "[", i, "]"), absl::StrCat("“", regions.Get(i), "”不存在"),
            absl::StrCat("\"", regions.Get(i), "\" does not exist"));
    }
  }
  void ShortIds(const std::string& path, const google::protobuf::RepeatedPtrField<std::string>& ids) {
    Count(path, ids.size());
    for (int i = 0; i < ids.size(); ++i) ShortId(absl::StrCat(path, "[", i, "]"), ids.Get(i));
  }
  void Count(const std::string& path, int size) {
    if (size > kListMax) Error(path, absl::StrCat("最多 ", kListMax, " 项"), absl::StrCat("has more than ", kListMax, " items"));
  }

  void CheckSet() {
    Range("late_days_max", rules_.late_days_max(), 0, 30);
    Range("expiry_grace_months", rules_.expiry_grace_months(), 0, 24);
    Range("monthly_bags_max", rules_.monthly_bags_max(), 0, kMonthlyBagsMax);
    if (rules_.has_gift_limits()) {
      Range("gift_limits.daily_gifts", rules_.gift_limits().daily_gifts(), 1, kDailyGiftsMax);
      Range("gift_limits.daily_amount", rules_.gift_limits().daily_amount(), 1, kDailyGiftAmountMax);
    }
    if (!v1::ExpiryPolicy_IsValid(rules_.expiry_policy())) Error("expiry_policy", "没有这种过期方式", "is not a policy");
    if (rules_.expiry_policy() == v1::EXPIRY_POLICY_ROLLING) Range("expiry_months", rules_.expiry_months(), 1, 60);
    if (rules_.effective_date().empty()) return;
    const std::optional<int32_t> day = ParseDay(rules_.effective_date());
    if (!day) return Error("effective_date", "日期须为 YYYY-MM-DD", "must be a day, YYYY-MM-DD");
    if (rules_.version() > 1 && *day < check_.earliest_day) {
      const std::string earliest = absl::FormatCivilTime(CivilDayOf(check_.earliest_day));
      Error("effective_date", absl::StrCat("最早可从 ", earliest, " 起生效：已开始的一天不改规则"),
            absl::StrCat("must be ", earliest, " or later: the rules of a day that has begun do not change"));
    }
  }

  void CheckMatch(const std::string& path, const v1::RuleMatch& match) {
    Categories(path + ".categories", match.categories());
    ShortIds(path + ".materials", match.materials());
    ShortIds(path + ".station_kinds", match.station_kinds());
    ShortIds(path + ".site_types", match.site_types());
    Regions(path + ".regions", match.regions());
    Count(path + ".windows", match.windows_size());
    for (int i = 0; i < match.windows_size(); ++i) {
      const std::string window = absl::StrCat(path, ".windows[", i, "]");
      const std::optional<int> begin = ParseMinute(match.windows(i).begin_time());
      const std::optional<int> end = ParseMinute(match.windows(i).end_time());
      if (!begin) Error(window + ".begin_time", "时间须为 HH:MM", "must be a time, HH:MM");
      if (!end) Error(window + ".end_time", "时间须为 HH:MM", "must be a time, HH:MM");
      if (begin && end && *begin == *end) Error(window, "起止时间相同", "begins when it ends");
    }
    Range(path + ".grams_min", match.grams_min(), 0, limits::kWeightGramsMax);
    Range(path + ".grams_max", match.grams_max(), 0, limits::kWeightGramsMax);
    if (match.grams_max() != 0 && match.grams_max() < match.grams_min()) {
      Error(path + ".grams_max", "小于 grams_min", "is less than grams_min");
    }
    for (int i = 0; i < match.verifications_size(); ++i) {
      const int kind = match.verifications(i);
      if (kind == v1::VERIFICATION_KIND_UNSPECIFIED || !v1::VerificationKind_IsValid(kind)) {
        Error(absl::StrCat(path, ".verifications[", i, "]"), "没有这种核验方式", "is not a kind of verification");
      }
    }
    for (int i = 0; i < match.member_roles_size(); ++i) {
      if (ParseRole(match.member_roles(i))) continue;
      Error(absl::StrCat(path, ".member_roles[", i, "]"), "须为 head、adult、minor 或 assisted", "must be head, adult, minor or assisted");
    }
  }

  void CheckRule(const std::string& path, const v1::Rule& rule) {
    if (!v1::Category_IsValid(rule.category())) IsCategory(path + ".category", rule.category());
    Range(path + ".reward_per_kg", rule.reward_per_kg(), 0, kRateMax);
    Range(path + ".reward_per_drop", rule.reward_per_drop(), 0, kRateMax);
    Range(path + ".reward_per_piece", rule.reward_per_piece(), 0, kRateMax);
    Range(path + ".civic_per_kg", rule.civic_per_kg(), 0, kRateMax);
    Range(path + ".civic_per_drop", rule.civic_per_drop(), 0, kRateMax);
    Range(path + ".civic_per_piece", rule.civic_per_piece(), 0, kRateMax);
    Range(path + ".assumed_grams", rule.assumed_grams(), 0, limits::kWeightGramsMax);
    Range(path + ".daily_drops_max", rule.daily_drops_max(), 0, 1000);
    Range(path + ".daily_reward_max", rule.daily_reward_max(), 0, kRateMax * 100);
    Title(path + ".title_zh", rule.title_zh(), false);
    Title(path + ".title_en", rule.title_en(), false);
    CheckMatch(path + ".match", rule.match());
  }

  void CheckCampaign(const std::string& path, const v1::Campaign& campaign) {
    Title(path + ".title_zh", campaign.title_zh(), true);
    Title(path + ".title_en", campaign.title_en(), true);
    CheckMatch(path + ".match", campaign.match());
    const std::optional<absl::Time> begin = ParseInstant(campaign.begin_time());
    const std::optional<absl::Time> end = ParseInstant(campaign.end_time());
    if (!begin) Error(path + ".begin_time", "时间须为 RFC 3339，例如 2026-06-05T00:00:00+08:00", "must be a time as RFC 3339 writes it");
    if (!end) Error(path + ".end_time", "时间须为 RFC 3339，例如 2026-06-05T00:00:00+08:00", "must be a time as RFC 3339 writes it");
    if (begin && end && *end <= *begin) Error(path + ".end_time", "须晚于开始时间", "must be after begin_time");
    Range(path + ".reward_percent", campaign.reward_percent(), 0, kPercentMax);
    Range(path + ".civic_percent", campaign.civic_percent(), 0, kPercentMax);
  }

  void CheckCap(const std::string& path, const v1::Cap& cap) {
    Title(path + ".title_zh", cap.title_zh(), true);
    Title(path + ".title_en", cap.title_en(), true);
    if (cap.scope() == 0 || !v1::CapScope_IsValid(cap.scope()))
      Error(path + ".scope", "须为 HOUSEHOLD、MEMBER 或 STATION", "must be HOUSEHOLD, MEMBER or STATION");
    if (cap.period() == 0 || !v1::CapPeriod_IsValid(cap.period()))
      Error(path + ".period", "须为 DAY、WEEK 或 MONTH", "must be DAY, WEEK or MONTH");
    if (cap.unit() == 0 || !v1::CapUnit_IsValid(cap.unit()))
      Error(path + ".unit", "须为 POINTS、COUNT 或 GRAMS", "must be POINTS, COUNT or GRAMS");
    Categories(path + ".categories", cap.categories());
    Regions(path + ".regions", cap.regions());
    Range(path + ".limit", cap.limit(), 0, kLimitMax);
  }

  void CheckBonus(const std::string& path, const v1::Bonus& bonus) {
    Title(path + ".title_zh", bonus.title_zh(), true);
    Title(path + ".title_en", bonus.title_en(), true);
    CheckMatch(path + ".match", bonus.match());
    Categories(path + ".required_categories", bonus.required_categories());
    Range(path + ".reward", bonus.reward(), 0, kRateMax);
    Range(path + ".civic", bonus.civic(), 0, kRateMax);
    if (bonus.kind() == 0 || !v1::BonusKind_IsValid(bonus.kind()))
      Error(path + ".kind", "须为 FIRST_DROP 或 ALL_CATEGORIES", "must be FIRST_DROP or ALL_CATEGORIES");
    const bool all = bonus.kind() == v1::BONUS_KIND_ALL_CATEGORIES;
    if (all && bonus.required_categories().empty()) Error(path + ".required_categories", "不能为空", "must not be empty");
    if (!all && !bonus.required_categories().empty())
      Error(path + ".required_categories", "只用于 ALL_CATEGORIES", "is for ALL_CATEGORIES alone");
  }

  void CheckPolicy(const std::string& path, const v1::VerificationPolicy& policy) {
    CheckMatch(path + ".match", policy.match());
    const int timing = policy.timing();
    if (timing == v1::CREDIT_TIMING_UNSPECIFIED || !v1::CreditTiming_IsValid(timing)) {
      return Error(path + ".timing", "须为 IMMEDIATE、INSPECTED 或 DELAYED", "must be IMMEDIATE, INSPECTED or DELAYED");
    }
    if (timing == v1::CREDIT_TIMING_IMMEDIATE) {
      if (policy.wait_hours() != 0)
        Error(path + ".wait_hours", "当场计分不用等待，须为 0", "must be 0: what is credited at once does not wait");
      return;
    }
    Range(path + ".wait_hours", policy.wait_hours(), 1, kWaitHoursMax);
  }

  // Multiplying stays exact for so many at once.
  void CheckOverlaps() {
    for (int i = 0; i < rules_.campaigns_size(); ++i) {
      const std::optional<absl::Time> begin = ParseInstant(rules_.campaigns(i).begin_time());
      if (!begin) continue;
      const auto covers = [&](const v1::Campaign& other) {
        const std::optional<absl::Time> from = ParseInstant(other.begin_time());
        const std::optional<absl::Time> to = ParseInstant(other.end_time());
        return from && to && *from <= *begin && *begin < *to;
      };
      if (std::count_if(rules_.campaigns().begin(), rules_.campaigns().end(), covers) <= kCampaignsAtOnceMax) continue;
      return Error(absl::StrCat("campaigns[", i, "].begin_time"), absl::StrCat("同一时间最多 ", kCampaignsAtOnceMax, " 个活动"),
                   absl::StrCat("more than ", kCampaignsAtOnceMax, " campaigns run at that time"));
    }
  }
  // Weeks cross months, so with both a drop would hang together with all that ever were.
  void CheckPeriods() {
    const auto any = [this](v1::CapPeriod period) {
      return std::any_of(rules_.caps().begin(), rules_.caps().end(), [period](const v1::Cap& cap) { return cap.period() == period; });
    };
    if (any(v1::CAP_PERIOD_WEEK) && any(v1::CAP_PERIOD_MONTH)) {
      Error("caps", "每周上限和每月上限不能同时使用", "weekly and monthly caps cannot stand together");
    }
  }

  const v1::RuleSet& rules_;
  const RuleCheck& check_;
  RuleErrorSink error_;
};

}  // namespace

void CheckRuleSet(const v1::RuleSet& rules, const RuleCheck& check, RuleErrorSink error) { RulesChecker(rules, check, error).Run(); }

void ForEachRegion(const v1::RuleSet& rules, absl::FunctionRef<void(absl::string_view name)> visit) {
  const auto all = [&](const google::protobuf::RepeatedPtrField<std::string>& regions) {
    for (const std::string& region : regions) visit(region);
  };
  for (const v1::Rule& rule : rules.rules()) all(rule.match().regions());
  for (const v1::Campaign& campaign : rules.campaigns()) all(campaign.match().regions());
  for (const v1::Cap& cap : rules.caps()) all(cap.regions());
  for (const v1::Bonus& bonus : rules.bonuses()) all(bonus.match().regions());
  for (const v1::VerificationPolicy& policy : rules.verification_policies()) all(policy.match().regions());
}

}  // namespace fenfen
