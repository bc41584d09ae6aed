// UUIDv7: the format, the time in it, and what is not one.
#include "clients/cpp/request_id.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/time/clock.h"

namespace fenfen::client {
namespace {

TEST(RequestIds, MatchTheRfcsExample) {
  // RFC 9562, appendix A.6.
  EXPECT_EQ(FormatUuid7(absl::FromUnixMillis(0x017F22E279B0), 0xCC3, 0x18C4DC0C0C07398F), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST(RequestIds, CarryTheirTime) {
  const absl::Time time = absl::FromUnixMillis(1'767'225'600'123);
  const RequestIds ids([time] { return time; }, [] { return ~uint64_t{0}; });
  const std::string id = ids.Next();
  EXPECT_EQ(id.substr(14), "7fff-bfff-ffffffffffff");
  EXPECT_EQ(Uuid7Time(id), time);
}

TEST(RequestIds, DifferWithinAMillisecond) {
  const RequestIds ids([] { return absl::UnixEpoch(); }, SystemRandom);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(ids.Next());
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(RequestIds, ADerivedIdDependsOnTimeAndDigestAlone) {
  const absl::Time time = absl::FromUnixSeconds(1'767'225'600);
  EXPECT_EQ(DerivedUuid7(time, "0123456789abcdef"), DerivedUuid7(time, "0123456789abcdef"));
  EXPECT_NE(DerivedUuid7(time, "0123456789abcdef"), DerivedUuid7(time, "0123456789abcdeg"));
  EXPECT_EQ(Uuid7Time(DerivedUuid7(time, "0123456789abcdef")), time);
}

TEST(RequestIds, OtherTextIsNotAUuid7) {
  for (const char* text :
       {"", "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "017f22e2-79b0-7cc3-c8c4-dc0c0c07398f",
        "017f22e2x79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f "}) {
    EXPECT_FALSE(Uuid7Time(text).has_value()) << text;
  }
}

TEST(RequestIds, ClampTimesOutsideTheFormat) {
  EXPECT_EQ(FormatUuid7(absl::InfinitePast(), 0, 0).substr(0, 13), "00000000-0000");
  EXPECT_EQ(FormatUuid7(absl::InfiniteFuture(), 0, 0).substr(0, 13), "ffffffff-ffff");
}

}  // namespace
}  // namespace fenfen::client
