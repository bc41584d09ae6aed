// VerificationService over JSON: its addresses, a request as a phone sends it, a reply as a phone gets it.
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <memory>

#include "fenfen/v1/verification.pb.h"
#include "mini_program_bridge/api_descriptors.h"
#include "mini_program_bridge/json_body.h"
#include "mini_program_bridge/read_request.h"
#include "mini_program_bridge/route.h"
#include "mini_program_bridge/transcode.h"

namespace fenfen::bridge {
namespace {

TEST(VerificationJson, EachMethodHasItsAddress) {
  const ApiDescriptors api;
  const absl::StatusOr<RouteTable> table = RouteTable::Build(api.services());
  ASSERT_TRUE(table.ok()) << table.status();
  const auto found = [&](const std::string& verb, const std::string& path) {
    const RouteMatch match = table->Find(verb, path);
    return match.route == nullptr ? "nothing" : match.route->method->name();
  };
  EXPECT_EQ(found("GET", "/v1/regions/110112/pendingDrops"), "ListPendingDrops");
  EXPECT_EQ(found("GET", "/v1/households/1/pendingDrops"), "ListHouseholdPendingDrops");
  EXPECT_EQ(found("POST", "/v1/households/1/pendingDrops/0123456789abcdef:inspect"), "InspectDrop");
  EXPECT_EQ(found("POST", "/v1/households/1/pendingDrops/0123456789abcdef:release"), "ReleaseDrop");
  EXPECT_EQ(found("POST", "/v1/households/1/pendingDrops/0123456789abcdef:reject"), "RejectDrop");
  EXPECT_EQ(found("POST", "/v1/households/1/entries/5:clawBack"), "ClawBackDrop");
  EXPECT_EQ(found("POST", "/v1/households/1/bags"), "IssueBags");
  EXPECT_EQ(found("POST", "/v1/households/1/bags:revoke"), "RevokeBag");
  EXPECT_EQ(found("POST", "/v1/stations/s-1/bags:inspect"), "InspectBag");
}

TEST(VerificationJson, WhatAnInspectorSends) {
  boost::json::value json;
  const std::string body =
      R"({"request_id":"0197a3c0-5f00-7b1e-8a55-0f6d3c2b1a90","tag":"FB1.X","category":"CATEGORY_FOOD","weight_grams":1200,)"
      R"("put_in_time":"2026-06-15T12:00:00Z"})";
  ASSERT_FALSE(ParseJsonBody(body, &json).has_value());
  v1::InspectBagRequest request;
  ASSERT_FALSE(ReadJson(json, &request).has_value());
  EXPECT_EQ(request.tag(), "FB1.X");
  EXPECT_EQ(request.category(), v1::CATEGORY_FOOD);
  EXPECT_EQ(request.weight_grams(), 1200);
  EXPECT_EQ(request.put_in_time().seconds(), 1781524800);
}

TEST(VerificationJson, WhatWaitsAsAPhoneGetsIt) {
  v1::ListHouseholdPendingDropsResponse response;
  v1::PendingDrop& drop = *response.add_pending_drops();
  drop.set_name("households/1/pendingDrops/0123456789abcdef");
  drop.set_state(v1::PendingDrop::STATE_WAITING);
  drop.set_cause(v1::PendingDrop::CAUSE_POLICY);
  drop.set_weight_grams(500);
  drop.mutable_due_time()->set_seconds(1781524800);
  std::string out;
  WriteJson(response, &out);
  EXPECT_NE(out.find(R"("name":"households/1/pendingDrops/0123456789abcdef","state":"STATE_WAITING","cause":"CAUSE_POLICY")"),
            std::string::npos)
      << out;
  EXPECT_NE(out.find(R"("weight_grams":500)"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("due_time":"2026-06-15T12:00:00Z")"), std::string::npos) << out;
}

}  // namespace
}  // namespace fenfen::bridge
