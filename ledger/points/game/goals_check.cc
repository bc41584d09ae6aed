#include "ledger/points/game/goals_check.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "ledger/core/clock.h"

namespace fenfen {
namespace {

constexpr int kBadgesMax = 50;
constexpr int kQuestsMax = 100;
constexpr int kQuestsADayMax = 20;
constexpr int kGoalsMax = 5;
constexpr int kGoalRegionsMax = 50;
constexpr int kCategoriesMax = 6;
constexpr int64_t kTargetMax = 1'000'000'000;
constexpr int64_t kRewardMax = 10'000'000;  // 100,000 points
constexpr size_t kGoalIdBytesMax = 32;
constexpr size_t kGoalTitleBytesMax = 128;

using Goal = v1::Goal;

// Of what a quest counts by kinds of waste.
bool HasCategories(Goal::Measure measure) {
  return measure == Goal::MEASURE_DROPS || measure == Goal::MEASURE_DAYS || measure == Goal::MEASURE_GRAMS ||
         measure == Goal::MEASURE_STREAK;
}

std::optional<int32_t> DayOf(const std::string& text) {
  absl::CivilDay day;
  if (text.size() != 10 || !absl::ParseCivilTime(text, &day)) return std::nullopt;
  return DayNumber(day);
}

class GoalsChecker {
 public:
  GoalsChecker(const v1::GameRules& rules, GameRulesFault fault) : rules_(rules), fault_(fault) {}

  void Badges() {
    Range("game_rules.badges", 0, rules_.badges_size(), 0, kBadgesMax);
    for (int i = 0; i < rules_.badges_size(); ++i) {
      const v1::Badge& badge = rules_.badges(i);
      row_ = i + 1;
      Common("game_rules.badges", "badges/", badge);
      Range("game_rules.badges.goals", row_, badge.goals_size(), 1, kGoalsMax);
      for (const Goal& goal : badge.goals()) BadgeGoal(goal);
    }
  }

  void Quests() {
    Range("game_rules.quests", 0, rules_.quests_size(), 0, kQuestsMax);
    for (int i = 0; i < rules_.quests_size(); ++i) {
      const v1::Quest& quest = rules_.quests(i);
      row_ = i + 1;
      Common("game_rules.quests", "quests/", quest);
      Range("game_rules.quests.entrants", row_, quest.entrants(), v1::Board::ENTRANTS_HOUSEHOLDS, v1::Board::ENTRANTS_TEAMS);
      Range("game_rules.quests.regions", row_, quest.regions_size(), 0, kGoalRegionsMax);
      for (const std::string& region : quest.regions()) {
        if (!absl::StartsWith(region, "regions/")) fault_("game_rules.quests.regions", row_, "须为 regions/…", "must be regions/…");
      }
      const std::optional<int32_t> first = DayOf(quest.first_day()), last = DayOf(quest.last_day());
      if (!first) fault_("game_rules.quests.first_day", row_, "须为 YYYY-MM-DD", "must be YYYY-MM-DD");
      if (!last) fault_("game_rules.quests.last_day", row_, "须为 YYYY-MM-DD", "must be YYYY-MM-DD");
      const int days = first && last ? *last - *first + 1 : 0;
      if (first && last) Range("game_rules.quests.last_day", row_, days, 1, kQuestDaysMax);
      Range("game_rules.quests.steps", row_, quest.steps_size(), 1, kGoalsMax);
      for (const Goal& goal : quest.steps()) QuestStep(quest, goal, days);
      if (first && last) Overlap(*first, *last);
    }
  }

 private:
  void Range(absl::string_view field, int row, int64_t value, int64_t low, int64_t high) {
    if (value >= low && value <= high) return;
    fault_(field, row, absl::StrCat(value, " 超出范围 ", low, "–", high), absl::StrCat(value, " is not within ", low, " to ", high));
  }

  template <typename Prize>
  void Common(const std::string& list, absl::string_view prefix, const Prize& prize) {
    absl::string_view id = prize.name();
    const bool is_name = absl::ConsumePrefix(&id, prefix) && !id.empty() && id.size() <= kGoalIdBytesMax &&
                         std::all_of(id.begin(), id.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; });
    if (!is_name) {
      fault_(absl::StrCat(list, ".name"), row_, absl::StrCat("须为 ", prefix, " 加字母、数字、- 或 _"),
             absl::StrCat("must be ", prefix, " and letters, digits, - or _"));
    }
    if (!names_.insert(prize.name()).second) fault_(absl::StrCat(list, ".name"), row_, "重复出现", "comes twice");
    Title(absl::StrCat(list, ".title_zh"), prize.title_zh());
    Title(absl::StrCat(list, ".title_en"), prize.title_en());
    Range(absl::StrCat(list, ".reward"), row_, prize.reward(), 0, kRewardMax);
    Range(absl::StrCat(list, ".civic"), row_, prize.civic(), 0, kRewardMax);
  }
  void Title(const std::string& field, const std::string& text) {
    if (!text.empty() && text.size() <= kGoalTitleBytesMax) return;
    fault_(field, row_, "不能为空，也不能太长", absl::StrCat("must have 1 to ", kGoalTitleBytesMax, " bytes"));
  }

  void BadgeGoal(const Goal& goal) {
    Range("game_rules.badges.goals.measure", row_, goal.measure(), Goal::MEASURE_DROPS, Goal::MEASURE_LEVEL);
    if (goal.measure() == Goal::MEASURE_DAYS) {
      fault_("game_rules.badges.goals.measure", row_, "徽章不能按天数计，请用连续天数",
             "of a badge days are not counted; days in a row are");
    }
    if (!goal.categories().empty()) {
      fault_("game_rules.badges.goals.categories", row_, "徽章不分类别计", "a badge counts all kinds of waste");
    }
    Range("game_rules.badges.goals.target", row_, goal.target(), 1, TargetMax(goal, kTargetMax));
  }

  void QuestStep(const v1::Quest& quest, const Goal& goal, int days) {
    Range("game_rules.quests.steps.measure", row_, goal.measure(), Goal::MEASURE_DROPS, Goal::MEASURE_CATEGORIES);
    const bool team = quest.entrants() == v1::Board::ENTRANTS_TEAMS;
    if (team && (goal.measure() == Goal::MEASURE_STREAK || goal.measure() == Goal::MEASURE_CATEGORIES)) {
      fault_("game_rules.quests.steps.measure", row_, "队伍任务不能按连续天数或一天的类别数计",
             "of a team neither days in a row nor kinds on a day are counted");
    }
    Range("game_rules.quests.steps.categories", row_, goal.categories_size(), 0, HasCategories(goal.measure()) ? kCategoriesMax : 0);
    for (const int category : goal.categories()) {
      Range("game_rules.quests.steps.categories", row_, category, v1::CATEGORY_FOOD, v1::CATEGORY_RENOVATION);
    }
    const bool by_day = goal.measure() == Goal::MEASURE_STREAK || (goal.measure() == Goal::MEASURE_DAYS && !team);
    Range("game_rules.quests.steps.target", row_, goal.target(), 1, TargetMax(goal, by_day ? days : kTargetMax));
  }

  int64_t TargetMax(const Goal& goal, int64_t otherwise) const {
    if (goal.measure() == Goal::MEASURE_CATEGORIES) return kCategoriesMax;
    return goal.measure() == Goal::MEASURE_LEVEL ? rules_.levels_size() : otherwise;
  }

  // With those before it, on the first day of any of them.
  void Overlap(int32_t first, int32_t last) {
    spans_.emplace_back(first, last);
    for (const auto& [day, unused] : spans_) {
      if (day < first || day > last) continue;
      const auto open =
          std::count_if(spans_.begin(), spans_.end(), [day = day](const auto& span) { return day >= span.first && day <= span.second; });
      if (open <= kQuestsADayMax) continue;
      return fault_("game_rules.quests.first_day", row_, absl::StrCat("同一天最多 ", kQuestsADayMax, " 个任务"),
                    absl::StrCat("at most ", kQuestsADayMax, " quests have a day in common"));
    }
  }

  const v1::GameRules& rules_;
  GameRulesFault fault_;
  int row_ = 0;  // of the one that is looked at
  absl::flat_hash_set<std::string> names_;
  std::vector<std::pair<int32_t, int32_t>> spans_;
};

}  // namespace

void CheckGoals(const v1::GameRules& rules, GameRulesFault fault) {
  GoalsChecker checker(rules, fault);
  checker.Badges();
  checker.Quests();
}

}  // namespace fenfen
