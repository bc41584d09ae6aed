#include "clients/ctl/demo/history/programme.h"

#include <google/protobuf/util/json_util.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/ctl/demo/day.h"

namespace fenfen::ctl {

namespace {

constexpr int kCampaignBegins = 2;  // days after the history's first
constexpr int kCampaignDays = 7;
constexpr int64_t kPilotFoodPerKg = 150;
constexpr int kPilotMonths = 2;

template <typename Message>
absl::StatusOr<Message> FromJson(absl::string_view json) {
  Message message;
  const auto parsed = google::protobuf::util::JsonStringToMessage(std::string(json), &message);
  if (!parsed.ok()) return absl::InternalError(parsed.ToString());
  return message;
}

std::string Midnight(absl::CivilDay day) {
  return absl::FormatTime(absl::RFC3339_sec, absl::FromCivil(day, ProgrammeTimeZone()), ProgrammeTimeZone());
}

void AddCampaign(const char* id, const char* zh, const char* en, absl::CivilDay begin, absl::CivilDay end, v1::RuleSet* rules) {
  v1::Campaign& campaign = *rules->add_campaigns();
  campaign.set_id(id);
  campaign.set_title_zh(zh);
  campaign.set_title_en(en);
  campaign.mutable_match()->add_categories(v1::CATEGORY_FOOD);
  campaign.set_begin_time(Midnight(begin));
  campaign.set_end_time(Midnight(end));
  campaign.set_reward_percent(200);
}

void SetGifts(v1::RuleSet* rules) {
  rules->mutable_gift_limits()->set_daily_gifts(3);
  rules->mutable_gift_limits()->set_daily_amount(10'000);
}

void SetVerification(v1::RuleSet* rules) {
  const auto add = [&](const char* id, v1::Category category, v1::CreditTiming timing, int hours) {
    v1::Rule& rule = *rules->add_rules();
    rule.set_id(id);
    rule.set_category(category);
    rule.set_reward_per_drop(1'000);
    rule.set_civic_per_drop(100);
    rule.set_assumed_grams(5'000);
    rule.set_daily_drops_max(1);
    v1::VerificationPolicy& policy = *rules->add_verification_policies();
    policy.set_id(id);
    policy.mutable_match()->add_categories(category);
    policy.set_timing(timing);
    policy.set_wait_hours(hours);
  };
  add("bulky", v1::CATEGORY_BULKY, v1::CREDIT_TIMING_INSPECTED, 168);
  add("renovation", v1::CATEGORY_RENOVATION, v1::CREDIT_TIMING_DELAYED, 24);
  rules->set_monthly_bags_max(60);
}

}  // namespace

absl::StatusOr<v1::RuleSet> PilotRules(const ProgrammeDays& days) {
  absl::StatusOr<v1::RuleSet> rules = FromJson<v1::RuleSet>(DemoRulesJson());
  if (!rules.ok()) return rules;
  for (v1::Rule& rule : *rules->mutable_rules()) {
    if (rule.id() == "food") rule.set_reward_per_kg(kPilotFoodPerKg);
  }
  rules->set_expiry_policy(v1::EXPIRY_POLICY_ROLLING);
  rules->set_expiry_months(kPilotMonths);
  const absl::CivilDay begin = days.first + kCampaignBegins;
  AddCampaign("food-week", "厨余双倍周", "Double week for food waste", begin, begin + kCampaignDays, &*rules);
  SetGifts(&*rules);
  return rules;
}

absl::StatusOr<v1::RuleSet> TodaysRules(const ProgrammeDays& days, const District& district) {
  absl::StatusOr<v1::RuleSet> rules = FromJson<v1::RuleSet>(DemoRulesJson());
  if (!rules.ok()) return rules;
  rules->set_version(2);
  rules->set_effective_date(absl::FormatCivilTime(days.change));
  if (district.estates.size() > 1) {
    AddCampaign("estate-food", "本小区厨余双倍", "Double for food waste in this estate", days.change, days.last + 60, &*rules);
    rules->mutable_campaigns(0)->mutable_match()->add_regions(absl::StrCat("regions/", district.estates[1].code));
  }
  v1::Cap& month = *rules->add_caps();
  month.set_id("month");
  month.set_title_zh("每月积分");
  month.set_title_en("points a month");
  month.set_scope(v1::CAP_SCOPE_HOUSEHOLD);
  month.set_period(v1::CAP_PERIOD_MONTH);
  month.set_unit(v1::CAP_UNIT_POINTS);
  month.set_limit(250'000);
  v1::Bonus& bonus = *rules->add_bonuses();
  bonus.set_id("both");
  bonus.set_title_zh("厨余、可回收都分了");
  bonus.set_title_en("food waste and recyclables on one day");
  bonus.set_kind(v1::BONUS_KIND_ALL_CATEGORIES);
  bonus.add_required_categories(v1::CATEGORY_FOOD);
  bonus.add_required_categories(v1::CATEGORY_RECYCLABLE);
  bonus.set_civic(50);
  SetGifts(&*rules);
  SetVerification(&*rules);
  return rules;
}

absl::StatusOr<v1::GameRules> DemoGameRules(const ProgrammeDays& days) {
  absl::StatusOr<v1::GameRules> rules = FromJson<v1::GameRules>(R"({
  "levels": [
    {"civic": 0, "title_zh": "分类新手", "title_en": "Beginner"},
    {"civic": 1000, "title_zh": "分类能手", "title_en": "Adept"},
    {"civic": 3000, "title_zh": "分类达人", "title_en": "Master"},
    {"civic": 10000, "title_zh": "环保之星", "title_en": "Star"}
  ],
  "freezes_per_month": 2,
  "freeze_days_back": 7,
  "boards": [
    {"name": "boards/day", "title_zh": "小区日榜", "title_en": "The estate's day", "level": "estate", "period": "PERIOD_DAY",
     "measure": "MEASURE_CIVIC", "entrants": "ENTRANTS_HOUSEHOLDS", "places": 10},
    {"name": "boards/week", "title_zh": "街道周榜", "title_en": "The town's week", "level": "town", "period": "PERIOD_WEEK",
     "measure": "MEASURE_DROPS", "entrants": "ENTRANTS_HOUSEHOLDS", "places": 20},
    {"name": "boards/month", "title_zh": "全区月榜", "title_en": "The district's month", "level": "district", "period": "PERIOD_MONTH",
     "measure": "MEASURE_DAYS", "entrants": "ENTRANTS_HOUSEHOLDS", "places": 50},
    {"name": "boards/teams", "title_zh": "小区队伍榜", "title_en": "The estate's teams", "level": "estate", "period": "PERIOD_MONTH",
     "measure": "MEASURE_CIVIC", "entrants": "ENTRANTS_TEAMS", "places": 10}
  ],
  "badges": [
    {"name": "badges/ten", "title_zh": "十次分类", "title_en": "Ten drops", "goals": [{"measure": "MEASURE_DROPS", "target": 10}],
     "civic": 100},
    {"name": "badges/week", "title_zh": "一周不断", "title_en": "A week without a gap",
     "goals": [{"measure": "MEASURE_STREAK", "target": 7}], "reward": 300}
  ],
  "quests": [
    {"name": "quests/fortnight", "title_zh": "厨余可回收两手抓", "title_en": "Food and recyclables", "entrants": "ENTRANTS_HOUSEHOLDS",
     "steps": [{"measure": "MEASURE_DROPS", "target": 7, "categories": ["CATEGORY_FOOD"]},
               {"measure": "MEASURE_DROPS", "target": 3, "categories": ["CATEGORY_RECYCLABLE"]}], "reward": 500, "civic": 200},
    {"name": "quests/together", "title_zh": "邻里同行", "title_en": "Together", "entrants": "ENTRANTS_TEAMS",
     "steps": [{"measure": "MEASURE_GRAMS", "target": 20000}], "civic": 200},
    {"name": "quests/now", "title_zh": "坚持十天", "title_en": "Ten days", "entrants": "ENTRANTS_HOUSEHOLDS",
     "steps": [{"measure": "MEASURE_DAYS", "target": 10}], "reward": 300}
  ]
})");
  if (!rules.ok()) return rules;
  const std::pair<absl::CivilDay, absl::CivilDay> spans[] = {
      {days.first + 1, days.first + 14}, {days.first + 2, days.first + 16}, {days.last, days.last + 20}};
  for (int i = 0; i < rules->quests_size(); ++i) {
    rules->mutable_quests(i)->set_first_day(absl::FormatCivilTime(spans[i].first));
    rules->mutable_quests(i)->set_last_day(absl::FormatCivilTime(spans[i].second));
  }
  return rules;
}

}  // namespace fenfen::ctl
