// Budgets over a real server: found used up by the job, stopped, raised again, the same after a kill; how far a limit is passed; and the
// liability, which ties out with what was issued.
#include <gmock/gmock.h>

#include <thread>
#include <vector>

#include "fenfen/v1/budget.grpc.pb.h"
#include "ledger/points/budget/month.h"
#include "tests/server/spending/spending_fixture.h"

namespace fenfen::server {
namespace {

using Stub = v1::BudgetService::Stub;

const absl::TimeZone kShanghai = absl::FixedTimeZone(8 * 3600);

// Households 1001 and 1002 of town a have dropped once, for 100 points each: 20,000 hundredths.
class BudgetsServer : public SpendingServer {
 protected:
  std::string Name(const std::string& town = "a") const { return absl::StrCat("regions/", town, "/budgets/", month); }
  TestReply<v1::SetBudgetsResponse> Set(int64_t limit, v1::Budget::End end = v1::Budget::END_STOP, bool check = false) const {
    v1::SetBudgetsRequest request;
    request.set_request_id(server.NewRequestId());
    request.set_validate_only(check);
    v1::Budget& budget = *request.add_budgets();
    budget.set_name(Name());
    budget.set_limit(limit);
    budget.set_end(end);
    budget.set_warn_percent(50);
    return server.Call(&Stub::SetBudgets, request, server.Token(kOperator, "OPERATOR"));
  }
  v1::Budget Get() const {
    v1::GetBudgetRequest request;
    request.set_name(Name());
    const auto reply = server.Call(&Stub::GetBudget, request, server.Token("staff/staff-a", "STAFF"));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply.budget();
  }
  v1::GetLiabilityResponse Liability(const std::string& region) const {
    v1::GetLiabilityRequest request;
    request.set_region(region);
    const auto reply = server.Call(&Stub::GetLiability, request, server.Token(kOperator, "OPERATOR"));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply;
  }

  const std::string month = FormatMonth(MonthNumber(absl::ToCivilMonth(absl::Now(), kShanghai)));
};

TEST_F(BudgetsServer, AUsedUpBudgetStopsUntilItIsRaised) {
  ASSERT_TRUE(Set(30'000).status.ok());
  EXPECT_EQ(Get().issued(), 20'000);
  EXPECT_EQ(Get().left(), 10'000);
  EXPECT_EQ(Get().outlook(), v1::Budget::OUTLOOK_NO_DATA);  // today is no full day
  EXPECT_FALSE(Get().has_warn_time());
  RunTimer("check-budgets");
  EXPECT_TRUE(Get().has_warn_time());
  EXPECT_FALSE(Get().stopped());

  ASSERT_TRUE(Set(15'000).status.ok());
  RunTimer("check-budgets");
  EXPECT_TRUE(Get().stopped());
  EXPECT_EQ(Get().used_up_issued(), 20'000);
  EXPECT_EQ(Get().outlook(), v1::Budget::OUTLOOK_USED_UP);
  Earn("households/1001");
  EXPECT_EQ(Balance("households/1001").reward(), 10'000);
  EXPECT_EQ(Balance("households/1001").civic(), 200);

  server.Kill();
  ASSERT_TRUE(server.Start()) << server.Log();
  EXPECT_TRUE(Get().stopped());
  EXPECT_EQ(Get().issued(), 20'000);

  ASSERT_TRUE(Set(50'000).status.ok());
  EXPECT_FALSE(Get().stopped());
  Earn("households/1002");
  EXPECT_EQ(Balance("households/1002").reward(), 20'000);
  EXPECT_EQ(Get().issued(), 30'000);
}

// What passes a limit is what is credited before it is written down that it is reached: here two drops that were under way together.
TEST_F(BudgetsServer, ALimitIsPassedByWhatWasUnderWayAndNoMore) {
  ASSERT_TRUE(Set(20'001).status.ok());
  std::thread one([this] { Earn("households/1001"); });
  Earn("households/1002");
  one.join();
  RunTimer("check-budgets");
  const v1::Budget budget = Get();
  EXPECT_TRUE(budget.stopped());
  EXPECT_EQ(budget.issued() - budget.limit(), 2 * 10'000 - 1);
  EXPECT_EQ(budget.used_up_issued(), budget.issued());
  RecordProperty("overshoot_hundredths", static_cast<int>(budget.issued() - budget.limit()));
  Earn("households/1001");
  EXPECT_EQ(Get().issued(), budget.issued());
}

TEST_F(BudgetsServer, WhatIsWrongIsNamedAndNothingIsWritten) {
  const auto checked = Set(0, v1::Budget::END_UNSPECIFIED, /*check=*/true);
  ASSERT_TRUE(checked.status.ok()) << checked.error().ToString();
  ASSERT_EQ(checked.reply.errors_size(), 2);
  EXPECT_EQ(checked.reply.errors(0).field(), "budgets.limit");
  EXPECT_EQ(checked.reply.errors(1).field(), "budgets.end");
  EXPECT_EQ(Set(0).error().reason_name, "ROW_INVALID");
  v1::GetBudgetRequest request;
  request.set_name(Name());
  EXPECT_EQ(server.Call(&Stub::GetBudget, request, server.Token(kOperator, "OPERATOR")).error().reason_name, "BUDGET_UNKNOWN");
  request.set_name(Name("b"));
  EXPECT_EQ(server.Call(&Stub::GetBudget, request, server.Token("staff/staff-a", "STAFF")).error().reason_name, "PERMISSION_DENIED");
}

TEST_F(BudgetsServer, ListsTheTownsOfARegion) {
  ASSERT_TRUE(Set(30'000).status.ok());
  v1::ListBudgetsRequest request;
  request.set_region("regions/t");
  const auto all = server.Call(&Stub::ListBudgets, request, server.Token(kOperator, "OPERATOR"));
  ASSERT_EQ(all.reply.budgets_size(), 1) << all.error().ToString();
  EXPECT_EQ(all.reply.budgets(0).name(), Name());
  EXPECT_EQ(all.reply.budgets(0).region(), "regions/a");
  request.set_month("2026-13");
  EXPECT_EQ(server.Call(&Stub::ListBudgets, request, server.Token(kOperator, "OPERATOR")).error().reason_name, "FIELD_MALFORMED");
}

TEST_F(BudgetsServer, TheLiabilityTiesOutWithWhatWasIssued) {
  const v1::Voucher open = Reserved("households/1001");
  const v1::Voucher used = Reserved("households/1002");
  ASSERT_TRUE(Capture(used.code(), server.NewRequestId()).status.ok());
  for (const bool again : {false, true}) {
    if (again) {
      server.Kill();
      ASSERT_TRUE(server.Start()) << server.Log();
    }
    const v1::GetLiabilityResponse all = Liability("regions/t");
    EXPECT_EQ(all.totals().issued(), 20'000);
    EXPECT_EQ(all.totals().households(), 19'800);
    EXPECT_EQ(all.totals().vouchers(), 100);
    EXPECT_EQ(all.totals().merchants(), 100);
    EXPECT_EQ(all.totals().difference(), 0);
    ASSERT_EQ(all.rows_size(), 1);
    EXPECT_EQ(all.rows(0).region(), "regions/a");
    EXPECT_EQ(all.rows(0).households(), 19'800);
    EXPECT_EQ(all.rows(0).vouchers(), 100);
    EXPECT_EQ(all.rows(0).month().size(), 7u);
  }
  EXPECT_EQ(Liability("regions/b").rows_size(), 0);
  EXPECT_FALSE(Liability("regions/a").has_totals());
}

}  // namespace
}  // namespace fenfen::server
