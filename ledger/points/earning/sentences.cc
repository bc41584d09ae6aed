#include "ledger/points/earning/sentences.h"

#include "absl/strings/str_cat.h"

namespace fenfen {
namespace {

const v1::Rule* RuleOf(const DropWhy& why, const v1::RuleSet& rules) {
  for (const v1::Rule& rule : rules.rules()) {
    if (rule.id() == why.rule) return &rule;
  }
  return nullptr;
}

const v1::Cap* CapOf(const DropWhy& why, const v1::RuleSet& rules) {
  for (const v1::Cap& cap : rules.caps()) {
    if (cap.id() == why.cap) return &cap;
  }
  return nullptr;
}

Sentence What(const DropWhy& why, const v1::Rule* rule) {
  const Sentence category = CategoryName(why.category);
  Sentence s{absl::StrCat("投放", category.zh), absl::StrCat("Dropped ", category.en)};
  if (rule != nullptr && !rule->title_zh().empty()) absl::StrAppend(&s.zh, "（", rule->title_zh(), "）");
  if (rule != nullptr && !rule->title_en().empty()) absl::StrAppend(&s.en, " (", rule->title_en(), ")");
  return s;
}

// How the amount came about: ", 0.8 公斤 × 每公斤 2 分".
Sentence Workings(const DropWhy& why, const v1::Rule& rule, const v1::RuleSet& rules) {
  Sentence s;
  if (rule.reward_per_kg() > 0) {
    const std::string rate = FormatPoints(Points(rule.reward_per_kg()));
    const bool weighed = why.grams != 0;
    s.zh = absl::StrCat(weighed ? "，" : "（未称重，按 ", Kilograms(why.counted_grams), weighed ? " 公斤 × 每公斤 " : " 公斤计）× 每公斤 ",
                        rate, " 分");
    s.en = absl::StrCat(weighed ? ", " : " (not weighed; counted as ", Kilograms(why.counted_grams), weighed ? " kg × " : " kg) × ", rate,
                        " points a kg");
  }
  if (rule.reward_per_piece() > 0 && why.pieces > 0) {
    const std::string rate = FormatPoints(Points(rule.reward_per_piece()));
    absl::StrAppend(&s.zh, "，", why.pieces, " 件 × 每件 ", rate, " 分");
    absl::StrAppend(&s.en, ", ", why.pieces, " × ", rate, " points a piece");
  }
  if (rule.reward_per_drop() > 0) {
    const std::string rate = FormatPoints(Points(rule.reward_per_drop()));
    absl::StrAppend(&s.zh, "，每次 ", rate, " 分");
    absl::StrAppend(&s.en, ", ", rate, " points a drop");
  }
  for (const v1::Campaign& campaign : rules.campaigns()) {
    for (const std::string& id : why.campaigns) {
      if (id != campaign.id()) continue;
      absl::StrAppend(&s.zh, "，“", campaign.title_zh(), "”活动期间按 ", campaign.has_reward_percent() ? campaign.reward_percent() : 100,
                      "% 计");
      absl::StrAppend(&s.en, ", ", campaign.has_reward_percent() ? campaign.reward_percent() : 100, "% during “", campaign.title_en(), "”");
    }
  }
  return s;
}

std::string Limit(const v1::Cap& cap, bool zh) {
  switch (cap.unit()) {
    case v1::CAP_UNIT_POINTS:
      return absl::StrCat(FormatPoints(Points(cap.limit())), zh ? " 分" : " points");
    case v1::CAP_UNIT_GRAMS:
      return absl::StrCat(Kilograms(cap.limit()), zh ? " 公斤" : " kg");
    default:
      return absl::StrCat(cap.limit(), zh ? " 次" : " drops");
  }
}

// When, or with what, more can be earned.
Sentence More(const v1::Cap& cap) {
  Sentence s;
  switch (cap.period()) {
    case v1::CAP_PERIOD_WEEK:
      s = {"下周一起可再得分", "from next Monday on there is more to earn"};
      break;
    case v1::CAP_PERIOD_MONTH:
      s = {"下个月可再得分", "next month there is more to earn"};
      break;
    default:
      s = {"第二天可再得分", "the next day there is more to earn"};
  }
  if (!cap.categories().empty()) {
    absl::StrAppend(&s.zh, "，投放其他类别不受此限");
    absl::StrAppend(&s.en, ", and other kinds are not limited by it");
  }
  if (cap.scope() == v1::CAP_SCOPE_STATION) {
    absl::StrAppend(&s.zh, "，其他站点不受此限");
    absl::StrAppend(&s.en, ", and other stations are not limited by it");
  }
  return s;
}

// What cut the drop, as a remark at the end; empty where nothing did.
Sentence CutRemark(const DropWhy& why, const v1::Rule& rule, const v1::RuleSet& rules) {
  if (why.cut == Cut::kDailyReward) {
    const std::string limit = FormatPoints(Points(rule.daily_reward_max()));
    return {absl::StrCat("（当天这一类最多 ", limit, " 分，已到上限；第二天可再得分）"),
            absl::StrCat(" (the day's limit of ", limit, " for this kind was reached; the next day there is more to earn)")};
  }
  if (why.cut == Cut::kBudget) {
    return {"（所在街镇当月的积分预算已用完，本次不计兑换积分；下个月可再得分）",
            " (the month's points budget of your town is used up, so this one earns no reward points; next month there is more to earn)"};
  }
  const v1::Cap* cap = CapOf(why, rules);
  if (why.cut != Cut::kCap || cap == nullptr) return {};
  const Sentence more = More(*cap);
  return {absl::StrCat("（", cap->title_zh(), "最多 ", Limit(*cap, true), "，已到上限；", more.zh, "）"),
          absl::StrCat(" (", cap->title_en(), ": the limit of ", Limit(*cap, false), " was reached; ", more.en, ")")};
}

// A drop that a limit of drops left out.
Sentence LeftOut(const Sentence& what, const DropWhy& why, const v1::Rule& rule, const v1::RuleSet& rules) {
  if (why.cut == Cut::kTooMany) {
    return {
        absl::StrCat(what.zh, "：已记录，近期投放次数过多，本次不计分，请联系社区工作人员"),
        absl::StrCat(what.en, ": recorded; there were too many drops lately, so this one earns nothing; please ask the community office")};
  }
  if (why.cut == Cut::kDailyDrops) {
    return {absl::StrCat(what.zh, "：已记录，当天这一类计分的 ", rule.daily_drops_max(), " 次已用完，本次不计分；第二天可再得分"),
            absl::StrCat(what.en, ": recorded; the day's ", rule.daily_drops_max(),
                         " credited drops of this kind were used up, so this one earns nothing; the next day there is more to earn")};
  }
  const Sentence remark = CutRemark(why, rule, rules);
  return {absl::StrCat(what.zh, "：已记录，本次不计分", remark.zh), absl::StrCat(what.en, ": recorded; this one earns nothing", remark.en)};
}

// What else the entry gives or takes: bonuses, other drops of the period, debts.
Sentence Besides(const DropWhy& why, Points reward, const v1::RuleSet& rules) {
  Sentence s;
  for (const v1::Bonus& bonus : rules.bonuses()) {
    for (const std::string& id : why.bonuses) {
      if (id != bonus.id()) continue;
      absl::StrAppend(&s.zh, "，含“", bonus.title_zh(), "”奖励");
      absl::StrAppend(&s.en, ", with the bonus “", bonus.title_en(), "”");
    }
  }
  if (why.given_reward < why.own_reward) {
    const std::string own = FormatPoints(why.own_reward);
    const std::string given = FormatPoints(why.given_reward);
    absl::StrAppend(&s.zh, "（本次值 ", own, " 分；有上限时按分值从高到低计，合计实际变化 ", given, " 分）");
    absl::StrAppend(&s.en, " (this drop is worth ", own, "; under the limits, the most valuable first, it changes the total by ", given,
                    ")");
  }
  if (reward < why.given_reward && why.given_reward > Points(0)) {
    const std::string repaid = FormatPoints(Points(why.given_reward.hundredths() - reward.hundredths()));
    absl::StrAppend(&s.zh, "，另有 ", repaid, " 分偿还了欠分");
    absl::StrAppend(&s.en, ", and ", repaid, " points repaid what was owed");
  }
  return s;
}

bool IsLeftOut(const DropWhy& why, const v1::RuleSet& rules) {
  if (why.cut == Cut::kDailyDrops || why.cut == Cut::kTooMany || why.cut == Cut::kBudget) return true;
  const v1::Cap* cap = why.cut == Cut::kCap ? CapOf(why, rules) : nullptr;
  return cap != nullptr && cap->unit() == v1::CAP_UNIT_COUNT;
}

}  // namespace

std::string Kilograms(int64_t grams) {
  std::string text = absl::StrCat(grams / 1000, ".", absl::Dec(grams % 1000, absl::kZeroPad3));
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

Sentence DropSentence(const DropWhy& why, Points reward, Points civic, const Catalogue& catalogue) {
  const v1::RuleSet* rules = catalogue.RulesOf(why.rule_version);
  const v1::Rule* rule = rules == nullptr ? nullptr : RuleOf(why, *rules);
  Sentence s = What(why, rule);
  if (why.cut == Cut::kNoRule || rule == nullptr) {
    return {absl::StrCat(s.zh, "：已记录，这一类目前不计积分"), absl::StrCat(s.en, ": recorded; this kind earns no points at present")};
  }
  const bool left_out = IsLeftOut(why, *rules);
  if (left_out && why.given_reward == Points(0) && civic == Points(0)) return LeftOut(s, why, *rule, *rules);
  const Sentence workings = Workings(why, *rule, *rules);
  absl::StrAppend(&s.zh, workings.zh);
  absl::StrAppend(&s.en, workings.en);
  if (why.value_reward > Points(0) || reward != Points(0)) {
    absl::StrAppend(&s.zh, "，得 ", FormatPoints(reward), " 兑换积分");
    absl::StrAppend(&s.en, ": ", FormatPoints(reward), " reward points");
  }
  const Sentence remark = CutRemark(why, *rule, *rules);
  absl::StrAppend(&s.zh, remark.zh);
  absl::StrAppend(&s.en, remark.en);
  if (civic != Points(0)) {
    absl::StrAppend(&s.zh, "，", FormatPoints(civic), " 文明积分");
    absl::StrAppend(&s.en, ", ", FormatPoints(civic), " civic points");
  }
  const Sentence besides = Besides(why, reward, *rules);
  absl::StrAppend(&s.zh, besides.zh);
  absl::StrAppend(&s.en, besides.en);
  return s;
}

}  // namespace fenfen
