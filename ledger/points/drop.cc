#include "ledger/points/drop.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/core/check.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/lots.h"

namespace fenfen {
namespace {

struct Award {
  Points reward;
  Points civic;
  int64_t counted_grams = 0;
  Cut cut = Cut::kNone;
};

absl::Status CheckFacts(const DropFacts& facts, const Catalogue& catalogue, const DecisionContext& context) {
  if (facts.category == v1::CATEGORY_UNSPECIFIED || !v1::Category_IsValid(facts.category)) {
    return Refuse(Reason::REASON_CATEGORY_UNKNOWN, {}, "category");
  }
  if (facts.grams && *facts.grams <= 0) return Refuse(Reason::REASON_WEIGHT_NOT_POSITIVE, {}, "weight_grams");
  if (facts.grams && *facts.grams > limits::kWeightGramsMax) {
    return Refuse(Reason::REASON_WEIGHT_TOO_LARGE,
                  {{"value", absl::StrCat(*facts.grams)}, {"limit", absl::StrCat(limits::kWeightGramsMax)}}, "weight_grams");
  }
  if (catalogue.Find<v1::Station>(facts.station) == nullptr) return Refuse(Reason::REASON_STATION_UNKNOWN, {}, "station");
  if (catalogue.rules() == nullptr) return Refuse(Reason::REASON_RULES_ABSENT);
  if (facts.event_time > context.now + limits::kClockAheadMax) return Refuse(Reason::REASON_EVENT_IN_FUTURE, {}, "event_time");
  const int32_t lateness = DayNumberOf(context.now, context.zone) - DayNumberOf(facts.event_time, context.zone);
  if (lateness > catalogue.rules()->late_days_max()) return Refuse(Reason::REASON_EVENT_TOO_OLD, {}, "event_time");
  return absl::OkStatus();
}

// The counters of the event's day and category, made where they are not there yet. Days no longer open for late events are let go.
CategoryCount& CountOf(HouseholdRecord& household, int32_t day, uint8_t category, int32_t oldest_day) {
  std::vector<DayCount>& days = household.days;
  days.erase(std::remove_if(days.begin(), days.end(), [oldest_day](const DayCount& count) { return count.day < oldest_day; }), days.end());
  auto at = std::find_if(days.begin(), days.end(), [day](const DayCount& count) { return count.day == day; });
  if (at == days.end()) at = days.insert(days.end(), DayCount{day, {}});
  for (CategoryCount& count : at->categories) {
    if (count.category == category) return count;
  }
  at->categories.push_back({category, 0, Points(0)});
  return at->categories.back();
}

// What the rule gives, cut by what is left of the day.
Award AwardOf(const v1::Rule* rule, const DropFacts& facts, const CategoryCount& count) {
  Award award;
  if (rule == nullptr) {
    award.cut = Cut::kNoRule;
    return award;
  }
  award.counted_grams = facts.grams.value_or(rule->assumed_grams());
  if (count.drops >= rule->daily_drops_max()) {
    award.cut = Cut::kDailyDrops;
    return award;
  }
  const std::optional<Points> by_weight = MultiplyDown(Points(rule->reward_per_kg()), award.counted_grams, 1000);
  FENFEN_CHECK(by_weight.has_value());  // grams and rates are bounded where they come in
  const int64_t full = by_weight->hundredths() + rule->reward_per_drop();
  const int64_t left = std::max<int64_t>(0, rule->daily_reward_max() - count.reward.hundredths());
  award.reward = Points(std::min(full, left));
  award.civic = Points(rule->civic_per_drop());
  if (full > left) award.cut = Cut::kDailyReward;
  return award;
}

absl::Status UseCode(HouseholdRecord& household, const DropFacts& facts) {
  if (!facts.code_step) return absl::OkStatus();
  const UsedCode code{facts.station, *facts.code_step};
  std::vector<UsedCode>& codes = household.codes;
  if (std::find(codes.begin(), codes.end(), code) != codes.end()) return Refuse(Reason::REASON_STATION_CODE_USED, {}, "station_code");
  if (codes.size() >= static_cast<size_t>(limits::kStationCodesKept)) codes.erase(codes.begin());
  codes.push_back(code);
  return absl::OkStatus();
}

}  // namespace

ReadSet DropReads(const DropFacts& facts) {
  return {{KeyOf(facts.household)}, {RewardAccount(facts.household), CivicAccount(facts.household)}};
}

absl::StatusOr<Transaction> DecideDrop(const View& view, const DropFacts& facts, const Catalogue& catalogue,
                                       const DecisionContext& context) {
  if (absl::Status status = CheckFacts(facts, catalogue, context); !status.ok()) return status;
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, facts.household);
  if (!found.ok()) return found.status();
  HouseholdRecord& household = found->record;
  if (facts.member > household.members.size()) return Refuse(Reason::REASON_MEMBER_UNKNOWN, {}, "member");
  if (absl::Status status = UseCode(household, facts); !status.ok()) return status;

  const v1::RuleSet& rules = *catalogue.rules();
  const v1::Rule* rule = catalogue.RuleFor(facts.category);
  const int32_t day = DayNumberOf(facts.event_time, context.zone);
  const int32_t oldest_day = DayNumberOf(context.now, context.zone) - rules.late_days_max();
  CategoryCount& count = CountOf(household, day, static_cast<uint8_t>(facts.category), oldest_day);
  const Award award = AwardOf(rule, facts, count);

  const std::optional<Points> reward_after = Add(view.Balance(RewardAccount(facts.household)), award.reward);
  const std::optional<Points> civic_after = Add(view.Balance(CivicAccount(facts.household)), award.civic);
  FENFEN_CHECK(reward_after && civic_after);
  if (award.cut == Cut::kNone || award.cut == Cut::kDailyReward) ++count.drops;
  count.reward = Points(count.reward.hundredths() + award.reward.hundredths());
  AddToLot(household.lots, ExpiryDay(day, rules.expiry_grace_months()), award.reward);

  Transaction transaction = BeginTransaction(TransactionKind::kDrop, context, facts.event_time);
  const uint64_t programme = catalogue.TownOf(household.region).value();
  Transfer(transaction, {AccountKind::kProgramme, Asset::kReward, programme}, RewardAccount(facts.household), award.reward);
  Transfer(transaction, {AccountKind::kProgramme, Asset::kCivic, programme}, CivicAccount(facts.household), award.civic);
  transaction.changes.push_back({KeyOf(facts.household), found->version, EncodeHousehold(household)});
  transaction.why = EncodeWhy(DropWhy{{facts.household, *reward_after, *civic_after},
                                      facts.member,
                                      static_cast<uint8_t>(facts.category),
                                      facts.grams.value_or(0),
                                      award.counted_grams,
                                      facts.station,
                                      facts.code_step.value_or(0),
                                      static_cast<uint32_t>(rules.version()),
                                      rule == nullptr ? "" : rule->id(),
                                      award.cut});
  return transaction;
}

}  // namespace fenfen
