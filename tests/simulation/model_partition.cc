#include "tests/simulation/model_partition.h"

#include <algorithm>
#include <chrono>

#include "ledger/points/voucher.h"

namespace fenfen::sim {
namespace {

constexpr int64_t kSecondsOfDay = int64_t{24} * 60 * 60;
constexpr int64_t kEastOfGreenwichSeconds = int64_t{8} * 60 * 60;
constexpr size_t kCodesKept = 16;
constexpr int64_t kGramsMax = 50'000;
constexpr size_t kMembersMax = 20;

Decided Refused(Reason reason) { return {reason, {}, nullptr}; }

AccountId Reward(HouseholdId household) { return {AccountKind::kHousehold, Asset::kReward, household.value()}; }
AccountId Civic(HouseholdId household) { return {AccountKind::kHousehold, Asset::kCivic, household.value()}; }
AccountId Held(HouseholdId household) { return {AccountKind::kVoucherHeld, Asset::kReward, household.value()}; }
AccountId Programme(Asset asset, CatalogueId town) { return {AccountKind::kProgramme, asset, town.value()}; }

void Move(Amounts& postings, const AccountId& from, const AccountId& to, int64_t amount) {
  if (amount == 0) return;
  postings[from] -= amount;
  postings[to] += amount;
}

// The last day of the month that comes `grace_months` after December of the day's year.
int32_t LastDayOf(int32_t day, int grace_months) {
  using std::chrono::days;
  using std::chrono::sys_days;
  const std::chrono::year_month_day date{sys_days{days{day}}};
  const std::chrono::year_month month = date.year() / std::chrono::December + std::chrono::months{grace_months};
  return static_cast<int32_t>(sys_days{month / std::chrono::last}.time_since_epoch().count());
}

absl::Time BeginOf(int64_t day) { return absl::FromUnixSeconds(day * kSecondsOfDay - kEastOfGreenwichSeconds); }

}  // namespace

int32_t ShanghaiDay(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time) + kEastOfGreenwichSeconds;
  return static_cast<int32_t>(seconds >= 0 ? seconds / kSecondsOfDay : -((-seconds + kSecondsOfDay - 1) / kSecondsOfDay));
}

int64_t ModelPartition::Balance(const AccountId& account) const {
  const auto found = balances_.find(account);
  return found == balances_.end() ? 0 : found->second;
}

Decided ModelPartition::Execute(const Request& request, const SharedModelCatalogue& catalogue, absl::Time now) {
  Decided decided = std::visit([&](const auto& body) { return Do(request, body, *catalogue, now); }, request.body);
  for (const auto& [account, amount] : decided.postings) balances_[account] += amount;
  return decided;
}

Decided ModelPartition::Do(const Request&, const v1::UpdateCatalogueRequest& update, const ModelCatalogue& catalogue, absl::Time) {
  SharedModelCatalogue after = Update(catalogue, update);
  if (after == nullptr) return Refused(Reason::REASON_ROW_INVALID);
  return {Reason::REASON_UNSPECIFIED, {}, std::move(after)};
}

Decided ModelPartition::Do(const Request&, const EnrolmentFacts& facts, const ModelCatalogue& catalogue, absl::Time) {
  const std::optional<CatalogueId> town = catalogue.TownOf(facts.region);
  if (!town) return Refused(Reason::REASON_REGION_UNKNOWN);
  if (facts.members.empty() || facts.members.size() > kMembersMax) return Refused(Reason::REASON_FIELD_MALFORMED);
  if (homes_.count(facts.household) != 0) return Refused(Reason::REASON_REQUEST_ID_REUSED);
  Home& home = homes_[facts.household];
  home.members = facts.members.size();
  home.town = *town;
  return {};
}

Decided ModelPartition::Do(const Request&, const DropFacts& facts, const ModelCatalogue& catalogue, absl::Time now) {
  if (facts.category < 1 || facts.category > 6) return Refused(Reason::REASON_CATEGORY_UNKNOWN);
  if (facts.grams && *facts.grams <= 0) return Refused(Reason::REASON_WEIGHT_NOT_POSITIVE);
  if (facts.grams && *facts.grams > kGramsMax) return Refused(Reason::REASON_WEIGHT_TOO_LARGE);
  if (catalogue.stations.count(facts.station) == 0) return Refused(Reason::REASON_STATION_UNKNOWN);
  if (catalogue.rules_version == 0) return Refused(Reason::REASON_RULES_ABSENT);
  if (facts.event_time > now + absl::Minutes(5)) return Refused(Reason::REASON_EVENT_IN_FUTURE);
  const int32_t day = ShanghaiDay(facts.event_time);
  const int32_t oldest_day = ShanghaiDay(now) - catalogue.late_days;
  if (day < oldest_day) return Refused(Reason::REASON_EVENT_TOO_OLD);
  const auto found = homes_.find(facts.household);
  if (found == homes_.end()) return Refused(Reason::REASON_HOUSEHOLD_UNKNOWN);
  Home& home = found->second;
  if (facts.member > home.members) return Refused(Reason::REASON_MEMBER_UNKNOWN);
  if (facts.code_step) {
    const auto code = std::make_pair(facts.station, *facts.code_step);
    if (std::find(home.codes.begin(), home.codes.end(), code) != home.codes.end()) return Refused(Reason::REASON_STATION_CODE_USED);
    home.codes.push_back(code);
    if (home.codes.size() > kCodesKept) home.codes.pop_front();
  }

  // Days that are closed are forgotten; a clock that goes back finds them empty.
  home.counts.erase(home.counts.begin(), home.counts.lower_bound({oldest_day, 0}));
  Decided decided;
  const auto rule = catalogue.rules.find(facts.category);
  if (rule == catalogue.rules.end()) return decided;
  Home::Count& count = home.counts[{day, facts.category}];
  if (count.drops >= rule->second.drops_max) return decided;
  const int64_t grams = facts.grams.value_or(rule->second.assumed_grams);
  const int64_t earned = rule->second.reward_per_kg * grams / 1000 + rule->second.reward_per_drop;
  const int64_t reward = std::min(earned, std::max<int64_t>(0, rule->second.reward_max - count.reward));
  count.drops += 1;
  count.reward += reward;
  if (reward != 0) home.lots[LastDayOf(day, catalogue.grace_months)] += reward;
  Move(decided.postings, Programme(Asset::kReward, home.town), Reward(facts.household), reward);
  Move(decided.postings, Programme(Asset::kCivic, home.town), Civic(facts.household), rule->second.civic_per_drop);
  return decided;
}

Decided ModelPartition::Do(const Request& request, const Reservation& facts, const ModelCatalogue& catalogue, absl::Time now) {
  const auto offer = catalogue.offers.find(facts.offer);
  if (offer == catalogue.offers.end() || offer->second.withdrawn) return Refused(Reason::REASON_OFFER_UNKNOWN);
  const auto found = homes_.find(facts.household);
  if (found == homes_.end()) return Refused(Reason::REASON_HOUSEHOLD_UNKNOWN);
  std::map<int32_t, int64_t>& lots = found->second.lots;
  const int32_t today = ShanghaiDay(now);
  int64_t left = offer->second.price;
  for (auto lot = lots.lower_bound(today); lot != lots.end(); ++lot) left -= std::min(left, lot->second);
  if (left != 0) return Refused(Reason::REASON_POINTS_INSUFFICIENT);
  left = offer->second.price;
  for (auto lot = lots.lower_bound(today); left != 0;) {
    const int64_t part = std::min(left, lot->second);
    left -= part;
    lot->second -= part;
    lot = lot->second == 0 ? lots.erase(lot) : std::next(lot);
  }
  const absl::Time expires = BeginOf(today + offer->second.days + 1);
  vouchers_[VoucherIdFor(facts.household, request.key)] = {offer->second.merchant, offer->second.price, expires, false};
  Decided decided;
  Move(decided.postings, Reward(facts.household), Held(facts.household), offer->second.price);
  return decided;
}

Decided ModelPartition::Do(const Request&, const CaptureFacts& facts, const ModelCatalogue&, absl::Time now) {
  const auto found = vouchers_.find(facts.voucher);
  if (found == vouchers_.end()) return Refused(Reason::REASON_VOUCHER_UNKNOWN);
  Voucher& voucher = found->second;
  if (voucher.merchant != facts.merchant) return Refused(Reason::REASON_VOUCHER_OTHER_MERCHANT);
  if (voucher.captured) return Refused(Reason::REASON_VOUCHER_USED);
  if (now >= voucher.expires) return Refused(Reason::REASON_VOUCHER_EXPIRED);
  voucher.captured = true;
  Decided decided;
  Move(decided.postings, Held(facts.household), {AccountKind::kMerchant, Asset::kReward, facts.merchant.value()}, voucher.price);
  return decided;
}

}  // namespace fenfen::sim
