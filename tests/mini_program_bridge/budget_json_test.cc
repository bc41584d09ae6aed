// BudgetService over JSON: its addresses, budgets as an operator sends them, a budget as the staff get it.
#include <gtest/gtest.h>

#include <boost/json/value.hpp>

#include "fenfen/v1/budget.pb.h"
#include "mini_program_bridge/api_descriptors.h"
#include "mini_program_bridge/json_body.h"
#include "mini_program_bridge/read_request.h"
#include "mini_program_bridge/route.h"
#include "mini_program_bridge/transcode.h"

namespace fenfen::bridge {
namespace {

TEST(BudgetJson, EachMethodHasItsAddress) {
  const ApiDescriptors api;
  const absl::StatusOr<RouteTable> table = RouteTable::Build(api.services());
  ASSERT_TRUE(table.ok()) << table.status();
  const auto found = [&](const std::string& verb, const std::string& path) {
    const RouteMatch match = table->Find(verb, path);
    return match.route == nullptr ? "nothing" : match.route->method->name();
  };
  EXPECT_EQ(found("POST", "/v1/budgets:set"), "SetBudgets");
  EXPECT_EQ(found("GET", "/v1/regions/110112/budgets"), "ListBudgets");
  EXPECT_EQ(found("GET", "/v1/regions/110112/budgets/2026-06"), "GetBudget");
  EXPECT_EQ(found("GET", "/v1/regions/110112/liability"), "GetLiability");
}

TEST(BudgetJson, WhatAnOperatorSends) {
  boost::json::value json;
  const std::string body =
      R"({"request_id":"0197a3c0-5f00-7b1e-8a55-0f6d3c2b1a90","budgets":[{"name":"regions/1/budgets/2026-06","limit":500000,)"
      R"("end":"END_STOP","warn_percent":80}]})";
  ASSERT_FALSE(ParseJsonBody(body, &json).has_value());
  v1::SetBudgetsRequest request;
  ASSERT_FALSE(ReadJson(json, &request).has_value());
  ASSERT_EQ(request.budgets_size(), 1);
  EXPECT_EQ(request.budgets(0).limit(), 500000);
  EXPECT_EQ(request.budgets(0).end(), v1::Budget::END_STOP);
  EXPECT_EQ(request.budgets(0).warn_percent(), 80);
}

TEST(BudgetJson, WhatTheStaffGet) {
  v1::GetBudgetResponse response;
  v1::Budget& budget = *response.mutable_budget();
  budget.set_name("regions/1/budgets/2026-06");
  budget.set_limit(500000);
  budget.set_issued(510000);
  budget.set_left(-10000);
  budget.set_stopped(true);
  budget.set_outlook(v1::Budget::OUTLOOK_USED_UP);
  std::string out;
  WriteJson(response, &out);
  EXPECT_NE(out.find(R"("name":"regions/1/budgets/2026-06","limit":500000)"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("stopped":true)"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("left":-10000)"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("outlook":"OUTLOOK_USED_UP")"), std::string::npos) << out;
}

}  // namespace
}  // namespace fenfen::bridge
