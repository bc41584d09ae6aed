// Points: checked arithmetic, rounding, and how people see an amount.
#include "ledger/core/points.h"

#include <gtest/gtest.h>

namespace fenfen {
namespace {

TEST(PointsTest, SumsBeyondTheRangeAreNeverMade) {
  EXPECT_EQ(Points::kMax, 9'007'199'254'740'991);
  EXPECT_EQ(Add(Points(150), Points(-50)), Points(100));
  EXPECT_EQ(Add(Points(Points::kMax), Points(0)), Points(Points::kMax));
  EXPECT_EQ(Add(Points(Points::kMax), Points(1)), std::nullopt);
  EXPECT_EQ(Add(Points(-Points::kMax), Points(-1)), std::nullopt);
  EXPECT_EQ(Points::Make(Points::kMax + 1), std::nullopt);
  EXPECT_EQ(Points::Make(-Points::kMax - 1), std::nullopt);
  EXPECT_EQ(Points::Make(INT64_MIN), std::nullopt);
}

TEST(PointsTest, ProductsRoundTowardsZero) {
  EXPECT_EQ(MultiplyDown(Points(100), 1999, 1000), Points(199));
  EXPECT_EQ(MultiplyDown(Points(100), -1999, 1000), Points(-199));
  EXPECT_EQ(MultiplyDown(Points(100), 0, 1000), Points(0));
  EXPECT_EQ(MultiplyDown(Points(Points::kMax), 1000, 1000), Points(Points::kMax));
  EXPECT_EQ(MultiplyDown(Points(Points::kMax), INT64_MAX, 1), std::nullopt);
  EXPECT_EQ(MultiplyDown(Points(-Points::kMax), 1001, 1000), std::nullopt);
}

TEST(PointsTest, ForPeople) {
  EXPECT_EQ(FormatPoints(Points(0)), "0");
  EXPECT_EQ(FormatPoints(Points(300)), "3");
  EXPECT_EQ(FormatPoints(Points(150)), "1.5");
  EXPECT_EQ(FormatPoints(Points(-5)), "-0.05");
  EXPECT_EQ(FormatPoints(Points(-100)), "-1");
  EXPECT_EQ(FormatPoints(Points(Points::kMax)), "90071992547409.91");
}

}  // namespace
}  // namespace fenfen
