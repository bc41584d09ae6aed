// The game's decisions: rules as data, levels, periods, choices, freezes, teams, boards' closing, and their sentences.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fenfen/v1/verification.pb.h"
#include "ledger/points/game/board_close.h"
#include "ledger/points/game/choices.h"
#include "ledger/points/game/game_rules.h"
#include "ledger/points/game/periods.h"
#include "ledger/points/game/reading.h"
#include "ledger/points/game/rules_store.h"
#include "ledger/points/game/team.h"
#include "ledger/points/stored_message.h"
#include "tests/ledger/points/game/game_rules_faults.h"
#include "tests/ledger/points/points_fixture.h"

namespace fenfen {
namespace {

v1::GameRules SmallRules() {
  v1::GameRules rules;
  const auto level = [&rules](int64_t civic, const char* zh, const char* en) {
    v1::Level& out = *rules.add_levels();
    out.set_civic(civic);
    out.set_title_zh(zh);
    out.set_title_en(en);
  };
  level(0, "新手", "Beginner");
  level(10'000, "能手", "Adept");
  rules.set_freezes_per_month(1);
  rules.set_freeze_days_back(7);
  v1::Season& summer = *rules.add_seasons();
  summer.set_id("2026-summer");
  summer.set_title_zh("夏季赛");
  summer.set_title_en("Summer");
  summer.set_first_month("2026-06");
  summer.set_last_month("2026-08");
  v1::Board& board = *rules.add_boards();
  board.set_name("boards/week");
  board.set_title_zh("小区周榜");
  board.set_title_en("The estate's week");
  board.set_level("estate");
  board.set_period(v1::Board::PERIOD_WEEK);
  board.set_measure(v1::Board::MEASURE_CIVIC);
  board.set_entrants(v1::Board::ENTRANTS_HOUSEHOLDS);
  board.set_places(10);
  return rules;
}

TEST(GameRules, GoodOnesAreTakenAndFaultsNamed) {
  EXPECT_THAT(FaultsOf(SmallRules()), testing::IsEmpty());
  EXPECT_THAT(FaultsOf(v1::GameRules()), testing::ElementsAre("game_rules.levels/0", "game_rules.freeze_days_back/0"));
  v1::GameRules rules = SmallRules();
  rules.mutable_levels(1)->set_civic(0);
  *rules.add_seasons() = rules.seasons(0);
  rules.mutable_seasons(1)->set_last_month("2026-09");
  *rules.add_boards() = rules.boards(0);
  rules.mutable_boards(1)->set_level("street");
  rules.mutable_boards(1)->set_measure(v1::Board::MEASURE_ACCURACY);
  rules.mutable_boards(1)->set_places(101);
  rules.mutable_seasons(0)->set_id("2026-06");
  EXPECT_THAT(FaultsOf(rules),
              testing::ElementsAre("game_rules.levels.civic/2", "game_rules.seasons.id/1", "game_rules.seasons.last_month/2",
                                   "game_rules.boards.name/2", "game_rules.boards.level/2", "game_rules.boards.places/2",
                                   "game_rules.boards.inspected_min/2"));
}

TEST(GameRules, LevelsGoByCivicPointsEverEarned) {
  const v1::GameRules rules = SmallRules();
  EXPECT_EQ(LevelOf(rules, Points(0)).number, 1);
  EXPECT_EQ(LevelOf(rules, Points(9'999)).number, 1);
  EXPECT_EQ(LevelOf(rules, Points(9'999)).missing, Points(1));
  EXPECT_EQ(LevelOf(rules, Points(10'000)).number, 2);
  EXPECT_EQ(LevelOf(rules, Points(10'000)).missing, Points(0));
  EXPECT_EQ(LevelOf(v1::GameRules(), Points(5)).number, 0);
}

int32_t Day(int year, int month, int day) { return DayNumber(absl::CivilDay(year, month, day)); }

TEST(Periods, AreNamedAndFoundByTheirNames) {
  const v1::GameRules rules = SmallRules();
  EXPECT_EQ(*PeriodOf(v1::Board::PERIOD_DAY, Day(2026, 12, 31), rules), (Period{"2026-12-31", Day(2026, 12, 31), Day(2026, 12, 31)}));
  EXPECT_EQ(*PeriodOf(v1::Board::PERIOD_WEEK, Day(2026, 12, 31), rules), (Period{"2026-W53", Day(2026, 12, 28), Day(2027, 1, 3)}))
      << "a week belongs to the year of its Thursday";
  EXPECT_EQ(PeriodOf(v1::Board::PERIOD_WEEK, Day(2027, 1, 4), rules)->name, "2027-W01");
  EXPECT_EQ(PeriodOf(v1::Board::PERIOD_WEEK, Day(2025, 12, 29), rules)->name, "2026-W01");
  EXPECT_EQ(*PeriodOf(v1::Board::PERIOD_MONTH, Day(2028, 2, 29), rules), (Period{"2028-02", Day(2028, 2, 1), Day(2028, 2, 29)}));
  EXPECT_EQ(*PeriodOf(v1::Board::PERIOD_SEASON, Day(2026, 8, 31), rules), (Period{"2026-summer", Day(2026, 6, 1), Day(2026, 8, 31)}));
  EXPECT_EQ(PeriodOf(v1::Board::PERIOD_SEASON, Day(2026, 9, 1), rules), std::nullopt);
  for (const auto kind : {v1::Board::PERIOD_DAY, v1::Board::PERIOD_WEEK, v1::Board::PERIOD_MONTH, v1::Board::PERIOD_SEASON}) {
    for (int32_t day = Day(2026, 6, 1); day <= Day(2026, 8, 31); ++day) {
      const std::optional<Period> period = PeriodOf(kind, day, rules);
      EXPECT_EQ(ParsePeriod(kind, period->name, rules), period);
    }
    for (const char* name : {"", "2026", "2026-6-1", "2026-W54", "2026-W00", "2026-13", "2026-w25", "2026-06-31", "x"}) {
      EXPECT_EQ(ParsePeriod(kind, name, rules), std::nullopt) << name;
    }
  }
}

class GameTest : public testing::Test, public PointsFixture {
 protected:
  using PointsFixture::Run;
  GameTest() { EXPECT_OK(Enrol(1)); }
  absl::Status Keep(uint64_t household, int32_t day) {
    const DecisionContext context = NextContext();
    return Run(PartitionOf(HouseholdId(household)), GameReads(HouseholdId(household)), context,
               [&](const View& view) { return DecideFreeze(view, HouseholdId(household), day, SmallRules(), context); });
  }
  ledger::v1::GameRecord Choices(uint64_t household) const {
    ledger::v1::GameRecord record;
    EXPECT_TRUE(state
                    .Read(PartitionOf(HouseholdId(household)),
                          [&](const View& view, PartitionSeq) {
                            record = ReadMessage<ledger::v1::GameRecord>(view, GameKey(HouseholdId(household)))->message;
                          })
                    .ok());
    return record;
  }
  int32_t Today() const { return DayNumberOf(clock.Now(), zone); }
};

TEST_F(GameTest, PreferencesAreEntriesOfTheStatement) {
  const DecisionContext context = NextContext();
  EXPECT_OK(Run(PartitionOf(HouseholdId(1)), GameReads(HouseholdId(1)), context, [&](const View& view) {
    return DecidePreferences(view, HouseholdId(1), {true, false}, context);
  }));
  EXPECT_TRUE(Choices(1).hidden());
  EXPECT_EQ(LastEntry().kind(), v1::ENTRY_KIND_PREFERENCE);
  EXPECT_EQ(LastSentence(), "已退出排行榜，别人看不到您家，可随时改回；接收提醒");
  EXPECT_NE(PreviousEntryOf(history.back().transaction, HouseholdId(1)), PartitionSeq(0));
}

TEST_F(GameTest, FreezesKeepAFewMissedDaysOfEachMonth) {
  clock.Set(absl::FromCivil(absl::CivilSecond(2026, 7, 2, 8, 0, 0), zone));
  EXPECT_EQ(ReasonOf(Keep(1, Today())), Reason::REASON_FREEZE_DAY_INVALID) << "today is not over";
  EXPECT_EQ(ReasonOf(Keep(1, Today() - 8)), Reason::REASON_FREEZE_DAY_INVALID);
  EXPECT_EQ(ReasonOf(Keep(9, Today() - 1)), Reason::REASON_HOUSEHOLD_UNKNOWN);
  EXPECT_OK(Keep(1, Today() - 1));
  EXPECT_EQ(LastSentence(), "用一次保连补上 2026-07-01，连续天数不断；那个月还剩 0 次");
  EXPECT_EQ(ReasonOf(Keep(1, Today() - 1)), Reason::REASON_FREEZE_NOT_NEEDED);
  EXPECT_OK(Keep(1, Today() - 2)) << "a day of June has June's freezes";
  EXPECT_EQ(ReasonOf(Keep(1, Today() - 3)), Reason::REASON_FREEZES_USED_UP);
  clock.Advance(absl::Hours(24));
  EXPECT_EQ(ReasonOf(Keep(1, Today() - 1)), Reason::REASON_FREEZES_USED_UP);
  EXPECT_THAT(Choices(1).frozen_days(), testing::ElementsAre(Day(2026, 6, 30), Day(2026, 7, 1)));
  clock.Advance(absl::Hours(24 * 100));
  EXPECT_OK(Keep(1, Today() - 1));
  EXPECT_EQ(Choices(1).frozen_days_size(), 1) << "what no streak looks at any more is let go";
}

TEST_F(GameTest, TeamsAreFoundedJoinedLeftAndDissolved) {
  EXPECT_OK(Enrol(2));
  DecisionContext context = NextContext();
  TeamFacts facts{HouseholdId(1), TeamIdFor(HouseholdId(1), context.key), "绿芽队", false};
  const auto found = [&](const View& view) { return DecideTeamFounding(view, facts, context); };
  const auto join = [&](const View& view) { return DecideTeamJoin(view, facts, context); };
  const auto leave = [&](const View& view) { return DecideTeamLeave(view, facts, context); };
  EXPECT_OK(Run(PartitionOf(HouseholdId(1)), TeamReads(facts), context, found));
  EXPECT_EQ(LastSentence(), "创建了队伍“绿芽队”，从现在起的投放计入队伍");
  EXPECT_EQ(Choices(1).team(), facts.team);
  const uint64_t team = facts.team;

  context = NextContext();
  facts.team = TeamIdFor(HouseholdId(1), context.key);
  EXPECT_EQ(ReasonOf(Run(PartitionOf(HouseholdId(1)), TeamReads(facts), context, found)), Reason::REASON_TEAM_TAKEN);
  facts = {HouseholdId(2), team, "绿芽队", false};
  context = NextContext();
  EXPECT_OK(Run(PartitionOf(HouseholdId(2)), TeamReads(facts), context, join));
  context = NextContext();
  EXPECT_EQ(ReasonOf(Run(PartitionOf(HouseholdId(2)), TeamReads(facts), context, join)), Reason::REASON_TEAM_TAKEN);
  context = NextContext();
  EXPECT_OK(Run(PartitionOf(HouseholdId(2)), TeamReads(facts), context, leave));
  EXPECT_EQ(LastSentence(), "退出队伍“绿芽队”，投放不再计入队伍");
  context = NextContext();
  EXPECT_EQ(ReasonOf(Run(PartitionOf(HouseholdId(2)), TeamReads(facts), context, leave)), Reason::REASON_TEAM_UNKNOWN);
  facts.household = HouseholdId(1);
  context = NextContext();
  EXPECT_OK(Run(PartitionOf(HouseholdId(1)), TeamReads(facts), context, leave));
  EXPECT_EQ(LastSentence(), "解散了队伍“绿芽队”，队员可以加入别的队伍");
  facts.title = "<b>";
  context = NextContext();
  EXPECT_EQ(ReasonOf(Run(PartitionOf(HouseholdId(1)), TeamReads(facts), context, found)), Reason::REASON_FIELD_MALFORMED);
}

TEST_F(GameTest, RulesReplaceOneAnother) {
  GameRulesStore rules;
  const auto set = [&](const v1::GameRules& wanted) {
    const DecisionContext context = NextContext();
    return Run(kCataloguePartition, GameRulesReads(), context, [&](const View& view) { return DecideGameRules(view, wanted, context); });
  };
  EXPECT_TRUE(rules.Snapshot()->levels().empty());
  EXPECT_OK(set(SmallRules()));
  rules.Apply(history.back());
  EXPECT_EQ(rules.Snapshot()->levels_size(), 2);
  v1::GameRules fewer = SmallRules();
  fewer.mutable_levels()->RemoveLast();
  EXPECT_OK(set(fewer));
  rules.Apply(history.back());
  EXPECT_EQ(rules.Snapshot()->levels_size(), 1);
  fewer.clear_levels();
  EXPECT_EQ(ReasonOf(set(fewer)), Reason::REASON_ROW_INVALID);
  EXPECT_NE(catalogue()->Find<v1::Region>("regions/e"), nullptr) << "the catalogue is as it was";
}

TEST_F(GameTest, ABoardIsClosedOnceWithADigestOfAllPlaces) {
  std::vector<ledger::v1::BoardPlace> places(3);
  for (size_t i = 0; i < places.size(); ++i) {
    places[i].set_entrant(10 + i);
    places[i].set_score(300 - static_cast<int64_t>(i));
  }
  BoardCloseFacts facts{"boards/week", "2026-W25", {MakeBoardResult("boards/week", "2026-W25", "regions/e", places, 2)}, true, 1};
  EXPECT_EQ(facts.results[0].places_size(), 2);
  EXPECT_EQ(facts.results[0].entrants(), 3u);
  places[2].set_score(299);
  EXPECT_NE(MakeBoardResult("boards/week", "2026-W25", "regions/e", places, 2).digest(), facts.results[0].digest());
  const auto close = [&]() {
    const DecisionContext context = NextContext();
    return Run(kCataloguePartition, BoardCloseReads(facts), context,
               [&](const View& view) { return DecideBoardClose(view, facts, context); });
  };
  EXPECT_OK(close());
  EXPECT_EQ(ReasonOf(close()), Reason::REASON_BOARD_CLOSED);
  EXPECT_TRUE(state
                  .Read(kCataloguePartition,
                        [&](const View& view, PartitionSeq) {
                          const auto stored =
                              ReadMessage<ledger::v1::BoardResult>(view, BoardResultKey("boards/week", "2026-W25", "regions/e"));
                          EXPECT_EQ(stored->message.places(0).rank(), 1u);
                          EXPECT_EQ(stored->message.places(0).entrant(), 10u);
                        })
                  .ok());
}

TEST_F(GameTest, WhatADropWasIsReadFromItsStoredForm) {
  EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 800));
  const Transaction drop = history.back().transaction;
  EXPECT_EQ(CountedDrop(drop.kind, drop.why), std::make_pair(uint8_t{v1::CATEGORY_FOOD}, int64_t{800}));
  EXPECT_OK(Drop(1, v1::CATEGORY_HAZARDOUS, 100));
  EXPECT_EQ(CountedDrop(drop.kind, history.back().transaction.why), std::nullopt) << "no rule pays for it";
  for (int n = 0; n < 3; ++n) EXPECT_OK(Drop(1, v1::CATEGORY_FOOD, 800));
  EXPECT_EQ(CountedDrop(drop.kind, history.back().transaction.why)->first, uint8_t{v1::CATEGORY_FOOD}) << "cut by the day's cap";
  FactsWhy release;
  release.facts.mutable_verification()->mutable_pending()->set_credit(drop.why);
  EXPECT_EQ(CountedDrop(TransactionKind::kRelease, EncodeWhy(release)), CountedDrop(drop.kind, drop.why));
  release.facts.mutable_verification()->mutable_pending()->clear_credit();
  EXPECT_EQ(CountedDrop(TransactionKind::kRelease, EncodeWhy(release)), std::nullopt) << "no rule paid for it";
  EXPECT_FALSE(ReversesDrop(EncodeWhy(release)));
  ledger::v1::PendingDrop& waited = *release.facts.mutable_verification()->mutable_pending()->mutable_drop();
  const auto sorted = [&release](TransactionKind kind) { return SortedRightly(kind, EncodeWhy(release)); };
  EXPECT_EQ(sorted(TransactionKind::kRelease), std::nullopt) << "nobody looked";
  waited.mutable_recorded()->set_category(v1::CATEGORY_FOOD);
  waited.mutable_found()->set_category(v1::CATEGORY_FOOD);
  EXPECT_EQ(sorted(TransactionKind::kRelease), true);
  waited.mutable_found()->set_category(v1::CATEGORY_RESIDUAL);
  EXPECT_EQ(sorted(TransactionKind::kRelease), false);
  waited.set_rejection_reason(v1::REJECTION_REASON_MIXED);
  EXPECT_EQ(sorted(TransactionKind::kRejection), false);
  waited.set_rejection_reason(v1::REJECTION_REASON_NOT_INSPECTED);
  EXPECT_EQ(sorted(TransactionKind::kRejection), std::nullopt);
  EXPECT_EQ(sorted(TransactionKind::kDrop), std::nullopt);
  FactsWhy reversal;
  reversal.facts.mutable_correcting()->mutable_reversal()->set_kind(static_cast<int32_t>(TransactionKind::kDrop));
  EXPECT_TRUE(ReversesDrop(EncodeWhy(reversal)));
  reversal.facts.mutable_correcting()->mutable_reversal()->set_kind(static_cast<int32_t>(TransactionKind::kAward));
  EXPECT_FALSE(ReversesDrop(EncodeWhy(reversal)));
  EXPECT_EQ(RegionInHousehold(EncodeHousehold(Household(1))), CatalogueIdOf("regions/e"));
  EXPECT_EQ(RegionInHousehold("x"), std::nullopt);
}

}  // namespace
}  // namespace fenfen
