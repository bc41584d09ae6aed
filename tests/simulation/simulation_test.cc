// The simulation itself: it goes the same way each time, everything happens in it, and it finds what is planted. scripts/sim runs many
// seeds.
#include "tests/simulation/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fenfen::sim {
namespace {

constexpr uint64_t kOperations = 2000;
constexpr uint64_t kSeeds = 20;
constexpr uint64_t kCanarySeedsMax = 100;
constexpr uint64_t kCanaryOperations = 5000;

TEST(SimulationTest, ASeedGoesTheSameWayEachTime) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    Simulation once({.seed = seed, .operations = kOperations});
    Simulation again({.seed = seed, .operations = kOperations});
    EXPECT_TRUE(once.Run().ok());
    EXPECT_TRUE(again.Run().ok());
    EXPECT_EQ(once.trace_hash(), again.trace_hash());
    EXPECT_EQ(once.step(), again.step());
  }
}

TEST(SimulationTest, AnotherSeedGoesAnotherWay) {
  Simulation one({.seed = 1, .operations = 100});
  Simulation other({.seed = 2, .operations = 100});
  EXPECT_TRUE(one.Run().ok());
  EXPECT_TRUE(other.Run().ok());
  EXPECT_NE(one.trace_hash(), other.trace_hash());
}

TEST(SimulationTest, EverythingHappensAndNothingDiffers) {
  Tally sum;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Simulation simulation({.seed = seed, .operations = kOperations});
    const absl::Status status = simulation.Run();
    EXPECT_TRUE(status.ok()) << "seed " << seed << ": " << status;
    AddTo(sum, simulation.tally());
  }
  for (const TallyField& field : kTallyFields) EXPECT_GT(sum.*field.value, 0u) << field.name;
}

class CanaryTest : public testing::TestWithParam<const char*> {};

TEST_P(CanaryTest, IsFound) {
  for (uint64_t seed = 1; seed <= kCanarySeedsMax; ++seed) {
    Simulation simulation({.seed = seed, .operations = kCanaryOperations, .canary = *CanaryNamed(GetParam())});
    if (!simulation.Run().ok()) return;
  }
  FAIL() << "not within " << kCanarySeedsMax << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Planted, CanaryTest, testing::Values("sync", "keys", "mint", "reply", "room", "tail"),
                         [](const auto& info) { return std::string(info.param); });

TEST(CanaryNameTest, AnUnknownOneIsNone) { EXPECT_FALSE(CanaryNamed("bird")); }

}  // namespace
}  // namespace fenfen::sim
