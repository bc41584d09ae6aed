// A generated ledger for the simulation's tests: households of two towns drop for two weeks by rules that change in between, with
// campaigns, caps of days and months, bonuses, an estate's own rule, drops that come late, drops that wait until somebody releases or
// rejects them, a budget that is used up for some days, and reversals; all by the ledger's own decisions.
#pragma once

#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "clients/ctl/simulate/replay_source.h"
#include "fenfen/v1/correction.pb.h"
#include "fenfen/v1/verification.pb.h"
#include "google/protobuf/util/json_util.h"
#include "ledger/points/budget/budget.h"
#include "ledger/points/correcting/reversal.h"
#include "ledger/points/verification/release.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen::ctl {

// The entries of a fixture's history.
class HistorySource final : public ReplaySource {
 public:
  explicit HistorySource(const std::vector<CommittedTransaction>& history) : history_(history) {}
  absl::Status Read(const Wanted& wanted, Take take) const override {
    for (const CommittedTransaction& each : history_) {
      if (each.seq > wanted[each.partition.value()]) continue;
      const std::string bytes = EncodeTransaction(each.transaction);
      if (absl::Status status = take({each.partition, each.seq, each.record_time, bytes}); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  const std::vector<CommittedTransaction>& history_;
};

inline v1::RuleSet RulesOf(const char* json) {
  v1::RuleSet rules;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &rules);
  EXPECT_TRUE(parsed.ok()) << parsed.ToString();
  return rules;
}

inline constexpr char kSecondRules[] = R"json({
  "version": 2, "late_days_max": 5, "expiry_grace_months": 3, "effective_date": "2026-06-20",
  "rules": [
    {"id": "food-there", "category": "CATEGORY_FOOD", "match": {"regions": ["regions/t2"]}, "reward_per_kg": 333, "civic_per_drop": 70},
    {"id": "food", "category": "CATEGORY_FOOD", "reward_per_kg": 200, "civic_per_drop": 100, "assumed_grams": 500, "daily_drops_max": 2},
    {"id": "paper", "category": "CATEGORY_RECYCLABLE", "reward_per_kg": 150, "civic_per_drop": 50, "daily_reward_max": 400},
    {"id": "residual", "category": "CATEGORY_RESIDUAL", "civic_per_drop": 50, "daily_drops_max": 2}
  ],
  "campaigns": [
    {"id": "double", "title_zh": "双倍周末", "title_en": "Double", "begin_time": "2026-06-20T00:00:00+08:00",
     "end_time": "2026-06-22T00:00:00+08:00", "reward_percent": 200}
  ],
  "caps": [
    {"id": "month", "title_zh": "每月积分", "title_en": "A month", "scope": "CAP_SCOPE_HOUSEHOLD", "period": "CAP_PERIOD_MONTH",
     "unit": "CAP_UNIT_POINTS", "limit": 2500},
    {"id": "each", "title_zh": "每人每天", "title_en": "Each a day", "scope": "CAP_SCOPE_MEMBER", "period": "CAP_PERIOD_DAY",
     "unit": "CAP_UNIT_COUNT", "limit": 3}
  ],
  "bonuses": [
    {"id": "first", "title_zh": "当天首投", "title_en": "First drop", "kind": "BONUS_KIND_FIRST_DROP", "reward": 20, "civic": 10},
    {"id": "all", "title_zh": "分类齐全", "title_en": "All kinds", "kind": "BONUS_KIND_ALL_CATEGORIES",
     "required_categories": ["CATEGORY_FOOD", "CATEGORY_RECYCLABLE"], "reward": 100}
  ],
  "verification_policies": [
    {"id": "paper-waits", "match": {"categories": ["CATEGORY_RECYCLABLE"]}, "timing": "CREDIT_TIMING_INSPECTED", "wait_hours": 48}
  ]
})json";

class Story : public PointsFixture {
 public:
  static constexpr int kHouseholds = 24;
  static constexpr int kDays = 14;

  // From 2026-06-15 on; the same for the same seed.
  explicit Story(uint32_t seed) : random_(seed) {
    AddSecondTown();
    for (int n = 1; n <= kHouseholds; ++n) EnrolIn(n, n % 3 == 0 ? "regions/e2" : "regions/e");
    for (int day = 0; day < kDays; ++day) {
      if (day == 3) SetRules(kSecondRules);
      if (day == 8) StopTown(true);
      if (day == 10) StopTown(false);
      for (int n = 1; n <= kHouseholds; ++n) {
        for (int drops = Pick(5); drops > 0; --drops) DropSomething(n);
      }
      clock.Set(absl::FromCivil(absl::CivilSecond(2026, 6, 16 + day, 8, 0, 0), zone));
    }
  }

  void SetRules(const char* json) {
    v1::UpdateCatalogueRequest request;
    *request.mutable_rule_set() = RulesOf(json);
    EXPECT_OK(Update(request));
  }
  int reversed = 0;
  int late = 0;
  int released = 0;
  int rejected = 0;

 private:
  int Pick(int below) { return static_cast<int>(random_() % static_cast<uint32_t>(below)); }

  void AddSecondTown() {
    v1::UpdateCatalogueRequest request;
    for (const auto& [name, level, parent] :
         {std::tuple("regions/t2", "town", "regions/d"), std::tuple("regions/e2", "estate", "regions/t2")}) {
      v1::Region& region = *request.add_regions();
      region.set_name(name);
      region.set_display_name(name);
      region.set_level(level);
      region.set_parent(parent);
    }
    v1::Station& station = *request.add_stations();
    station.set_name("stations/s3");
    station.set_display_name("三号桶站");
    station.set_region("regions/e2");
    v1::Staff& staff = *request.add_staff();
    staff.set_name("staff/a");
    staff.set_role(v1::ROLE_STAFF);
    staff.set_region("regions/d");
    staff.set_reversal_limit(1'000'000);
    EXPECT_OK(Update(request));
  }
  void EnrolIn(int household, const char* region) {
    const DecisionContext context = NextContext();
    EnrolmentFacts facts;
    facts.household = HouseholdId(static_cast<uint64_t>(household));
    facts.region = CatalogueIdOf(region);
    facts.members.assign(2, 0);
    EXPECT_OK(Run(PartitionOf(facts.household), EnrolmentReads(facts.household), context,
                  [&](const View& view) { return DecideEnrolment(view, facts, *catalogue(), context); }));
  }
  void DropSomething(int household) {
    static constexpr v1::Category kCategories[] = {v1::CATEGORY_FOOD, v1::CATEGORY_FOOD, v1::CATEGORY_RECYCLABLE, v1::CATEGORY_RESIDUAL,
                                                   v1::CATEGORY_HAZARDOUS};
    clock.Advance(absl::Seconds(7));
    DropFacts facts;
    facts.household = HouseholdId(static_cast<uint64_t>(household));
    facts.member = static_cast<uint32_t>(Pick(3));
    facts.category = kCategories[Pick(5)];
    if (Pick(4) != 0) facts.grams = 100 + Pick(3000);
    facts.station = CatalogueIdOf(household % 3 == 0 ? "stations/s3" : "stations/s1");
    facts.event_time = clock.Now();
    if (Pick(6) == 0) {
      facts.event_time -= absl::Hours(24 * (1 + Pick(3)));
      ++late;
    }
    const DecisionContext context = NextContext();
    EXPECT_OK(Run(PartitionOf(facts.household), DropReads(facts, *catalogue(), context), context,
                  [&](const View& view) { return DecideDrop(view, facts, *catalogue(), context); }));
    if (history.back().transaction.kind == TransactionKind::kPendingDrop) waiting_.emplace_back(facts.household, context.key);
    if (waiting_.size() > 3) DecideFirst();
    if (Pick(12) == 0) ReverseLast();
  }
  // Of those that wait the one that waits longest, on a later day or the same.
  void DecideFirst() {
    const auto [household, key] = waiting_.front();
    waiting_.pop_front();
    const uint64_t id = PendingDropIdFor(household, key);
    const DecisionContext context = NextContext();
    const bool release = Pick(3) != 0;
    ++(release ? released : rejected);
    EXPECT_OK(Run(PartitionOf(household), PendingReads(household, id, 0), context, [&, home = household](const View& view) {
      return release ? DecideRelease(view, home, id, std::nullopt, *catalogue(), context)
                     : DecideRejection(view, home, id, v1::REJECTION_REASON_MIXED, *catalogue(), context);
    }));
  }
  // The budget of the town t is used up, or raised.
  void StopTown(bool stop) {
    v1::SetBudgetsRequest request;
    v1::Budget& budget = *request.add_budgets();
    budget.set_name("regions/t/budgets/2026-06");
    budget.set_limit(stop ? 100 : 100'000'000);
    budget.set_end(v1::Budget::END_STOP);
    const DecisionContext context = NextContext();
    EXPECT_OK(Run(kCataloguePartition, SetBudgetsReads(request), context,
                  [&](const View& view) { return DecideBudgets(view, request, *catalogue(), context); }));
    if (!stop) return;
    const BudgetFinding finding{budget.name(), history.back().seq, 200};
    const DecisionContext later = NextContext();
    EXPECT_OK(Run(kCataloguePartition, BudgetFindingReads(finding), later,
                  [&](const View& view) { return DecideBudgetFinding(view, finding, later); }));
  }
  void ReverseLast() {
    const CommittedTransaction entry = history.back();
    const absl::StatusOr<Why> why = DecodeWhy(entry.transaction.kind, entry.transaction.why);
    const auto* drop = std::get_if<DropWhy>(&*why);
    const HouseholdId household = drop != nullptr ? drop->after.household : std::get<FactsWhy>(*why).after.household;
    const ReversalTerms terms{household, &entry, {v1::CORRECTION_REASON_DUPLICATE, {}}};
    DecisionContext context = NextContext();
    context.actor = {ActorKind::kStaff, CatalogueIdOf("staff/a").value(), 0};
    const absl::Status status = Run(entry.partition, ReversalReads(household, entry), context,
                                    [&](const View& view) { return DecideReversal(view, terms, *catalogue(), context); });
    if (status.ok()) ++reversed;  // some gave nothing that could be taken back
  }

  std::mt19937 random_;
  std::deque<std::pair<HouseholdId, RequestKey>> waiting_;
};

}  // namespace fenfen::ctl
