// A budget over two servers with one Redis and one PostgreSQL: each sees what the other issued; what one finds used up stops the other
// soon, and how far the limit is passed by then is measured.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fenfen/v1/budget.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/timer.grpc.pb.h"
#include "ledger/points/budget/month.h"
#include "tests/server/shared_deployment.h"

namespace fenfen::server {
namespace {

constexpr int64_t kOneDrop = 10'000;  // 50 kilograms, in hundredths

class BudgetsServers : public SharedDeployment {
 protected:
  void SetUp() override {
    for (TestServer* server : {&a_, &b_}) server->AddConfig("[timers]\nenabled = false\n");
    StartBoth();
  }
  void Drop(const TestServer& server, const std::string& household) {
    v1::RecordDropRequest drop;
    drop.set_household(household);
    drop.set_request_id(a_.NewRequestId());
    drop.set_station("stations/s-a");
    drop.set_category(v1::CATEGORY_FOOD);
    drop.set_weight_grams(50'000);
    const auto reply = server.Call(&v1::DropService::Stub::RecordDrop, drop, a_.Token("staff/attendant-a", "ATTENDANT"));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
  }
  v1::Budget Get(const TestServer& server) {
    v1::GetBudgetRequest request;
    request.set_name(name_);
    return server.Call(&v1::BudgetService::Stub::GetBudget, request, a_.Token(kOperator, "OPERATOR")).reply.budget();
  }
  void CheckBudgets(const TestServer& server) {
    v1::RunTimerRequest request;
    request.set_name("timers/check-budgets");
    // The other server may have its lease; then it is asked again.
    server.Call(&v1::TimerService::Stub::RunTimer, request, a_.Token(kOperator, "OPERATOR"));
  }
  // Waits for what is to come, generously.
  static bool Soon(const std::function<bool()>& holds) {
    for (const absl::Time give_up = absl::Now() + absl::Seconds(60); absl::Now() < give_up; absl::SleepFor(absl::Milliseconds(20))) {
      if (holds()) return true;
    }
    return holds();
  }

  const std::string name_ =
      absl::StrCat("regions/a/budgets/", FormatMonth(MonthNumber(absl::ToCivilMonth(absl::Now(), absl::FixedTimeZone(8 * 3600)))));
};

TEST_F(BudgetsServers, WhatOneFindsUsedUpStopsTheOther) {
  v1::SetBudgetsRequest request;
  request.set_request_id(a_.NewRequestId());
  v1::Budget& budget = *request.add_budgets();
  budget.set_name(name_);
  budget.set_limit(kOneDrop);
  budget.set_end(v1::Budget::END_STOP);
  const auto set = a_.Call(&v1::BudgetService::Stub::SetBudgets, request, a_.Token(kOperator, "OPERATOR"));
  ASSERT_TRUE(set.status.ok()) << set.error().ToString();

  Drop(b_, "households/1001");
  Drop(b_, "households/1002");  // nobody has looked yet
  ASSERT_TRUE(Soon([this] { return Get(a_).issued() == 2 * kOneDrop; }));
  ASSERT_TRUE(Soon([this] {
    CheckBudgets(a_);
    return Get(a_).stopped();
  }));
  Drop(b_, "households/1001");  // the other server may not know it yet
  ASSERT_TRUE(Soon([this] { return Get(b_).stopped(); }));
  ASSERT_TRUE(Soon([this] { return Get(a_).issued() == Get(b_).issued(); }));
  const int64_t issued = Get(b_).issued();
  EXPECT_LE(issued, 3 * kOneDrop);
  RecordProperty("overshoot_hundredths", static_cast<int>(issued - kOneDrop));
  Drop(b_, "households/1002");
  Drop(a_, "households/1002");
  EXPECT_EQ(Get(b_).issued(), issued);

  b_.Kill();
  ASSERT_TRUE(b_.Start()) << b_.Log();
  EXPECT_TRUE(Soon([&] { return Get(b_).stopped() && Get(b_).issued() == issued; }));
}

}  // namespace
}  // namespace fenfen::server
