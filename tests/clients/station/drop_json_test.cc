// One drop as a line of JSON.
#include "clients/station/drop_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fenfen::station {
namespace {

using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'767'225'600);

TEST(DropLine, IsReadWhole) {
  const auto parsed =
      ParseDropLine(R"({"device":"d1","household":7,"member":2,"category":"FOOD","grams":850,"time":"2026-01-01T07:30:00+08:00"})", kNow);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->device, "d1");
  EXPECT_EQ(parsed->drop.household(), 7);
  EXPECT_EQ(parsed->drop.member(), 2);
  EXPECT_EQ(parsed->drop.category(), v1::CATEGORY_FOOD);
  EXPECT_EQ(parsed->drop.weight_grams(), 850);
  EXPECT_EQ(parsed->drop.event_time_micros(), 1'767'223'800'000'000);
}

TEST(DropLine, LeavesOutWhatIsNotKnown) {
  const auto parsed = ParseDropLine(R"({"household":7,"category":"厨余"})", kNow);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->device, "");
  EXPECT_EQ(parsed->drop.weight_grams(), 0);
  EXPECT_EQ(parsed->drop.event_time_micros(), absl::ToUnixMicros(kNow));
}

struct Bad {
  const char* line;
  const char* says;
};

class BadDropLine : public testing::TestWithParam<Bad> {};

TEST_P(BadDropLine, IsRefusedByName) {
  const auto parsed = ParseDropLine(GetParam().line, kNow);
  ASSERT_FALSE(parsed.ok()) << GetParam().line;
  EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(Lines, BadDropLine,
                         testing::Values(Bad{"", "JSON"}, Bad{"[1]", "JSON"}, Bad{R"({"household":7)", "JSON"},
                                         Bad{R"({"category":"FOOD"})", "household is missing"},
                                         Bad{R"({"household":7})", "category is missing"},
                                         Bad{R"({"household":0,"category":"FOOD"})", "household is outside"},
                                         Bad{R"({"household":"7","category":"FOOD"})", "household should be"},
                                         Bad{R"({"household":1.5,"category":"FOOD"})", "household should be"},
                                         Bad{R"({"household":9007199254740992,"category":"FOOD"})", "household is outside"},
                                         Bad{R"({"household":7,"category":"GLASS"})", "category is not"},
                                         Bad{R"({"household":7,"category":"FOOD","grams":-1})", "grams is outside"},
                                         Bad{R"({"household":7,"category":"FOOD","grams":1e99})", "grams should be"},
                                         Bad{R"({"household":7,"category":"FOOD","time":"noon"})", "time should be"},
                                         Bad{R"({"household":7,"category":"FOOD","weight":5})", "weight is not"}));

TEST(DropLine, HasALimit) { EXPECT_FALSE(ParseDropLine(std::string(5000, ' '), kNow).ok()); }

}  // namespace
}  // namespace fenfen::station
