#include "ledger/points/earning/rules.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ledger/core/check.h"
#include "ledger/core/clock.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/lots.h"

namespace fenfen {
namespace {

constexpr int kMinutesOfDay = 24 * 60;
constexpr int32_t kDaysOfWeek = 7;
constexpr int32_t kMondayOffset = 3;  // 1970-01-01 was a Thursday

uint8_t BitsOf(const google::protobuf::RepeatedField<int>& categories) {
  uint8_t bits = 0;
  for (const int category : categories) bits |= static_cast<uint8_t>(1 << category);
  return bits;
}

uint64_t CapKey(absl::string_view id, v1::CapScope scope, v1::CapPeriod period, v1::CapUnit unit) {
  return StableHash(absl::StrCat(id, "/", static_cast<int>(scope), "/", static_cast<int>(period), "/", static_cast<int>(unit)));
}

// A rule's own daily limit.
CapTerms DailyCap(const v1::Rule& rule, v1::CapUnit unit, int64_t limit) {
  CapTerms cap;
  // No cap can have an id with a space in it.
  cap.key = CapKey(absl::StrCat("rule ", rule.id()), v1::CAP_SCOPE_HOUSEHOLD, v1::CAP_PERIOD_DAY, unit);
  cap.unit = unit;
  cap.limit = limit;
  return cap;
}

// The site type of a region or of the nearest above it that has one.
absl::string_view SiteTypeOf(absl::string_view region, const Catalogue& catalogue) {
  constexpr int kTreeDepthMax = 16;
  const v1::Region* node = catalogue.Find<v1::Region>(region);
  for (int depth = 0; node != nullptr && depth < kTreeDepthMax; ++depth) {
    if (!node->site_type().empty()) return node->site_type();
    node = catalogue.Find<v1::Region>(node->parent());
  }
  return {};
}

bool Has(const std::vector<std::string>& list, absl::string_view text) { return std::find(list.begin(), list.end(), text) != list.end(); }

// Thousandths × the percents, rounded down to a whole number: exact until the end. At most four percents, each at most
// 1,000, so that nothing overflows.
int64_t MultiplyExactly(int64_t thousandths, const std::vector<int32_t>& percents) {
  if (percents.empty()) return thousandths / 1000;  // as nearly always: wide division takes its time
  __int128 numerator = thousandths;
  __int128 denominator = 1000;
  for (const int32_t percent : percents) {
    numerator *= percent;
    denominator *= 100;
  }
  return static_cast<int64_t>(numerator / denominator);
}

}  // namespace

Matcher::Matcher(const v1::RuleMatch& match) {
  if (match.categories_size() > 0) categories_ = BitsOf(match.categories());
  materials_.assign(match.materials().begin(), match.materials().end());
  station_kinds_.assign(match.station_kinds().begin(), match.station_kinds().end());
  for (const std::string& region : match.regions()) regions_.push_back(CatalogueIdOf(region));
  site_types_.assign(match.site_types().begin(), match.site_types().end());
  for (const v1::TimeWindow& window : match.windows()) {
    windows_.push_back({ParseMinute(window.begin_time()).value_or(0), ParseMinute(window.end_time()).value_or(kMinutesOfDay)});
  }
  grams_min_ = match.grams_min();
  grams_max_ = match.grams_max();
  for (const int kind : match.verifications()) verifications_.push_back(static_cast<v1::VerificationKind>(kind));
  for (const std::string& name : match.member_roles()) {
    if (const std::optional<MemberRole> role = ParseRole(name)) roles_ |= static_cast<uint8_t>(1 << static_cast<int>(*role));
  }
  plain_ = materials_.empty() && station_kinds_.empty() && regions_.empty() && site_types_.empty() && windows_.empty() && grams_min_ == 0 &&
           grams_max_ == 0 && verifications_.empty() && match.member_roles_size() == 0;
}

bool Matcher::HoldsBeyondCategory(const DropTraits& traits, const Catalogue& catalogue) const {
  const v1::Station& station = *traits.station;
  if (!materials_.empty() && !Has(materials_, traits.material)) return false;
  if (!station_kinds_.empty() && !Has(station_kinds_, station.kind())) return false;
  if (!verifications_.empty() && std::find(verifications_.begin(), verifications_.end(), traits.verification) == verifications_.end()) {
    return false;
  }
  if (roles_ != 0 && (!traits.role || (roles_ >> static_cast<int>(*traits.role) & 1) == 0)) return false;
  if (grams_min_ > 0 && traits.grams.value_or(0) < grams_min_) return false;
  if (grams_max_ > 0 && (!traits.grams || *traits.grams > grams_max_)) return false;
  if (!windows_.empty()) {
    const absl::CivilSecond civil = absl::ToCivilSecond(traits.time, traits.zone);
    const int minute = civil.hour() * 60 + civil.minute();
    const auto within = [minute](const Window& window) {
      if (window.begin_minute <= window.end_minute) return window.begin_minute <= minute && minute < window.end_minute;
      return minute >= window.begin_minute || minute < window.end_minute;
    };
    if (std::none_of(windows_.begin(), windows_.end(), within)) return false;
  }
  if (!regions_.empty()) {
    const CatalogueId place = CatalogueIdOf(station.region());
    const auto holds = [&](CatalogueId region) { return catalogue.IsWithin(place, region); };
    if (std::none_of(regions_.begin(), regions_.end(), holds)) return false;
  }
  return site_types_.empty() || Has(site_types_, SiteTypeOf(station.region(), catalogue));
}

Rules::Rules(v1::RuleSet set) : set_(std::move(set)) {
  effective_day_ = ParseDay(set_.effective_date()).value_or(std::numeric_limits<int32_t>::min());
  for (const v1::Rule& rule : set_.rules()) {
    RuleTerms& terms = rules_.emplace_back();
    terms.number = static_cast<uint32_t>(rules_.size() - 1);
    terms.rule = &rule;
    terms.match = Matcher(rule.match());
    if (rule.category() != v1::CATEGORY_UNSPECIFIED) terms.match.OnlyCategory(rule.category());
    if (rule.has_daily_drops_max()) terms.drops_cap = DailyCap(rule, v1::CAP_UNIT_COUNT, rule.daily_drops_max());
    if (rule.has_daily_reward_max()) terms.reward_cap = DailyCap(rule, v1::CAP_UNIT_POINTS, rule.daily_reward_max());
  }
  for (const v1::Cap& cap : set_.caps()) {
    v1::RuleMatch match;
    *match.mutable_categories() = cap.categories();
    *match.mutable_regions() = cap.regions();
    CapTerms& terms = caps_.emplace_back();
    terms.key = CapKey(cap.id(), cap.scope(), cap.period(), cap.unit());
    terms.scope = cap.scope();
    terms.period = cap.period();
    terms.unit = cap.unit();
    terms.limit = cap.limit();
    terms.match = Matcher(match);
    terms.holds_bonuses =
        cap.unit() == v1::CAP_UNIT_POINTS && cap.scope() == v1::CAP_SCOPE_HOUSEHOLD && cap.categories().empty() && cap.regions().empty();
    terms.cap = &cap;
    span_ = std::max(span_, cap.period());
  }
  for (const v1::Bonus& bonus : set_.bonuses()) {
    bonuses_.push_back({&bonus, Matcher(bonus.match()), BitsOf(bonus.required_categories())});
  }
  for (const v1::Campaign& campaign : set_.campaigns()) {
    campaigns_.push_back({Matcher(campaign.match()), ParseInstant(campaign.begin_time()).value_or(absl::InfiniteFuture()),
                          ParseInstant(campaign.end_time()).value_or(absl::InfinitePast()),
                          campaign.has_reward_percent() ? campaign.reward_percent() : 100,
                          campaign.has_civic_percent() ? campaign.civic_percent() : 100});
  }
  for (const v1::VerificationPolicy& policy : set_.verification_policies()) {
    policies_.push_back({Matcher(policy.match()), absl::Hours(policy.wait_hours()), policy.timing() == v1::CREDIT_TIMING_DELAYED, &policy});
  }
}

const RuleTerms* Rules::Match(const DropTraits& traits, const Catalogue& catalogue) const {
  for (const RuleTerms& rule : rules_) {
    if (rule.match.Holds(traits, catalogue)) return &rule;
  }
  return nullptr;
}

const PolicyTerms* Rules::WaitingPolicy(const DropTraits& traits, const Catalogue& catalogue) const {
  for (const PolicyTerms& terms : policies_) {
    if (!terms.match.Holds(traits, catalogue)) continue;
    return terms.policy->timing() == v1::CREDIT_TIMING_IMMEDIATE ? nullptr : &terms;
  }
  return nullptr;
}

DropValue Rules::ValueOf(const RuleTerms& terms, const DropTraits& traits, const Catalogue& catalogue) const {
  const v1::Rule& rule = *terms.rule;
  DropValue value;
  value.counted_grams = traits.grams.value_or(rule.assumed_grams());
  int64_t reward = rule.reward_per_kg() * value.counted_grams + 1000 * (rule.reward_per_drop() + rule.reward_per_piece() * traits.pieces);
  int64_t civic = rule.civic_per_kg() * value.counted_grams + 1000 * (rule.civic_per_drop() + rule.civic_per_piece() * traits.pieces);
  std::vector<int32_t> reward_percents;
  std::vector<int32_t> civic_percents;
  for (uint32_t i = 0; i < campaigns_.size(); ++i) {
    const CampaignTerms& campaign = campaigns_[i];
    if (traits.time < campaign.begin || traits.time >= campaign.end || !campaign.match.Holds(traits, catalogue)) continue;
    reward_percents.push_back(campaign.reward_percent);
    civic_percents.push_back(campaign.civic_percent);
    value.campaigns.push_back(i);
  }
  value.reward = Points(MultiplyExactly(reward, reward_percents));
  value.civic = Points(MultiplyExactly(civic, civic_percents));
  return value;
}

uint32_t Rules::CapsOf(const DropTraits& traits, const Catalogue& catalogue) const {
  uint32_t bits = 0;
  for (size_t i = 0; i < caps_.size(); ++i) {
    if (caps_[i].match.Holds(traits, catalogue)) bits |= uint32_t{1} << i;
  }
  return bits;
}

uint16_t Rules::BonusesOf(const DropTraits& traits, const Catalogue& catalogue) const {
  uint16_t bits = 0;
  for (size_t i = 0; i < bonuses_.size(); ++i) {
    if (bonuses_[i].match.Holds(traits, catalogue)) bits |= static_cast<uint16_t>(1u << i);
  }
  return bits;
}

int32_t Rules::ExpiryDay(int32_t day) const {
  using std::chrono::days;
  using std::chrono::months;
  using std::chrono::sys_days;
  switch (set_.expiry_policy()) {
    case v1::EXPIRY_POLICY_ROLLING: {
      const std::chrono::year_month_day date{sys_days(days(day))};
      const sys_days after((date.year() / date.month() + months(set_.expiry_months() + 1)) / 1);
      return static_cast<int32_t>(after.time_since_epoch().count()) - 1;
    }
    case v1::EXPIRY_POLICY_NEVER:
      return kNeverExpires;
    default:
      return fenfen::ExpiryDay(day, set_.expiry_grace_months());
  }
}

DayRange PeriodOf(v1::CapPeriod period, int32_t day) {
  using std::chrono::days;
  using std::chrono::sys_days;
  if (period == v1::CAP_PERIOD_WEEK) {
    const int32_t since_monday = ((day + kMondayOffset) % kDaysOfWeek + kDaysOfWeek) % kDaysOfWeek;
    return {day - since_monday, day - since_monday + kDaysOfWeek - 1};
  }
  if (period == v1::CAP_PERIOD_MONTH) {
    const std::chrono::year_month_day date{sys_days(days(day))};
    const std::chrono::year_month month = date.year() / date.month();
    const auto number = [](sys_days when) { return static_cast<int32_t>(when.time_since_epoch().count()); };
    return {number(sys_days(month / 1)), number(sys_days(month / std::chrono::last))};
  }
  return {day, day};
}

std::optional<int32_t> ParseDay(absl::string_view text) {
  absl::CivilDay day;
  if (text.size() != 10 || !absl::ParseCivilTime(text, &day) || absl::FormatCivilTime(day) != text) return std::nullopt;
  return DayNumber(day);
}

std::optional<int> ParseMinute(absl::string_view text) {
  int hour = 0;
  int minute = 0;
  if (text.size() != 5 || text[2] != ':' || !absl::SimpleAtoi(text.substr(0, 2), &hour) || !absl::SimpleAtoi(text.substr(3), &minute)) {
    return std::nullopt;
  }
  if (hour < 0 || minute < 0 || minute > 59 || hour * 60 + minute > kMinutesOfDay) return std::nullopt;
  return hour * 60 + minute;
}

std::optional<absl::Time> ParseInstant(absl::string_view text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return std::nullopt;
  return time;
}

std::optional<MemberRole> ParseRole(absl::string_view name) {
  if (name == "adult") return MemberRole::kAdult;
  if (name == "head") return MemberRole::kHead;
  if (name == "minor") return MemberRole::kMinor;
  if (name == "assisted") return MemberRole::kAssisted;
  return std::nullopt;
}

}  // namespace fenfen
