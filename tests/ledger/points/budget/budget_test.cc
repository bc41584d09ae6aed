// Budgets: set, found low and used up, stopped, re-opened; what a stopped drop earns and says; the outlook; months.
#include "ledger/points/budget/budget.h"

#include "ledger/points/budget/budget_store.h"
#include "ledger/points/budget/month.h"
#include "ledger/points/budget/outlook.h"
#include "ledger/points/budget/stopped_budgets.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {
namespace {

using ::testing::HasSubstr;

constexpr char kJune[] = "regions/t/budgets/2026-06";

class BudgetTest : public PointsFixture, public ::testing::Test {
 public:
  BudgetTest() { EXPECT_OK(Enrol(1)); }

  static v1::Budget Limit(int64_t limit, v1::Budget::End end = v1::Budget::END_STOP, int warn_percent = 80, const char* name = kJune) {
    v1::Budget budget;
    budget.set_name(name);
    budget.set_limit(limit);
    budget.set_end(end);
    budget.set_warn_percent(warn_percent);
    return budget;
  }
  absl::Status Set(const v1::Budget& budget) {
    v1::SetBudgetsRequest request;
    *request.add_budgets() = budget;
    const DecisionContext context = NextContext();
    return Told(PointsFixture::Run(kCataloguePartition, SetBudgetsReads(request), context,
                                   [&](const View& view) { return DecideBudgets(view, request, *catalogue(), context); }));
  }
  // What the job does once it sees that so much is issued.
  absl::Status Find(int64_t issued) {
    const BudgetFinding finding{kJune, budgets.Find(kJune)->version, issued};
    DecisionContext context = NextContext();
    context.key = BudgetFindingKey(finding, clock.Now(), zone);
    return Told(PointsFixture::Run(kCataloguePartition, BudgetFindingReads(finding), context,
                                   [&](const View& view) { return DecideBudgetFinding(view, finding, context); }));
  }
  v1::Budget Stored() const { return budgets.Find(kJune)->budget; }
  bool Stops() const {
    const StoppedBudgets* stopped = catalogue()->stopped_budgets();
    return stopped != nullptr && stopped->Stops(CatalogueIdOf("regions/t"), DayNumberOf(clock.Now(), zone));
  }

  BudgetStore budgets;

 private:
  absl::Status Told(absl::Status status) {
    if (status.ok()) budgets.Apply(history.back());
    return status;
  }
};

TEST_F(BudgetTest, AUsedUpBudgetStopsTheTownsMonth) {
  EXPECT_OK(Set(Limit(1000)));
  EXPECT_EQ(catalogue()->stopped_budgets(), nullptr);
  EXPECT_OK(Find(850));
  EXPECT_TRUE(Stored().has_warn_time());
  EXPECT_EQ(catalogue()->stopped_budgets(), nullptr);
  EXPECT_TRUE(absl::IsAlreadyExists(Find(900)));  // no news
  EXPECT_OK(Find(1010));
  EXPECT_EQ(Stored().used_up_issued(), 1010);
  EXPECT_TRUE(Stops());
}

TEST_F(BudgetTest, AStoppedDropIsRecordedWithCivicPointsAndSaysWhy) {
  EXPECT_OK(Set(Limit(1000)));
  EXPECT_OK(Find(1000));
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 800));
  EXPECT_EQ(Reward(1), 0);
  EXPECT_EQ(Civic(1), 100);
  const DropWhy why = std::get<DropWhy>(*DecodeWhy(TransactionKind::kDrop, history.back().transaction.why));
  EXPECT_EQ(why.cut, Cut::kBudget);
  EXPECT_EQ(why.value_reward, Points(160));
  EXPECT_EQ(why.given_reward, Points(0));
  EXPECT_THAT(LastSentence(), HasSubstr("所在街镇当月的积分预算已用完"));
  EXPECT_THAT(LastSentence(), HasSubstr("1 文明积分"));
  EXPECT_THAT(LastEntry().reason_en(), HasSubstr("budget of your town is used up"));
  EXPECT_EQ(RenderTrace(history.back(), *catalogue())->facts().at("cut"), "budget");
}

TEST_F(BudgetTest, TheMonthIsTheDropsOwnAndTheNextIsOpen) {
  EXPECT_OK(Set(Limit(1000)));
  EXPECT_OK(Find(1000));
  clock.Set(absl::FromCivil(absl::CivilSecond(2026, 6, 30, 23, 59, 59), zone));
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 800));
  EXPECT_EQ(Reward(1), 0);
  clock.Set(absl::FromCivil(absl::CivilSecond(2026, 7, 1, 0, 0, 0), zone));
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 800));
  EXPECT_EQ(Reward(1), 160);
  DropFacts late{HouseholdId(1), 1, v1::CATEGORY_FOOD, 800, CatalogueIdOf("stations/s1"), std::nullopt, clock.Now() - absl::Hours(24)};
  EXPECT_OK(Drop(late));  // of June, and June's budget is used up
  EXPECT_EQ(Reward(1), 160);
}

TEST_F(BudgetTest, UnderWarnDropsGoOnEarning) {
  EXPECT_OK(Set(Limit(1000, v1::Budget::END_WARN)));
  EXPECT_OK(Find(1000));
  EXPECT_TRUE(Stored().has_used_up_time());
  EXPECT_FALSE(Stored().stopped());
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 800));
  EXPECT_EQ(Reward(1), 160);
}

TEST_F(BudgetTest, ARaisedLimitReopensTheMonthOneThatIsNotEnoughDoesNot) {
  EXPECT_OK(Set(Limit(1000)));
  EXPECT_OK(Find(1200));
  EXPECT_OK(Set(Limit(1100)));
  EXPECT_TRUE(Stops());
  EXPECT_OK(Set(Limit(5000)));
  EXPECT_FALSE(Stops());
  EXPECT_EQ(catalogue()->stopped_budgets(), nullptr);
  EXPECT_FALSE(Stored().has_used_up_time());
  EXPECT_OK(Find(5000));
  EXPECT_TRUE(Stops());
  EXPECT_OK(Set(Limit(5000, v1::Budget::END_WARN)));
  EXPECT_FALSE(Stops());
  EXPECT_OK(Set(Limit(5000)));
  EXPECT_TRUE(Stops());
}

TEST_F(BudgetTest, AFindingOfAnotherLimitIsNoNews) {
  EXPECT_OK(Set(Limit(1000)));
  const BudgetFinding finding{kJune, budgets.Find(kJune)->version, 1000};
  EXPECT_OK(Set(Limit(900)));
  const DecisionContext context = NextContext();
  EXPECT_TRUE(absl::IsAlreadyExists(PointsFixture::Run(kCataloguePartition, BudgetFindingReads(finding), context,
                                                       [&](const View& view) { return DecideBudgetFinding(view, finding, context); })));
}

TEST_F(BudgetTest, WhatIsWrongIsNamed) {
  const auto fault = [this](const v1::Budget& budget) { return RefusalOf(Set(budget)).field; };
  EXPECT_EQ(fault(Limit(1000, v1::Budget::END_STOP, 80, "regions/t/budgets/2026-6")), "budgets.name");
  EXPECT_EQ(fault(Limit(1000, v1::Budget::END_STOP, 80, "regions/e/budgets/2026-06")), "budgets.name");
  EXPECT_EQ(fault(Limit(1000, v1::Budget::END_STOP, 80, "regions/t/budgets/2026-04")), "budgets.name");
  EXPECT_EQ(fault(Limit(1000, v1::Budget::END_STOP, 80, "regions/t/budgets/2028-07")), "budgets.name");
  EXPECT_EQ(fault(Limit(0)), "budgets.limit");
  EXPECT_EQ(fault(Limit(1000, v1::Budget::END_UNSPECIFIED)), "budgets.end");
  EXPECT_EQ(fault(Limit(1000, v1::Budget::END_STOP, 100)), "budgets.warn_percent");
}

TEST_F(BudgetTest, BonusesOfAStoppedDropAreNotPaid) {
  v1::UpdateCatalogueRequest request = SmallCatalogue();
  v1::RuleSet& rules = *request.mutable_rule_set();
  rules.set_version(2);
  rules.set_effective_date("2026-06-16");
  v1::Bonus& bonus = *rules.add_bonuses();
  bonus.set_id("first");
  bonus.set_title_zh("首投");
  bonus.set_title_en("First");
  bonus.set_kind(v1::BONUS_KIND_FIRST_DROP);
  bonus.set_reward(50);
  EXPECT_OK(Update(request));
  clock.Advance(absl::Hours(24));
  EXPECT_OK(Set(Limit(1000)));
  EXPECT_OK(Find(1000));
  EXPECT_OK(Drop(1, v1::CATEGORY_RESIDUAL, 800));
  EXPECT_EQ(Reward(1), 0);
  EXPECT_EQ(Civic(1), 50);
  EXPECT_OK(Set(Limit(2000)));
  EXPECT_OK(Drop(1, v1::CATEGORY_RESIDUAL, 800));
  EXPECT_EQ(Reward(1), 50);
}

BudgetFigures Figures() {
  BudgetFigures figures;
  figures.month = *ParseMonth("2026-06");
  figures.today = DayNumber(absl::CivilDay(2026, 6, 11));
  figures.limit = 30000;
  figures.issued = 10300;
  figures.issued_today = 300;
  figures.issued_lately = 7000;
  return figures;
}

TEST(Outlook, TheDayOnWhichItRunsOut) {
  const BudgetOutlook outlook = OutlookOf(Figures());  // 20000 left at the day's beginning, 1000 a day
  EXPECT_EQ(outlook.outlook, v1::Budget::OUTLOOK_RUNS_OUT);
  EXPECT_EQ(outlook.a_day, 1000);
  EXPECT_EQ(CivilDayOf(outlook.run_out), absl::CivilDay(2026, 6, 30));
  BudgetFigures more = Figures();
  more.limit += 1;
  EXPECT_EQ(OutlookOf(more).outlook, v1::Budget::OUTLOOK_LASTS);
}

TEST(Outlook, WithoutDataNothingIsSaid) {
  BudgetFigures figures = Figures();
  figures.issued_lately = 0;
  EXPECT_EQ(OutlookOf(figures).outlook, v1::Budget::OUTLOOK_NO_DATA);
  figures = Figures();
  figures.today = DayNumber(absl::CivilDay(2026, 7, 1));
  EXPECT_EQ(OutlookOf(figures).outlook, v1::Budget::OUTLOOK_NO_DATA);
  figures.issued = figures.limit;
  EXPECT_EQ(OutlookOf(figures).outlook, v1::Budget::OUTLOOK_USED_UP);
}

TEST(Outlook, AMonthToComeBeginsAtThePresentPace) {
  BudgetFigures figures = Figures();
  figures.month = *ParseMonth("2026-07");
  figures.issued = figures.issued_today = 0;
  figures.limit = 3000;
  EXPECT_EQ(CivilDayOf(OutlookOf(figures).run_out), absl::CivilDay(2026, 7, 3));
}

TEST(Month, NamesAndNumbers) {
  EXPECT_EQ(FormatMonth(*ParseMonth("2026-06")), "2026-06");
  EXPECT_EQ(CivilDayOf(LastDayOf(*ParseMonth("2026-02"))), absl::CivilDay(2026, 2, 28));
  for (const char* text : {"", "2026-6", "2026-13", "2026-06-01", "1969-12", "202x-06"}) EXPECT_FALSE(ParseMonth(text)) << text;
  EXPECT_FALSE(ParseBudgetName("regions/t/budgets/2026-06/x"));
  EXPECT_EQ(FormatBudgetName("regions/t", ParseBudgetName(kJune)->month), kJune);
}

}  // namespace
}  // namespace fenfen
