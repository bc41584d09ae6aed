// Histories: sums of days, weeks, months and seasons, exact in whatever order late events came, and small.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "ledger/core/clock.h"
#include "ledger/projections/history.h"

namespace fenfen {
namespace {

int32_t Day(int year, int month, int day) { return DayNumber(absl::CivilDay(year, month, day)); }
DaySpan Month(int year, int month) { return {Day(year, month, 1), DayNumber(absl::CivilDay(absl::CivilMonth(year, month) + 1)) - 1}; }

History::Event Drop(uint64_t seq, int32_t day, int64_t civic = 100) {
  History::Event event;
  event.seq = seq;
  event.day = day;
  event.at_ms = static_cast<int64_t>(seq) * 1000;
  event.civic = civic;
  event.counted = true;
  event.category = 1;
  return event;
}

TEST(History, CountsAPeriodWithBothEnds) {
  History history;
  const int32_t day = Day(2026, 6, 15);
  history.Add(Drop(1, day - 1));
  history.Add(Drop(2, day));
  history.Add(Drop(3, day));
  history.Add(Drop(4, day + 1));
  const Score score = history.ScoreOf({day, day});
  EXPECT_EQ(score.civic, 200);
  EXPECT_EQ(score.drops, 2u);
  EXPECT_EQ(score.days, 1u);
  EXPECT_EQ(score.civic_ms, 3000);
  EXPECT_EQ(score.drops_ms, 3000);
  EXPECT_EQ(score.days_ms, 2000) << "the second drop of a day brought no day";
  EXPECT_EQ(history.ScoreOf({day - 1, day + 1}).days, 3u);
  EXPECT_EQ(history.ScoreOf({day + 2, day + 9}), Score());
}

TEST(History, KeepsInspectionsAndReversals) {
  History history;
  History::Event wrong;
  wrong.seq = 7;
  wrong.day = Day(2026, 6, 1);
  wrong.at_ms = 7000;
  wrong.inspection = History::Inspection::kWrong;
  history.Add(wrong);
  History::Event correct = Drop(8, Day(2026, 6, 1));
  correct.inspection = History::Inspection::kCorrect;
  history.Add(correct);
  History::Event taken_back;
  taken_back.seq = 9;
  taken_back.day = Day(2026, 6, 2);
  taken_back.at_ms = 9000;
  taken_back.civic = -30;
  history.Add(taken_back);
  const Score score = history.ScoreOf(Month(2026, 6));
  EXPECT_EQ(score.civic, 70);
  EXPECT_EQ(score.drops, 1u);
  EXPECT_EQ(score.inspected, 2u);
  EXPECT_EQ(score.correct, 1u);
  EXPECT_EQ(score.inspected_ms, 8000);
  std::vector<History::Event> events;
  history.Visit([&](const History::Event& event) { events.push_back(event); });
  EXPECT_EQ(events, (std::vector<History::Event>{wrong, correct, taken_back}));
}

TEST(History, IsPackedSmallAndReadBack) {
  History history;
  for (uint64_t n = 1; n <= 100; ++n) history.Add(Drop(n * 3000, Day(2026, 6, 1) + static_cast<int32_t>(n / 3)));
  EXPECT_LE(history.memory(), 1300u);
  std::string stored;
  ByteWriter w(stored);
  history.Save(w);
  ByteReader in(stored);
  const History again = History::Load(in);
  ASSERT_TRUE(in.Finished());
  EXPECT_EQ(again.ScoreOf(Month(2026, 6)), history.ScoreOf(Month(2026, 6)));
  for (size_t cut = 0; cut < stored.size(); cut += 7) {
    ByteReader part(absl::string_view(stored).substr(0, cut));
    (void)History::Load(part);
    EXPECT_FALSE(part.Finished()) << cut;
  }
}

TEST(History, MoreDropsThanItKeepsAreStillInTheMonth) {
  History history;
  for (uint64_t n = 1; n <= 5000; ++n) history.Add(Drop(n, Day(2026, 6, 1) + static_cast<int32_t>(n % 30)));
  EXPECT_LE(history.memory(), History::kBytesMax * 2);
  EXPECT_EQ(history.ScoreOf(Month(2026, 6)).drops, 5000u);
  EXPECT_EQ(history.ScoreOf(Month(2026, 6)).civic, 500'000);
}

// A year of drops, up to 30 days late. At every moment each period that a board may ask for is exact.
TEST(History, EveryOrderOfLateEventsGivesTheSameSums) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::pair<int32_t, History::Event>> events;  // arrival
    const int32_t begin = Day(2025, 11, 1);
    for (int n = 0; n < 300; ++n) {
      const int32_t day = begin + static_cast<int32_t>(random() % 240);
      History::Event event = Drop(0, day, static_cast<int64_t>(random() % 500));
      event.inspection = static_cast<History::Inspection>(random() % 3);
      event.counted = random() % 4 != 0;
      const int32_t late = random() % 3 == 0 ? static_cast<int32_t>(random() % 31) : 0;
      events.emplace_back(day + late, event);
    }
    std::shuffle(events.begin(), events.end(), random);
    std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    History history;
    std::vector<History::Event> seen;
    uint64_t team_since = 0;
    for (auto& [arrival, event] : events) {
      event.seq = seen.size() + 1;
      event.at_ms = int64_t{arrival} * 86'400'000 + static_cast<int64_t>(event.seq);
      history.Add(event);
      seen.push_back(event);
      if (random() % 60 == 0) {
        team_since = event.seq;
        history.BeginTeam(team_since);
      }
      if (seen.size() % 10 != 0) continue;
      const absl::CivilMonth month(CivilDayOf(arrival - 14));
      std::vector<DaySpan> periods = {{arrival - 14, arrival - 14}, {arrival - 20, arrival - 14}, {arrival, arrival}};
      periods.push_back({DayNumber(absl::CivilDay(month)), DayNumber(absl::CivilDay(month + 1)) - 1});
      periods.push_back({DayNumber(absl::CivilDay(month - 2)), DayNumber(absl::CivilDay(month + 1)) - 1});
      for (const DaySpan period : periods) {
        for (const bool in_team : {false, true}) {
          Score expected;
          std::vector<int32_t> days;
          for (const History::Event& one : seen) {
            if (!period.Contains(one.day) || (in_team && one.seq <= team_since)) continue;
            expected.civic += one.civic;
            expected.drops += one.counted ? 1 : 0;
            expected.inspected += one.inspection != History::Inspection::kNone ? 1 : 0;
            expected.correct += one.inspection == History::Inspection::kCorrect ? 1 : 0;
            if (one.civic != 0) expected.civic_ms = std::max(expected.civic_ms, one.at_ms);
            if (one.counted) expected.drops_ms = std::max(expected.drops_ms, one.at_ms);
            if (one.counted && std::find(days.begin(), days.end(), one.day) == days.end()) {
              days.push_back(one.day);
              expected.days_ms = std::max(expected.days_ms, one.at_ms);
            }
            if (one.inspection != History::Inspection::kNone) expected.inspected_ms = std::max(expected.inspected_ms, one.at_ms);
          }
          expected.days = static_cast<uint32_t>(days.size());
          EXPECT_EQ(history.ScoreOf(period, in_team), expected) << "seed " << seed << " event " << event.seq;
        }
      }
    }
  }
}

}  // namespace
}  // namespace fenfen
