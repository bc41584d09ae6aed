// What transactions add to the counters in Redis.
#include "server/jobs/counting.h"

#include <gtest/gtest.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen::server {
namespace {

// All counters of a history: "board:2026-06:regions/t/10" → 100.
std::map<std::string, int64_t> CountersOfAll(const PointsFixture& ledger) {
  std::map<std::string, int64_t> all;
  for (const CommittedTransaction& committed : ledger.history) {
    for (const CounterChange& change : CountersOf(committed, *ledger.catalogue(), ledger.zone)) {
      const bool board = change.kind == CounterChange::Kind::kBoard;
      all[absl::StrCat(board ? "board:" : "rollup:", change.name, " ", change.member)] += change.delta;
      EXPECT_GT(change.expires, committed.transaction.event_time);
    }
  }
  return all;
}

TEST(CountingTest, ADropCountsInItsDaysAndTownsRollUpAndBoards) {
  PointsFixture ledger;
  ASSERT_TRUE(ledger.Enrol(10).ok());
  ASSERT_TRUE(ledger.Drop(10, v1::CATEGORY_FOOD, 800).ok());
  const std::map<std::string, int64_t> expected = {
      {"rollup:2026-06-15 drops/FOOD", 1},      {"rollup:2026-06-15:regions/t drops/FOOD", 1},
      {"rollup:2026-06-15 grams/FOOD", 800},    {"rollup:2026-06-15:regions/t grams/FOOD", 800},
      {"rollup:2026-06-15 reward_issued", 160}, {"rollup:2026-06-15:regions/t reward_issued", 160},
      {"rollup:2026-06-15 civic_issued", 100},  {"rollup:2026-06-15:regions/t civic_issued", 100},
      {"board:2026-06-15:regions/t 10", 100},   {"board:2026-W25:regions/t 10", 100},
      {"board:2026-06:regions/t 10", 100},
  };
  EXPECT_EQ(CountersOfAll(ledger), expected);
}

TEST(CountingTest, ALateDropCountsForItsOwnDay) {
  PointsFixture ledger;
  ASSERT_TRUE(ledger.Enrol(10).ok());
  DropFacts facts;
  facts.household = HouseholdId(10);
  facts.category = v1::CATEGORY_FOOD;
  facts.station = CatalogueIdOf("stations/s1");
  facts.event_time = ledger.clock.Now() - absl::Hours(9);  // 23:00 of the day before, a Sunday
  ASSERT_TRUE(ledger.Drop(facts).ok());
  const std::map<std::string, int64_t> all = CountersOfAll(ledger);
  EXPECT_EQ(all.at("rollup:2026-06-14 drops/FOOD"), 1);
  EXPECT_EQ(all.at("board:2026-W24:regions/t 10"), 100);
  EXPECT_EQ(all.count("rollup:2026-06-15 drops/FOOD"), 0u);
}

TEST(CountingTest, ACaptureCountsForTheDistrict) {
  PointsFixture ledger;
  ASSERT_TRUE(ledger.Enrol(10).ok());
  ASSERT_TRUE(ledger.Drop(10, v1::CATEGORY_FOOD, 1000).ok());
  const auto voucher = ledger.Reserve(10);
  ASSERT_TRUE(voucher.ok());
  ASSERT_TRUE(ledger.Capture(10, *voucher).ok());
  EXPECT_EQ(CountersOfAll(ledger).at("rollup:2026-06-15 captured"), 150);
}

TEST(CountingTest, WeeksAreThoseOfIso8601) {
  PointsFixture ledger;
  ASSERT_TRUE(ledger.Enrol(10).ok());
  const std::pair<absl::CivilDay, const char*> days[] = {
      {absl::CivilDay(2026, 12, 31), "2026-W53"}, {absl::CivilDay(2027, 1, 3), "2026-W53"}, {absl::CivilDay(2027, 1, 4), "2027-W01"}};
  for (const auto& [day, week] : days) {
    ledger.clock.Set(absl::FromCivil(absl::CivilSecond(day) + 3600 * 9, ledger.zone));
    ASSERT_TRUE(ledger.Drop(10, v1::CATEGORY_FOOD, 100).ok());
    bool found = false;
    for (const CounterChange& change : CountersOf(ledger.history.back(), *ledger.catalogue(), ledger.zone)) {
      found |= change.name == absl::StrCat(week, ":regions/t");
    }
    EXPECT_TRUE(found) << week;
  }
}

}  // namespace
}  // namespace fenfen::server
