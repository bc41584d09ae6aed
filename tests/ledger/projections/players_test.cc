// Players: rankings, ties, choices and teams; the same in whatever order partitions come, and after a restart from the journal or a
// snapshot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/projections/players.h"

namespace fenfen {
namespace {

constexpr CatalogueId kNorth(11), kSouth(12);

// A household's record in these tests: its region; any form will do, Players does not know it.
std::string Record(CatalogueId region) {
  std::string bytes;
  ByteWriter(bytes).U64(region.value());
  return bytes;
}
std::optional<CatalogueId> RegionIn(absl::string_view record) { return CatalogueId(ByteReader(record).U64()); }
// A drop's why: its category, and its weight in hundreds of grams where it has one.
std::optional<std::pair<uint8_t, int64_t>> CountedIn(TransactionKind kind, absl::string_view why) {
  if (kind == TransactionKind::kRelease) return std::make_pair(uint8_t{0}, int64_t{0});
  if (why.empty()) return std::nullopt;
  return std::make_pair(static_cast<uint8_t>(why[0]), why.size() < 2 ? int64_t{0} : int64_t{why[1]} * 100);
}
// Of a release or rejection: r for rightly sorted, w for wrongly.
std::optional<bool> SortedIn(TransactionKind kind, absl::string_view why) {
  if ((kind != TransactionKind::kRelease && kind != TransactionKind::kRejection) || why.empty()) return std::nullopt;
  return why == "r";
}
// A reversal's: something where it is of a drop.
bool ReversesIn(absl::string_view why) { return !why.empty(); }

// As a start from a snapshot does.
absl::Status OnThreads(size_t count, absl::FunctionRef<absl::Status(size_t item)> work) {
  std::atomic<size_t> next{0};
  std::array<absl::Status, 4> results;
  std::vector<std::thread> threads;
  for (absl::Status& result : results) {
    threads.emplace_back([&] {
      for (size_t item = next++; item < count && result.ok(); item = next++) result = work(item);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& result : results) {
    if (!result.ok()) return result;
  }
  return absl::OkStatus();
}

// Writes a journal, and shows it to as many Players as the test likes.
class PlayersTest : public testing::Test {
 protected:
  PlayersTest() {
    EXPECT_TRUE(absl::LoadTimeZone("Asia/Shanghai", &zone));
    now = At(2026, 6, 15, 8);
  }
  absl::Time At(int year, int month, int day, int hour, int minute = 0) const {
    return absl::FromCivil(absl::CivilSecond(year, month, day, hour, minute, 0), zone);
  }
  static int32_t Day(int year, int month, int day) { return DayNumber(absl::CivilDay(year, month, day)); }

  CommittedTransaction& Commit(TransactionKind kind, uint64_t household) {
    CommittedTransaction& committed = journal.emplace_back();
    committed.partition = PartitionOf(HouseholdId(household));
    committed.seq = PartitionSeq(++sequences[committed.partition]);
    committed.record_time = now;
    committed.transaction.kind = kind;
    committed.transaction.event_time = now;
    return committed;
  }
  void Household(CommittedTransaction& committed, uint64_t household, CatalogueId region) {
    committed.transaction.changes.push_back({{RecordKind::kHousehold, household}, PartitionSeq(0), Record(region)});
  }
  void Drop(uint64_t household, int64_t civic, absl::Time event_time, CatalogueId region = kNorth) {
    CommittedTransaction& committed = Commit(TransactionKind::kDrop, household);
    committed.transaction.event_time = event_time;
    Household(committed, household, region);
    if (civic == 0) return;
    committed.transaction.why = std::string(1, '\1');
    committed.transaction.postings = {{{AccountKind::kProgramme, Asset::kCivic, 1}, Points(-civic)},
                                      {{AccountKind::kHousehold, Asset::kCivic, household}, Points(civic)}};
  }
  void Drop(uint64_t household, int64_t civic) { Drop(household, civic, now); }
  void Choose(uint64_t household, const ledger::v1::GameRecord& record, TransactionKind kind = TransactionKind::kPreference) {
    Commit(kind, household).transaction.changes = {{{RecordKind::kGame, household}, PartitionSeq(0), record.SerializeAsString()}};
  }
  void Hide(uint64_t household, bool hidden) {
    ledger::v1::GameRecord record;
    record.set_hidden(hidden);
    Choose(household, record);
  }
  void Join(uint64_t household, uint64_t team) {
    ledger::v1::GameRecord record;
    record.set_team(team);
    Choose(household, record, TransactionKind::kTeam);
  }
  void Found(uint64_t founder, uint64_t team) {
    ledger::v1::TeamRecord record;
    record.set_founder(founder);
    record.set_region(kNorth.value());
    Commit(TransactionKind::kTeam, founder).transaction.changes = {
        {{RecordKind::kTeam, team}, PartitionSeq(0), record.SerializeAsString()}};
    Join(founder, team);
  }

  std::unique_ptr<Players> New() const {
    return std::make_unique<Players>(zone, Players::Reading{&RegionIn, &CountedIn, &SortedIn, &ReversesIn});
  }
  std::unique_ptr<Players> FromJournal() const {
    std::unique_ptr<Players> players = New();
    for (const CommittedTransaction& committed : journal) players->Apply(committed);
    return players;
  }
  // Partitions in another order, each one's transactions in theirs.
  std::vector<CommittedTransaction> Shuffled(uint32_t seed) const {
    std::map<PartitionId, std::vector<const CommittedTransaction*>> queues;
    for (const CommittedTransaction& committed : journal) queues[committed.partition].push_back(&committed);
    std::vector<PartitionId> turns;
    for (const auto& [partition, queue] : queues) turns.insert(turns.end(), queue.size(), partition);
    std::mt19937 random(seed);
    std::shuffle(turns.begin(), turns.end(), random);
    std::map<PartitionId, size_t> next;
    std::vector<CommittedTransaction> shuffled;
    for (const PartitionId partition : turns) shuffled.push_back(*queues[partition][next[partition]++]);
    return shuffled;
  }

  Players::Ranking June(v1::Board::Measure measure = v1::Board::MEASURE_CIVIC) const {
    Players::Ranking ranking;
    ranking.period = {Day(2026, 6, 1), Day(2026, 6, 30)};
    ranking.measure = measure;
    ranking.regions = {kNorth, kSouth};
    return ranking;
  }
  static std::vector<uint64_t> Entrants(const std::vector<Standing>& standings) {
    std::vector<uint64_t> entrants;
    for (const Standing& standing : standings) entrants.push_back(standing.entrant);
    return entrants;
  }

  absl::TimeZone zone;
  absl::Time now;
  std::map<PartitionId, uint64_t> sequences;
  std::vector<CommittedTransaction> journal;
};

TEST_F(PlayersTest, OfEqualScoresWhoGotThereFirstThenTheLowerNumber) {
  Drop(1, 100);
  Drop(2, 100);
  now += absl::Milliseconds(1);
  Drop(3, 200);
  Drop(4, 100);
  now += absl::Milliseconds(1);
  Drop(2, 100);
  Drop(1, 0);  // cut: it earns nothing, so it does not change when 1 got where it is
  const std::unique_ptr<Players> players = FromJournal();
  EXPECT_THAT(Entrants(players->Rank(June())), testing::ElementsAre(3, 2, 1, 4)) << "3 had its two points before 2";
  EXPECT_THAT(Entrants(players->Rank(June(v1::Board::MEASURE_DROPS))), testing::ElementsAre(2, 1, 3, 4));
  EXPECT_EQ(players->StandingOf(June(), 3), (Standing{3, 200, 0, absl::ToUnixMillis(At(2026, 6, 15, 8)) + 1}));
  EXPECT_EQ(players->StandingOf(June(), 99).score, 0);
}

TEST_F(PlayersTest, DaysMonthsAndYearsEndAtMidnightInShanghai) {
  Drop(1, 1, At(2026, 5, 31, 23, 59));
  Drop(1, 10, At(2026, 6, 1, 0, 0));
  Drop(1, 100, At(2026, 6, 30, 23, 59));
  Drop(1, 1000, At(2026, 7, 1, 0, 0));
  Drop(2, 7, At(2026, 12, 31, 23, 59));
  Drop(2, 70, At(2027, 1, 1, 0, 0));
  const std::unique_ptr<Players> players = FromJournal();
  EXPECT_EQ(players->ScoreOf(HouseholdId(1), June().period).civic, 110);
  EXPECT_EQ(players->ScoreOf(HouseholdId(2), {Day(2026, 12, 1), Day(2026, 12, 31)}).civic, 7);
  EXPECT_EQ(players->ScoreOf(HouseholdId(2), {Day(2027, 1, 1), Day(2027, 1, 31)}).civic, 70);
  EXPECT_EQ(players->Find(HouseholdId(2))->streak.LengthOn(Day(2027, 1, 1)), 2u);
  EXPECT_EQ(players->Find(HouseholdId(3)), std::nullopt);
}

TEST_F(PlayersTest, DeedsOfAHouseholdAndOfATeamsMember) {
  const auto drop = [this](uint64_t household, char hundreds_of_grams) {
    Drop(household, 100);
    journal.back().transaction.why = std::string{'\1', hundreds_of_grams};
  };
  drop(1, 8);
  Found(2, 77);
  Join(1, 77);
  drop(1, 5);
  std::unique_ptr<Players> players = FromJournal();
  EXPECT_EQ(players->DeedsOf(HouseholdId(1)).events.size(), 2u);
  EXPECT_EQ(players->DeedsOf(HouseholdId(1)).events[0].grams, 800);
  EXPECT_EQ(players->DeedsOf(HouseholdId(1), true).events.size(), 1u) << "since it joined";
  EXPECT_EQ(players->DeedsOf(HouseholdId(1)).streak.Best(), 1u);
  EXPECT_TRUE(players->DeedsOf(HouseholdId(9)).events.empty());
  // What there ever was is in the memo, too.
  const std::unique_ptr<Players> second = New();
  ASSERT_TRUE(second->LoadMemo(players->SaveMemo(), InTurn).ok());
  for (const Players* one : {players.get(), second.get()}) {
    EXPECT_EQ(one->DeedsOf(HouseholdId(1)).ever.drops, 2u);
    EXPECT_EQ(one->DeedsOf(HouseholdId(1)).ever.grams, 1300u);
    EXPECT_EQ(one->DeedsOf(HouseholdId(1), true).events.size(), 1u);
  }
}

TEST_F(PlayersTest, WhoWasTouchedSince) {
  Drop(1, 100);
  Drop(2, 100);
  now += absl::Hours(1);
  Hide(2, true);
  const std::unique_ptr<Players> players = FromJournal();
  const auto touched = [&](const Players& asked, uint64_t household, absl::Time since) {
    const std::vector<HouseholdId> found = asked.TouchedSince(PartitionOf(HouseholdId(household)), absl::ToUnixMillis(since));
    return std::find(found.begin(), found.end(), HouseholdId(household)) != found.end();
  };
  EXPECT_FALSE(touched(*players, 1, now));
  EXPECT_TRUE(touched(*players, 1, now - absl::Hours(1)));
  EXPECT_TRUE(touched(*players, 2, now)) << "a choice counts";
  const std::unique_ptr<Players> second = New();
  ASSERT_TRUE(second->LoadMemo(players->SaveMemo(), InTurn).ok());
  EXPECT_FALSE(touched(*second, 1, now - absl::Hours(1))) << "no longer known";
  EXPECT_TRUE(touched(*second, 1, absl::UnixEpoch())) << "but all are there";
}

TEST_F(PlayersTest, WhatIsTakenBackOfAnythingButADropWasNeverCounted) {
  Drop(1, 500);
  const auto reversal = [this](const char* why) {
    CommittedTransaction& committed = Commit(TransactionKind::kReversal, 1);
    Household(committed, 1, kNorth);
    committed.transaction.why = why;
    committed.transaction.postings = {{{AccountKind::kHousehold, Asset::kCivic, 1}, Points(-100)},
                                      {{AccountKind::kProgramme, Asset::kCivic, 1}, Points(100)}};
  };
  reversal("");
  EXPECT_EQ(FromJournal()->ScoreOf(HouseholdId(1), June().period).civic, 500);
  reversal("of a drop");
  EXPECT_EQ(FromJournal()->ScoreOf(HouseholdId(1), June().period).civic, 400);
}

TEST_F(PlayersTest, InspectedAccuracy) {
  const auto inspect = [this](uint64_t household, TransactionKind kind, const char* found) {
    CommittedTransaction& committed = Commit(kind, household);
    committed.transaction.why = found;
    Household(committed, household, kNorth);
    if (kind == TransactionKind::kRelease) {
      committed.transaction.postings = {{{AccountKind::kHousehold, Asset::kReward, household}, Points(5)}};
    }
  };
  for (int n = 0; n < 4; ++n) inspect(1, TransactionKind::kRelease, "r");
  inspect(2, TransactionKind::kRelease, "r");
  inspect(2, TransactionKind::kRejection, "");  // nobody looked, or it was recorded twice
  inspect(3, TransactionKind::kRejection, "w");
  inspect(3, TransactionKind::kRelease, "r");
  inspect(4, TransactionKind::kRelease, "");  // by the clock: nobody looked
  const std::unique_ptr<Players> players = FromJournal();
  const std::vector<Standing> standings = players->Rank(June(v1::Board::MEASURE_ACCURACY));
  EXPECT_THAT(Entrants(standings), testing::ElementsAre(1, 2, 3)) << "of two that are always right the one looked at more often";
  EXPECT_EQ(standings[2].score, 500'000);
  Players::Ranking strict = June(v1::Board::MEASURE_ACCURACY);
  strict.inspected_min = 3;
  EXPECT_THAT(Entrants(players->Rank(strict)), testing::ElementsAre(1));
}

TEST_F(PlayersTest, WhoIsHiddenIsOnNoBoardAtOnce) {
  Drop(1, 100);
  Drop(2, 300);
  const std::unique_ptr<Players> players = FromJournal();
  const uint64_t before = players->hidings();
  Hide(2, true);
  players->Apply(journal.back());
  EXPECT_THAT(Entrants(players->Rank(June())), testing::ElementsAre(1));
  EXPECT_EQ(players->StandingOf(June(), 2).score, 300) << "it may still see its own";
  EXPECT_THAT(*players->HiddenSince(before), testing::ElementsAre(HouseholdId(2)));
  Hide(2, false);
  players->Apply(journal.back());
  EXPECT_THAT(Entrants(players->Rank(June())), testing::ElementsAre(2, 1));
}

TEST_F(PlayersTest, AHouseholdIsRankedWhereItLives) {
  Drop(1, 100);
  Players::Ranking south = June();
  south.regions = {kSouth};
  EXPECT_TRUE(FromJournal()->Rank(south).empty());
  Household(Commit(TransactionKind::kMove, 1), 1, kSouth);
  const std::unique_ptr<Players> players = FromJournal();
  EXPECT_THAT(Entrants(players->Rank(south)), testing::ElementsAre(1)) << "with all that it did";
  EXPECT_THAT(players->Regions(), testing::ElementsAre(kSouth));
}

TEST_F(PlayersTest, ATeamHasWhatItsMembersDidSinceTheyJoined) {
  Drop(1, 100);
  Found(1, 500);
  Drop(1, 10);
  Drop(2, 1000);
  Join(2, 500);
  now += absl::Minutes(1);
  Drop(2, 5);
  Players::Ranking teams = June();
  teams.entrants = v1::Board::ENTRANTS_TEAMS;
  std::unique_ptr<Players> players = FromJournal();
  EXPECT_THAT(players->Rank(teams), testing::ElementsAre(Standing{500, 15, 0, absl::ToUnixMillis(now)}));
  EXPECT_THAT(players->FindTeam(500)->members, testing::ElementsAre(HouseholdId(1), HouseholdId(2)));
  Join(2, 0);
  players = FromJournal();
  EXPECT_THAT(players->Rank(teams), testing::ElementsAre(testing::Field(&Standing::score, 10)));
  EXPECT_EQ(players->FindTeam(501), std::nullopt);
}

TEST_F(PlayersTest, AFreezeKeepsADay) {
  Drop(1, 100, At(2026, 6, 13, 9));
  Drop(1, 100, At(2026, 6, 15, 9));
  ledger::v1::GameRecord record;
  record.add_frozen_days(Day(2026, 6, 14));
  Choose(1, record, TransactionKind::kFreeze);
  EXPECT_EQ(FromJournal()->Find(HouseholdId(1))->streak.LengthOn(Day(2026, 6, 15)), 2u);
}

// Everything that can be asked, as text.
std::string Told(const Players& players, std::vector<Players::Ranking> rankings) {
  std::string told;
  for (Players::Ranking& ranking : rankings) {
    for (const auto entrants : {v1::Board::ENTRANTS_HOUSEHOLDS, v1::Board::ENTRANTS_TEAMS}) {
      ranking.entrants = entrants;
      for (const Standing& s : players.Rank(ranking)) {
        absl::StrAppend(&told, s.entrant, ":", s.score, ",", s.second, ",", s.reached_ms, " ");
      }
      told += "\n";
    }
  }
  for (uint64_t household = 1; household <= 40; ++household) {
    const auto player = players.Find(HouseholdId(household));
    if (!player) continue;
    absl::StrAppend(&told, household, "=", player->region.value(), player->hidden, player->team, " ", player->streak.Best(), " ",
                    player->streak.LengthOn(DayNumber(absl::CivilDay(2026, 7, 10))), "\n");
  }
  return told;
}

// Two months of forty households, at random: drops on time and late, choices, moves, teams.
TEST_F(PlayersTest, EveryOrderOfPartitionsAndEveryRestartGivesTheSame) {
  std::mt19937 random(5);
  for (const uint64_t team : {500, 501}) Found(team - 499, team);
  for (int n = 0; n < 2500; ++n) {
    now += absl::Minutes(static_cast<int64_t>(random() % 60));
    const uint64_t household = 1 + random() % 40;
    const uint32_t what = random() % 40;
    if (what == 0) {
      Hide(household, random() % 2 == 0);
    } else if (what == 1) {
      Join(household, random() % 3 == 0 ? 0 : 500 + random() % 2);
    } else if (what == 2) {
      Household(Commit(TransactionKind::kMove, household), household, random() % 2 == 0 ? kNorth : kSouth);
    } else {
      const absl::Time event = now - absl::Hours(random() % 4 == 0 ? random() % 160 : 0);
      Drop(household, static_cast<int64_t>(random() % 4) * 50, event, household % 2 == 0 ? kNorth : kSouth);
    }
  }
  std::vector<Players::Ranking> rankings;
  for (const auto measure : {v1::Board::MEASURE_CIVIC, v1::Board::MEASURE_DROPS, v1::Board::MEASURE_DAYS}) {
    for (const DaySpan period : {DaySpan{Day(2026, 7, 6), Day(2026, 7, 12)}, June().period, DaySpan{Day(2026, 6, 1), Day(2026, 8, 31)}}) {
      rankings.push_back(June(measure));
      rankings.back().period = period;
    }
  }
  const std::string expected = Told(*FromJournal(), rankings);
  for (uint32_t seed = 0; seed < 5; ++seed) {
    const std::vector<CommittedTransaction> shuffled = Shuffled(seed);
    // A server that restarted half-way: its memo is ahead of the snapshot's partitions, which come again.
    const size_t half = shuffled.size() / 2;
    std::unique_ptr<Players> first = New();
    for (size_t i = 0; i < half; ++i) first->Apply(shuffled[i]);
    std::unique_ptr<Players> second = New();
    ASSERT_TRUE(second->LoadMemo(first->SaveMemo(), OnThreads).ok());
    PartitionContents contents;
    contents.partition = PartitionId(7);
    second->Restore(contents);
    for (size_t i = half > 300 ? half - 300 : 0; i < shuffled.size(); ++i) second->Apply(shuffled[i]);
    EXPECT_EQ(Told(*second, rankings), expected) << "seed " << seed;
  }
}

TEST_F(PlayersTest, ASnapshotWithoutAMemoGivesTheChoices) {
  ledger::v1::GameRecord game;
  game.set_hidden(true);
  game.set_team(9);
  const std::string bytes = game.SerializeAsString();
  PartitionContents contents;
  contents.partition = PartitionOf(HouseholdId(1));
  contents.last = PartitionSeq(5);
  contents.records = {{{RecordKind::kGame, 1}, PartitionSeq(4), bytes}};
  const std::unique_ptr<Players> players = New();
  ASSERT_TRUE(players->LoadMemo("", InTurn).ok());
  players->Restore(contents);
  EXPECT_TRUE(players->Find(HouseholdId(1))->hidden);
  EXPECT_EQ(players->Find(HouseholdId(1))->team, 9u);
}

TEST_F(PlayersTest, AMemoThatIsNotOneIsRefused) {
  Drop(1, 100);
  Found(2, 500);
  const std::string memo = FromJournal()->SaveMemo();
  EXPECT_TRUE(New()->LoadMemo(memo, InTurn).ok());
  EXPECT_TRUE(absl::IsDataLoss(New()->LoadMemo(memo + "x", InTurn)));
  EXPECT_TRUE(absl::IsDataLoss(New()->LoadMemo(memo.substr(0, memo.size() - 1), OnThreads)));
  for (size_t cut = 1; cut < memo.size(); ++cut)
    EXPECT_TRUE(absl::IsDataLoss(New()->LoadMemo(absl::string_view(memo).substr(0, cut), InTurn)));
}

}  // namespace
}  // namespace fenfen
