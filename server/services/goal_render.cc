#include "server/services/goal_render.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "ledger/core/clock.h"
#include "ledger/points/correcting/grounds.h"
#include "ledger/points/sentence.h"

namespace fenfen::server {
namespace {

using Goal = v1::Goal;

// "1.25" of 1250 grams.
std::string Kilograms(int64_t grams) {
  std::string text = absl::StrFormat("%d.%03d", grams / 1000, grams % 1000);
  while (text.back() == '0') text.pop_back();
  return std::string(absl::StripSuffix(text, "."));
}

std::string Plural(int64_t count, absl::string_view one, absl::string_view many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

// "厨余垃圾或可回收物"; empty where every kind counts.
Sentence KindsOf(const Goal& goal) {
  Sentence s;
  for (const int category : goal.categories()) {
    const Sentence name = CategoryName(category);
    absl::StrAppend(&s.zh, s.zh.empty() ? "" : "或", name.zh);
    absl::StrAppend(&s.en, s.en.empty() ? "" : " or ", name.en);
  }
  return s;
}

// How much of a measure: "3 次", "3 drops".
Sentence Amount(const Goal& goal, int64_t amount) {
  switch (goal.measure()) {
    case Goal::MEASURE_DROPS:
    case Goal::MEASURE_CORRECT:
      return {absl::StrCat(amount, " 次"), Plural(amount, "drop", "drops")};
    case Goal::MEASURE_DAYS:
    case Goal::MEASURE_STREAK:
      return {absl::StrCat(amount, " 天"), Plural(amount, "day", "days")};
    case Goal::MEASURE_CIVIC:
      return {absl::StrCat(FormatPoints(Points(amount)), " 文明积分"), absl::StrCat(FormatPoints(Points(amount)), " civic points")};
    case Goal::MEASURE_GRAMS:
      return {absl::StrCat(Kilograms(amount), " 公斤"), absl::StrCat(Kilograms(amount), " kg")};
    case Goal::MEASURE_CATEGORIES:
      return {absl::StrCat(amount, " 类"), Plural(amount, "kind", "kinds")};
    default:
      return {absl::StrCat(amount, " 级"), Plural(amount, "level", "levels")};
  }
}

Sentence GoalText(const Goal& goal, const v1::GameRules& rules) {
  const Sentence amount = Amount(goal, goal.target());
  const Sentence kinds = KindsOf(goal);
  const std::string of_kinds = kinds.en.empty() ? "" : absl::StrCat(" of ", kinds.en);
  switch (goal.measure()) {
    case Goal::MEASURE_DROPS:
      return {absl::StrCat("投放", kinds.zh, " ", amount.zh), absl::StrCat(amount.en, of_kinds)};
    case Goal::MEASURE_DAYS:
      return {absl::StrCat("有 ", amount.zh, "投放", kinds.zh), absl::StrCat("drops", of_kinds, " on ", amount.en)};
    case Goal::MEASURE_CIVIC:
      return {absl::StrCat("获得 ", amount.zh), amount.en};
    case Goal::MEASURE_GRAMS:
      return {absl::StrCat("投放", kinds.zh, " ", amount.zh), absl::StrCat(amount.en, of_kinds)};
    case Goal::MEASURE_CORRECT:
      return {absl::StrCat("检查合格 ", amount.zh), absl::StrCat(amount.en, " found correct")};
    case Goal::MEASURE_STREAK:
      return {absl::StrCat("连续 ", amount.zh, "投放", kinds.zh), absl::StrCat("drops", of_kinds, " on ", amount.en, " in a row")};
    case Goal::MEASURE_CATEGORIES:
      return {absl::StrCat("一天内投放 ", amount.zh, "垃圾"), absl::StrCat(amount.en, " of waste on one day")};
    default: {
      const bool known = goal.target() <= rules.levels_size();
      const v1::Level level = known ? rules.levels(static_cast<int>(goal.target()) - 1) : v1::Level();
      return {absl::StrCat("升到第 ", goal.target(), " 级“", level.title_zh(), "”"),
              absl::StrCat("level ", goal.target(), ", ", level.title_en())};
    }
  }
}

void RenderGoal(const Goal& goal, const GoalStand& stand, bool awarded, const v1::GameRules& rules, v1::GoalProgress& out) {
  const Sentence text = GoalText(goal, rules);
  out.set_text_zh(text.zh);
  out.set_text_en(text.en);
  out.set_target(goal.target());
  out.set_value(std::clamp<int64_t>(stand.value, 0, goal.target()));
  out.set_reached(stand.reached || awarded);
  if (awarded) out.set_value(goal.target());
  if (out.reached()) return;
  const Sentence left = Amount(goal, goal.target() - out.value());
  out.set_left_zh(absl::StrCat("还差 ", left.zh));
  out.set_left_en(absl::StrCat(left.en, " to go"));
}

// "奖励 5 兑换积分、1 文明积分"; empty where it gives none.
template <typename Prize>
Sentence PrizeText(const Prize& prize) {
  Sentence s;
  if (prize.reward() != 0) {
    s = {absl::StrCat("奖励 ", FormatPoints(Points(prize.reward())), " 兑换积分"),
         absl::StrCat(FormatPoints(Points(prize.reward())), " reward points")};
  }
  if (prize.civic() != 0) {
    absl::StrAppend(&s.zh, s.zh.empty() ? "奖励 " : "、", FormatPoints(Points(prize.civic())), " 文明积分");
    absl::StrAppend(&s.en, s.en.empty() ? "" : " and ", FormatPoints(Points(prize.civic())), " civic points");
  }
  return s;
}

// The first that is not reached.
template <typename Goals>
Sentence NextText(const Goals& goals) {
  for (const v1::GoalProgress& goal : goals) {
    if (!goal.reached()) return {absl::StrCat(goal.text_zh(), "，", goal.left_zh()), absl::StrCat(goal.text_en(), ": ", goal.left_en())};
  }
  return {"都已完成，奖励即将发放", "all is done, the award is on its way"};
}

Sentence With(Sentence text, const Sentence& prize) {
  if (prize.zh.empty()) return text;
  return {absl::StrCat(text.zh, "；", prize.zh), absl::StrCat(text.en, "; ", prize.en)};
}

v1::QuestView::State StateOf(const QuestDays& days, const QuestStand& stand, bool awarded, int32_t today) {
  if (awarded) return v1::QuestView::STATE_AWARDED;
  if (today < days.first) return v1::QuestView::STATE_UPCOMING;
  if (AllReached(stand.steps) && stand.took_part && today <= days.closing) return v1::QuestView::STATE_REACHED;
  if (today <= days.last) return v1::QuestView::STATE_OPEN;
  return today <= days.closing ? v1::QuestView::STATE_CLOSING : v1::QuestView::STATE_MISSED;
}

Sentence QuestSummary(const v1::QuestView& view) {
  const bool for_team = view.entrants() == v1::Board::ENTRANTS_TEAMS;
  const Sentence next = NextText(view.steps());
  switch (view.state()) {
    case v1::QuestView::STATE_UPCOMING:
      return {absl::StrCat(view.first_day(), " 开始，到 ", view.last_day(), " 为止"),
              absl::StrCat("From ", view.first_day(), " to ", view.last_day())};
    case v1::QuestView::STATE_OPEN:
      if (for_team && view.team_title().empty()) return {"先加入一支队伍，就能一起完成", "Join a team to take part"};
      return {absl::StrCat("到 ", view.last_day(), " 为止：", next.zh), absl::StrCat("Until ", view.last_day(), ": ", next.en)};
    case v1::QuestView::STATE_CLOSING:
      return {absl::StrCat("已于 ", view.last_day(), " 结束；那几天的投放如果晚到，", view.closing_day(), " 前仍算数"),
              absl::StrCat("Over since ", view.last_day(), "; drops of those days that arrive until ", view.closing_day(), " still count")};
    case v1::QuestView::STATE_REACHED:
      return {"已完成，奖励即将发放", "Completed; the award is on its way"};
    case v1::QuestView::STATE_AWARDED:
      return {absl::StrCat("已完成，奖励已于 ", view.award_day(), " 发放"), absl::StrCat("Completed; awarded on ", view.award_day())};
    default:
      return {absl::StrCat("已于 ", view.last_day(), " 结束，没有完成"), absl::StrCat("Ended on ", view.last_day(), ", not completed")};
  }
}

}  // namespace

void RenderBadge(const v1::Badge& badge, const std::vector<GoalStand>& stands, const ledger::v1::GameRecord::Reached* reached,
                 const v1::GameRules& rules, v1::BadgeView& out) {
  out.set_name(badge.name());
  out.set_title_zh(badge.title_zh());
  out.set_title_en(badge.title_en());
  out.set_reward(badge.reward());
  out.set_civic(badge.civic());
  out.set_awarded(reached != nullptr);
  if (reached != nullptr) out.set_award_day(DayText(reached->day()));
  for (int i = 0; i < badge.goals_size(); ++i) {
    RenderGoal(badge.goals(i), stands[static_cast<size_t>(i)], reached != nullptr, rules, *out.add_goals());
  }
  Sentence text = NextText(out.goals());
  if (reached != nullptr) text = {absl::StrCat("已于 ", out.award_day(), " 获得"), absl::StrCat("Awarded on ", out.award_day())};
  text = With(std::move(text), PrizeText(badge));
  out.set_summary_zh(text.zh);
  out.set_summary_en(text.en);
}

void RenderQuest(const v1::Quest& quest, const QuestDays& days, const QuestStand& stand, const ledger::v1::GameRecord::Reached* reached,
                 int32_t today, const v1::GameRules& rules, v1::QuestView& out) {
  out.set_name(quest.name());
  out.set_title_zh(quest.title_zh());
  out.set_title_en(quest.title_en());
  out.set_state(StateOf(days, stand, reached != nullptr, today));
  out.set_first_day(quest.first_day());
  out.set_last_day(quest.last_day());
  out.set_closing_day(DayText(days.closing));
  for (int i = 0; i < quest.steps_size(); ++i) {
    RenderGoal(quest.steps(i), stand.steps[static_cast<size_t>(i)], reached != nullptr, rules, *out.add_steps());
  }
  out.set_in_order(quest.in_order());
  out.set_entrants(quest.entrants());
  out.set_team_title(stand.team_title);
  if (reached != nullptr) out.set_award_day(DayText(reached->day()));
  out.set_reward(quest.reward());
  out.set_civic(quest.civic());
  const Sentence text = With(QuestSummary(out), PrizeText(quest));
  out.set_summary_zh(text.zh);
  out.set_summary_en(text.en);
}

}  // namespace fenfen::server
