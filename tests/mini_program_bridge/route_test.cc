// Paths lead to their methods; path templates and queries are read strictly.
#include "mini_program_bridge/route.h"

#include <gtest/gtest.h>

#include "mini_program_bridge/api_descriptors.h"

namespace fenfen::bridge {
namespace {

class RouteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<RouteTable> table = RouteTable::Build(api_.services());
    ASSERT_TRUE(table.ok()) << table.status();
    table_ = std::make_unique<RouteTable>(*std::move(table));
  }

  // "RPC value…" of what is found; the methods allowed in brackets where only the method does not fit; "nothing".
  std::string Find(const std::string& verb, const std::string& path) {
    const RouteMatch match = table_->Find(verb, path);
    if (match.route == nullptr && match.allowed.empty()) return "nothing";
    std::string out = match.route == nullptr ? "[" : match.route->method->name();
    if (match.route == nullptr) {
      for (const std::string& allowed : match.allowed) out += allowed + "]";
    }
    for (const std::string& value : match.values) out += " " + value;
    return out;
  }

  ApiDescriptors api_;
  std::unique_ptr<RouteTable> table_;
};

TEST_F(RouteTest, EveryHttpOptionIsARoute) { EXPECT_GE(table_->routes().size(), 15u); }

TEST_F(RouteTest, PathsLeadToTheirMethods) {
  EXPECT_EQ(Find("GET", "/v1/households/10000001"), "GetHousehold households/10000001");
  EXPECT_EQ(Find("GET", "/v1/households/10000001/balance"), "GetBalance households/10000001");
  EXPECT_EQ(Find("POST", "/v1/households/10000001/drops"), "RecordDrop households/10000001");
  EXPECT_EQ(Find("GET", "/v1/households/1/vouchers/7"), "GetVoucher households/1/vouchers/7");
  EXPECT_EQ(Find("GET", "/v1/offers"), "ListOffers");
  EXPECT_EQ(Find("POST", "/v1/sessions"), "CreateSession");
}

TEST_F(RouteTest, AVerbIsPartOfTheAddress) {
  EXPECT_EQ(Find("GET", "/v1/households/1/entries/5:trace"), "TraceEntry households/1/entries/5");
  EXPECT_EQ(Find("GET", "/v1/regions/110112/households:find"), "FindHousehold regions/110112");
  EXPECT_EQ(Find("GET", "/v1/households/1/entries/5"), "nothing");
  EXPECT_EQ(Find("GET", "/v1/households/1/entries/5:delete"), "nothing");
  EXPECT_EQ(Find("GET", "/v1/offers:"), "nothing");
}

TEST_F(RouteTest, GetAndPostOfOneAddressAreTwoMethods) {
  EXPECT_EQ(Find("GET", "/v1/households/1/vouchers"), "ListVouchers households/1");
  EXPECT_EQ(Find("POST", "/v1/households/1/vouchers"), "ReserveVoucher households/1");
  EXPECT_EQ(Find("DELETE", "/v1/offers"), "[GET]");
}

TEST_F(RouteTest, ASegmentIsNeverEmptyNorTwo) {
  EXPECT_EQ(Find("GET", "/v1/households//balance"), "nothing");
  EXPECT_EQ(Find("GET", "/v1/households/1%2F2/balance"), "nothing");
  EXPECT_EQ(Find("GET", "/v1/households/1/balance/"), "nothing");
  EXPECT_EQ(Find("GET", "/v1/../v1/offers"), "nothing");
  EXPECT_EQ(Find("GET", "v1/offers"), "nothing");
  EXPECT_EQ(Find("GET", ""), "nothing");
}

TEST_F(RouteTest, EscapesAreDecodedOnceAndBrokenOnesLeadNowhere) {
  EXPECT_EQ(Find("GET", "/v1/households/%31%30/balance"), "GetBalance households/10");
  EXPECT_EQ(Find("GET", "/v1/households/%2531/balance"), "GetBalance households/%31");
  EXPECT_EQ(Find("GET", "/v1/households/%3/balance"), "nothing");
  EXPECT_EQ(Find("GET", "/v1/households/%zz/balance"), "nothing");
}

TEST_F(RouteTest, AVeryDeepPathIsNothing) {
  std::string path;
  for (int i = 0; i < 10000; ++i) path += "/a";
  EXPECT_EQ(Find("GET", path), "nothing");
}

TEST(PathTemplate, TakesTheFormsOfTheOption) {
  const absl::StatusOr<PathTemplate> path = ParsePathTemplate("/v1/{name=households/*/entries/*}:trace");
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(path->segments, (std::vector<std::string>{"v1", "households", "", "entries", ""}));
  EXPECT_EQ(path->verb, "trace");
  ASSERT_EQ(path->bindings.size(), 1u);
  EXPECT_EQ(path->bindings[0].first, 1);
  EXPECT_EQ(path->bindings[0].count, 4);
  const absl::StatusOr<PathTemplate> plain = ParsePathTemplate("/v1/{code}");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->segments, (std::vector<std::string>{"v1", ""}));
}

TEST(PathTemplate, RefusesWhatItDoesNotUnderstand) {
  for (const char* text :
       {"", "v1", "/", "/v1//x", "/v1/{", "/v1/{x", "/v1/{=a}", "/v1/{x=**}", "/v1/{x=a/}", "/v1/x:", "/v1/x:a/b", "/v1/*", "/v1/{x}y"}) {
    EXPECT_FALSE(ParsePathTemplate(text).ok()) << text;
  }
}

TEST(Query, IsDecodedAsFormsAre) {
  const auto pairs = ParseQuery("a=1&b=x+y%2Bz&empty=&flag&a=2");
  ASSERT_TRUE(pairs.has_value());
  EXPECT_EQ(*pairs,
            (std::vector<std::pair<std::string, std::string>>{{"a", "1"}, {"b", "x y+z"}, {"empty", ""}, {"flag", ""}, {"a", "2"}}));
  EXPECT_FALSE(ParseQuery("a=%").has_value());
}

}  // namespace
}  // namespace fenfen::bridge
