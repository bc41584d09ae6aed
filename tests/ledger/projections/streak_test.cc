// Streaks: days in a row, freezes, and that late events may come in any order.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "ledger/core/clock.h"
#include "ledger/projections/streak.h"

namespace fenfen {
namespace {

constexpr int32_t kToday = 20'000;

Streak Marked(const std::vector<int32_t>& days) {
  Streak streak;
  for (const int32_t day : days) streak.Mark(day);
  return streak;
}

TEST(Streak, CountsDaysInARowUpToTodayOrYesterday) {
  EXPECT_EQ(Streak().LengthOn(kToday), 0u);
  const Streak streak = Marked({kToday - 4, kToday - 2, kToday - 1});
  EXPECT_EQ(streak.LengthOn(kToday - 1), 2u);
  EXPECT_EQ(streak.LengthOn(kToday), 2u) << "today is not over";
  EXPECT_EQ(streak.LengthOn(kToday + 1), 0u);
  EXPECT_EQ(streak.Best(), 2u);
  EXPECT_EQ(Marked({kToday, kToday, kToday}).LengthOn(kToday), 1u) << "a day counts once";
}

TEST(Streak, ADayAheadOfTheClockDoesNotHideToday) {
  EXPECT_EQ(Marked({kToday - 1, kToday, kToday + 1}).LengthOn(kToday), 2u);
  EXPECT_EQ(Marked({kToday - 1, kToday + 1}).LengthOn(kToday), 1u);
}

TEST(Streak, ALateEventFillsItsOwnDay) {
  Streak streak = Marked({kToday - 3, kToday - 1, kToday});
  EXPECT_EQ(streak.LengthOn(kToday), 2u);
  streak.Mark(kToday - 2);
  EXPECT_EQ(streak.LengthOn(kToday), 4u);
}

TEST(Streak, AFreezeJoinsAndIsNotCounted) {
  Streak streak = Marked({kToday - 3, kToday - 2, kToday});
  streak.Keep(kToday - 1);
  EXPECT_EQ(streak.LengthOn(kToday), 3u);
  EXPECT_TRUE(streak.IsKept(kToday - 1));
  EXPECT_FALSE(streak.IsMarked(kToday - 1));
  streak.Mark(kToday - 1);
  EXPECT_EQ(streak.LengthOn(kToday), 4u) << "a late drop of a kept day counts";
}

TEST(Streak, RunsLongerThanTheWindow) {
  Streak streak;
  for (int32_t day = 0; day < 400; ++day) streak.Mark(kToday + day);
  EXPECT_EQ(streak.LengthOn(kToday + 400), 400u);
  EXPECT_EQ(streak.Best(), 400u);
  streak.Mark(kToday + 402);
  EXPECT_EQ(streak.LengthOn(kToday + 402), 1u);
  EXPECT_EQ(streak.Best(), 400u);
  streak.Mark(kToday + 401 - Streak::kWindow - 5);  // far too late: nothing changes
  streak.Mark(kToday + 400);
  streak.Mark(kToday + 401);
  EXPECT_EQ(streak.LengthOn(kToday + 402), 403u) << "late ones join it all";
  streak.Mark(kToday + 2000);
  EXPECT_EQ(streak.LengthOn(kToday + 2000), 1u);
  EXPECT_EQ(streak.Best(), 403u);
}

// What it must be: from the set of days alone.
struct Model {
  std::set<int32_t> marked, kept;
  uint32_t LengthOn(int32_t today) const {
    int32_t day = today;
    if (marked.count(day) == 0 && kept.count(day) == 0) --day;
    uint32_t length = 0;
    for (; marked.count(day) != 0 || kept.count(day) != 0; --day) length += static_cast<uint32_t>(marked.count(day));
    return length;
  }
  uint32_t Best() const {
    uint32_t best = 0;
    for (const int32_t day : marked) best = std::max(best, LengthOn(day));
    return best;
  }
};

// Events come up to 30 days late, in any order: the same outcome as the set of their days has.
TEST(Streak, AnyOrderWithinTheLateWindowGivesTheSame) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const int density = 50 + static_cast<int>(random() % 50);
    Streak streak;
    Model model;
    std::vector<std::pair<int32_t, int32_t>> events;  // arrival, day
    for (int32_t day = 0; day < 250; ++day) {
      if (static_cast<int>(random() % 100) < density) events.emplace_back(day + static_cast<int32_t>(random() % 31), kToday + day);
    }
    std::shuffle(events.begin(), events.end(), random);
    std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [arrival, day] : events) {
      if (random() % 20 == 0) {
        streak.Keep(day);
        model.kept.insert(day);
      } else {
        streak.Mark(day);
        model.marked.insert(day);
      }
      streak = Streak::FromStored(streak.stored());
    }
    const int32_t last = *std::max_element(model.marked.begin(), model.marked.end());
    for (const int32_t today : {last, last + 1, last + 2}) EXPECT_EQ(streak.LengthOn(today), model.LengthOn(today)) << "seed " << seed;
    EXPECT_EQ(streak.Best(), model.Best()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace fenfen
