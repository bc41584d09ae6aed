#include "tests/simulation/model_partition.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "ledger/points/voucher.h"

namespace fenfen::sim {
namespace {

constexpr int64_t kSecondsOfDay = int64_t{24} * 60 * 60;
constexpr int64_t kEastOfGreenwichSeconds = int64_t{8} * 60 * 60;
constexpr size_t kCodesKept = 16;
constexpr int64_t kGramsMax = 50'000;
constexpr size_t kMembersMax = 20;
constexpr int kWaitingMax = 128;
constexpr int32_t kComeBackDays = 30;

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

// Whether and until when a drop waits that is late, or whose day's rules have policies: by the first that matches.
std::optional<ModelPartition::Waiting> WhyItWaits(const DropFacts& facts, bool late, const ModelRules& rules, absl::Time now) {
  ModelPartition::Waiting waiting;
  waiting.facts = facts;
  waiting.day = ShanghaiDay(facts.event_time);
  if (late) return waiting;
  for (const v1::VerificationPolicy& policy : rules.set.verification_policies()) {
    const auto& categories = policy.match().categories();
    if (!categories.empty() && std::find(categories.begin(), categories.end(), facts.category) == categories.end()) continue;
    if (policy.timing() == v1::CREDIT_TIMING_IMMEDIATE) return std::nullopt;
    waiting.due_release = policy.timing() == v1::CREDIT_TIMING_DELAYED;
    if (waiting.due_release && RuleOf(rules, facts.category) == nullptr) return std::nullopt;
    waiting.due = now + absl::Hours(policy.wait_hours());
    return waiting;
  }
  return std::nullopt;
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

Decided ModelPartition::Do(const Request&, const v1::UpdateCatalogueRequest& update, const ModelCatalogue& catalogue, absl::Time now) {
  // The latest day that a drop may have by now.
  SharedModelCatalogue after = Update(catalogue, update, ShanghaiDay(now + absl::Minutes(5)));
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

void ModelPartition::Give(Home& home, HouseholdId household, int64_t reward, int32_t last_day, Amounts& postings) {
  const AccountId programme = Programme(Asset::kReward, home.town);
  const AccountId debt{AccountKind::kDebt, Asset::kReward, household.value()};
  if (reward >= 0) {
    const int64_t repaid = std::min(reward, home.debt);
    home.debt -= repaid;
    Move(postings, programme, debt, repaid);
    Move(postings, programme, Reward(household), reward - repaid);
    if (reward != repaid) home.lots[last_day] += reward - repaid;
    return;
  }
  int64_t left = -reward;
  const auto take = [&left](int64_t& lot) {
    const int64_t part = std::min(left, lot);
    lot -= part;
    left -= part;
  };
  if (const auto lot = home.lots.find(last_day); lot != home.lots.end()) take(lot->second);
  for (auto& [day, lot] : home.lots) take(lot);
  for (auto lot = home.lots.begin(); lot != home.lots.end();) lot = lot->second == 0 ? home.lots.erase(lot) : std::next(lot);
  Move(postings, Reward(household), programme, -reward - left);
  Move(postings, debt, programme, left);
  home.debt += left;
}

void ModelPartition::Credit(Home& home, HouseholdId household, const ModelEvent& event, const ModelRules& rules_of_day,
                            const ModelCatalogue& catalogue, int32_t today, int32_t spendable_until, Amounts& postings) {
  constexpr int32_t kLateDaysMax = 30;
  int32_t kept = today;
  for (int32_t day = today - kLateDaysMax; day <= today; ++day) {
    const ModelRules* rules = catalogue.RulesOn(day);
    if (rules != nullptr && today - day <= rules->set.late_days_max()) kept = std::min(kept, BeginOfPeriod(SpanOf(*rules), day));
  }
  LetGo(home, std::min(kept, BeginOfPeriod(SpanOf(rules_of_day), event.day)));
  home.events[event.day].push_back(event);
  home.rules.emplace(event.day, &rules_of_day);

  // The block: the days of the period whose rules have caps of no longer and no shorter periods.
  const int span = SpanOf(rules_of_day);
  const int32_t begin = BeginOfPeriod(span, event.day);
  std::vector<ModelEvent> block;
  std::map<int32_t, const ModelRules*> rules_of;
  for (const auto& [day, events] : home.events) {
    const ModelRules* rules = home.rules.at(day);
    if (BeginOfPeriod(span, day) != begin || SpanOf(*rules) != span) continue;
    rules_of[day] = rules;
    block.insert(block.end(), events.begin(), events.end());
  }
  int64_t reward = 0;
  int64_t civic = 0;
  for (const auto& [day, credit] : CreditOf(block, rules_of)) {
    reward += credit.reward - home.credited[day].reward;
    civic += credit.civic - home.credited[day].civic;
    home.credited[day] = credit;
  }
  const int32_t last_day = LastDayOf(event.day, rules_of.at(event.day)->set.expiry_grace_months());
  Give(home, household, reward, std::max(last_day, spendable_until), postings);
  Move(postings, Programme(Asset::kCivic, home.town), Civic(household), civic);
}

void ModelPartition::LetGo(Home& home, int32_t kept) {
  std::set<int32_t> held;
  for (const auto& [key, waiting] : home.waiting) {
    if (waiting.decided) continue;
    const int span = SpanOf(*home.rules.at(waiting.day));
    for (const auto& [day, rules] : home.rules) {
      if (BeginOfPeriod(span, day) == BeginOfPeriod(span, waiting.day)) held.insert(day);
    }
  }
  for (auto day = home.rules.begin(); day != home.rules.end() && day->first < kept;) {
    if (held.count(day->first) != 0) {
      ++day;
      continue;
    }
    home.events.erase(day->first);
    home.credited.erase(day->first);
    day = home.rules.erase(day);
  }
}

void ModelPartition::CreditDrop(Home& home, const RequestKey& key, const DropFacts& facts, const ModelCatalogue& catalogue, int32_t today,
                                int32_t spendable_until, Amounts& postings) {
  const int32_t day = ShanghaiDay(facts.event_time);
  const auto first = home.rules.find(day);
  const ModelRules* rules = first != home.rules.end() ? first->second : catalogue.RulesOn(day);
  const v1::Rule* rule = RuleOf(*rules, facts.category);
  if (rule == nullptr) return;
  ModelEvent event;
  event.day = day;
  event.minute =
      static_cast<int32_t>((absl::ToUnixSeconds(facts.event_time) - int64_t{day} * kSecondsOfDay + kEastOfGreenwichSeconds) / 60);
  event.id = static_cast<uint32_t>(MixBits(key.high ^ MixBits(key.low)));
  event.category = facts.category;
  event.rule = rule;
  event.member = facts.member;
  event.station = facts.station.value();
  event.grams = facts.grams.value_or(rule->assumed_grams());
  const ModelCredit value = ValueOf(*rules, *rule, event.grams, facts.event_time);
  event.reward = value.reward;
  event.civic = value.civic;
  Credit(home, facts.household, event, *rules, catalogue, today, spendable_until, postings);
}

Decided ModelPartition::Do(const Request& request, const DropFacts& facts, const ModelCatalogue& catalogue, absl::Time now) {
  if (facts.category < 1 || facts.category > 6) return Refused(Reason::REASON_CATEGORY_UNKNOWN);
  if (facts.grams && *facts.grams <= 0) return Refused(Reason::REASON_WEIGHT_NOT_POSITIVE);
  if (facts.grams && *facts.grams > kGramsMax) return Refused(Reason::REASON_WEIGHT_TOO_LARGE);
  if (catalogue.stations.count(facts.station) == 0) return Refused(Reason::REASON_STATION_UNKNOWN);
  if (catalogue.rules_version == 0) return Refused(Reason::REASON_RULES_ABSENT);
  if (facts.event_time > now + absl::Minutes(5)) return Refused(Reason::REASON_EVENT_IN_FUTURE);
  const int32_t day = ShanghaiDay(facts.event_time);
  const int32_t today = ShanghaiDay(now);
  const ModelRules* rules = catalogue.RulesOn(day);
  if (rules == nullptr) return Refused(Reason::REASON_RULES_ABSENT);
  const bool late = today - day > rules->set.late_days_max();
  if (late && !facts.may_be_late) return Refused(Reason::REASON_EVENT_TOO_OLD);
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

  Decided decided;
  decided.kind = TransactionKind::kDrop;
  const auto pinned = home.rules.find(day);
  const bool day_has_policies = (pinned == home.rules.end() ? rules : pinned->second)->set.verification_policies_size() > 0;
  std::optional<Waiting> waiting = late || day_has_policies ? WhyItWaits(facts, late, *rules, now) : std::nullopt;
  if (!waiting) {
    CreditDrop(home, request.key, facts, catalogue, today, today, decided.postings);
    return decided;
  }
  const auto waits = [](const auto& other) { return !other.second.decided; };
  if (std::count_if(home.waiting.begin(), home.waiting.end(), waits) >= kWaitingMax) return decided;
  home.rules.emplace(day, rules);
  home.waiting[request.key] = *std::move(waiting);
  decided.kind = TransactionKind::kPendingDrop;
  return decided;
}

Decided ModelPartition::Do(const Request&, const Decision& decision, const ModelCatalogue& catalogue, absl::Time now) {
  const auto found = homes_.find(decision.household);
  if (found == homes_.end()) return Refused(Reason::REASON_PENDING_DROP_UNKNOWN);
  Home& home = found->second;
  const auto drop = home.waiting.find(decision.drop);
  if (drop == home.waiting.end()) return Refused(Reason::REASON_PENDING_DROP_UNKNOWN);
  Waiting& waiting = drop->second;
  if (waiting.decided) return Refused(Reason::REASON_PENDING_DROP_DECIDED);
  bool release = decision.what == Decision::What::kRelease;
  if (decision.what == Decision::What::kDue) {
    if (!waiting.due || *waiting.due > now) return Refused(Reason::REASON_PENDING_DROP_DECIDED);
    release = waiting.due_release;
  }
  DropFacts facts = waiting.facts;
  if (release && decision.what == Decision::What::kRelease && decision.grams) {
    facts.grams = decision.grams;
    if (facts.event_time > now + absl::Minutes(5)) return Refused(Reason::REASON_EVENT_IN_FUTURE);
  }
  Decided decided;
  decided.kind = release ? TransactionKind::kRelease : TransactionKind::kRejection;
  const int32_t today = ShanghaiDay(now);
  if (release) CreditDrop(home, decision.drop, facts, catalogue, today, today + kComeBackDays, decided.postings);
  waiting.decided = true;
  // A day of which nothing is left is as one that never was.
  const auto waits_that_day = [&](const auto& other) { return !other.second.decided && other.second.day == waiting.day; };
  const bool held = std::any_of(home.waiting.begin(), home.waiting.end(), waits_that_day);
  const ModelCredit credited = home.credited.count(waiting.day) != 0 ? home.credited.at(waiting.day) : ModelCredit{};
  const bool empty = home.events.count(waiting.day) == 0 || home.events.at(waiting.day).empty();
  if (!held && empty && credited.reward == 0 && credited.civic == 0) home.rules.erase(waiting.day);
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
