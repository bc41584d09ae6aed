// The game over the wire: levels, streaks, choices, teams and boards; the same after a restart, from the journal and from a snapshot; a
// board's period is closed once, by the job, when its time has come.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/game.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/timer.grpc.pb.h"
#include "ledger/core/clock.h"
#include "server/server.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {
namespace {

using Service = v1::GameService::Stub;

v1::GameRules SmallRules() {
  v1::GameRules rules;
  for (const auto& [civic, zh, en] : {std::make_tuple(0, "新手", "Beginner"), std::make_tuple(150, "能手", "Adept")}) {
    v1::Level& level = *rules.add_levels();
    level.set_civic(civic);
    level.set_title_zh(zh);
    level.set_title_en(en);
  }
  rules.set_freezes_per_month(2);
  rules.set_freeze_days_back(7);
  const auto board = [&rules](const char* name, const char* level, v1::Board::Period period, v1::Board::Entrants entrants) {
    v1::Board& out = *rules.add_boards();
    out.set_name(name);
    out.set_title_zh("榜");
    out.set_title_en("Board");
    out.set_level(level);
    out.set_period(period);
    out.set_measure(v1::Board::MEASURE_CIVIC);
    out.set_entrants(entrants);
    out.set_places(10);
  };
  board("boards/day", "estate", v1::Board::PERIOD_DAY, v1::Board::ENTRANTS_HOUSEHOLDS);
  board("boards/month", "district", v1::Board::PERIOD_MONTH, v1::Board::ENTRANTS_HOUSEHOLDS);
  board("boards/teams", "estate", v1::Board::PERIOD_MONTH, v1::Board::ENTRANTS_TEAMS);
  v1::Badge& badge = *rules.add_badges();
  badge.set_name("badges/two");
  badge.set_title_zh("两次投放");
  badge.set_title_en("Two drops");
  badge.set_reward(300);
  badge.add_goals()->set_measure(v1::Goal::MEASURE_DROPS);
  badge.mutable_goals(0)->set_target(2);
  const auto quest = [&rules](const char* name, v1::Board::Entrants entrants, const char* first_day, const char* last_day) {
    v1::Quest& out = *rules.add_quests();
    out.set_name(name);
    out.set_title_zh("任务");
    out.set_title_en("Quest");
    out.set_entrants(entrants);
    out.set_first_day(first_day);
    out.set_last_day(last_day);
    out.set_civic(100);
    out.add_steps()->set_measure(v1::Goal::MEASURE_GRAMS);
    out.mutable_steps(0)->set_target(3000);
    out.mutable_steps(0)->add_categories(v1::CATEGORY_FOOD);
  };
  const absl::CivilDay today = absl::ToCivilDay(absl::Now(), absl::FixedTimeZone(8 * 3600));
  quest("quests/team", v1::Board::ENTRANTS_TEAMS, absl::FormatCivilTime(today - 1).c_str(), absl::FormatCivilTime(today + 6).c_str());
  quest("quests/past", v1::Board::ENTRANTS_HOUSEHOLDS, "2020-01-01", "2020-01-07");
  return rules;
}

// One district with its game, and verbs.
class GameServerTest : public testing::Test {
 protected:
  void Begin() {
    server_.AddConfig("[timers]\nenabled = false\n");
    ASSERT_TRUE(server_.Start()) << server_.Log();
    server_.ImportDistrict();
    v1::SetGameRulesRequest request;
    request.set_request_id(server_.NewRequestId());
    *request.mutable_game_rules() = SmallRules();
    const auto set = server_.Call(&Service::SetGameRules, request, server_.Token(kOperator, "OPERATOR"));
    ASSERT_TRUE(set.status.ok()) << set.error().ToString();
  }
  std::string Resident(int household) { return server_.Token(Name(household) + "/members/1", "RESIDENT"); }
  static std::string Name(int household) { return "households/" + std::to_string(household); }

  void Drop(int household) {
    v1::RecordDropRequest drop;
    drop.set_household(Name(household));
    drop.set_request_id(server_.NewRequestId());
    drop.set_station(household < 2000 ? "stations/s-a" : "stations/s-b");
    drop.set_category(v1::CATEGORY_FOOD);
    drop.set_weight_grams(1000);
    const std::string who = household < 2000 ? "staff/attendant-a" : "staff/attendant-b";
    const auto reply = server_.Call(&v1::DropService::Stub::RecordDrop, drop, server_.Token(who, "ATTENDANT"));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
  }
  v1::Game Game(int household) {
    v1::GetGameRequest request;
    request.set_household(Name(household));
    const auto reply = server_.Call(&Service::GetGame, request, Resident(household));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply.game();
  }
  v1::BoardView Board(int household, const std::string& board) {
    v1::GetBoardRequest request;
    request.set_household(Name(household));
    request.set_board(board);
    const auto reply = server_.Call(&Service::GetBoard, request, Resident(household));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply.board();
  }
  std::string BadgesOf(int household) {
    v1::ListBadgesRequest request;
    request.set_household(Name(household));
    const auto reply = server_.Call(&Service::ListBadges, request, Resident(household));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    std::string all;
    for (const v1::BadgeView& badge : reply.reply.badges()) all += badge.summary_zh() + (badge.awarded() ? " ✓" : "");
    return all;
  }
  std::vector<v1::QuestView> QuestsOf(int household) {
    v1::ListQuestsRequest request;
    request.set_household(Name(household));
    const auto reply = server_.Call(&Service::ListQuests, request, Resident(household));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return {reply.reply.quests().begin(), reply.reply.quests().end()};
  }
  // What the job does, once.
  void Award() {
    v1::RunTimerRequest request;
    request.set_name("timers/award");
    const absl::Time give_up = absl::Now() + absl::Seconds(60);
    while (absl::Now() < give_up) {
      const auto reply = server_.Call(&v1::TimerService::Stub::RunTimer, request, server_.Token(kOperator, "OPERATOR"));
      if (reply.status.ok()) return;
      // A server that was killed may still have the lease.
      ASSERT_EQ(reply.error().reason, v1::REASON_TIMER_ELSEWHERE) << reply.error().ToString();
      absl::SleepFor(absl::Milliseconds(20));
    }
    FAIL() << "the job is another's for ever";
  }
  // The household's awards, the latest first.
  std::vector<std::string> Awards(int household) {
    v1::ListEntriesRequest request;
    request.set_household(Name(household));
    const auto reply = server_.Call(&v1::HouseholdService::Stub::ListEntries, request, Resident(household));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    std::vector<std::string> awards;
    for (const v1::Entry& entry : reply.reply.entries()) {
      if (entry.kind() == v1::ENTRY_KIND_AWARD) awards.push_back(entry.reason_zh());
    }
    return awards;
  }
  v1::Entry Prefer(int household, bool hidden) {
    v1::SetPreferencesRequest request;
    request.set_household(Name(household));
    request.set_request_id(server_.NewRequestId());
    request.set_hidden(hidden);
    const auto reply = server_.Call(&Service::SetPreferences, request, Resident(household));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply.entry();
  }

  TestServer server_;
};

TEST_F(GameServerTest, LevelsStreaksAndFreezes) {
  Begin();
  EXPECT_EQ(Game(1001).streak_days(), 0);
  Drop(1001);
  v1::Game game = Game(1001);
  EXPECT_EQ(game.level(), 1);
  EXPECT_EQ(game.level_title_zh(), "新手");
  EXPECT_EQ(game.next_level_missing(), 50);
  EXPECT_EQ(game.streak_days(), 1);
  EXPECT_EQ(game.freezes_left(), 2);
  Drop(1001);
  game = Game(1001);
  EXPECT_EQ(game.level(), 2) << "two civic points";
  EXPECT_EQ(game.next_level_missing(), 0);

  v1::UseFreezeRequest freeze;
  freeze.set_household(Name(1001));
  freeze.set_request_id(server_.NewRequestId());
  freeze.set_day(game.days(game.days_size() - 2).day());  // yesterday
  const auto kept = server_.Call(&Service::UseFreeze, freeze, Resident(1001));
  ASSERT_TRUE(kept.status.ok()) << kept.error().ToString();
  EXPECT_EQ(kept.reply.entry().kind(), v1::ENTRY_KIND_FREEZE);
  const auto again = server_.Call(&Service::UseFreeze, freeze, Resident(1001));
  EXPECT_TRUE(again.replayed);
  game = Game(1001);
  EXPECT_TRUE(game.days(game.days_size() - 2).kept());
  freeze.set_request_id(server_.NewRequestId());
  EXPECT_EQ(server_.Call(&Service::UseFreeze, freeze, Resident(1001)).error().reason, v1::REASON_FREEZE_NOT_NEEDED);
  freeze.set_day("yesterday");
  EXPECT_EQ(server_.Call(&Service::UseFreeze, freeze, Resident(1001)).error().reason, v1::REASON_FIELD_MALFORMED);
}

TEST_F(GameServerTest, BoardsWithMaskedNamesAndWhoLeavesThem) {
  Begin();
  Drop(1002);
  Drop(1002);
  Drop(1001);
  Drop(2001);
  v1::BoardView board = Board(1001, "boards/day");
  ASSERT_EQ(board.places_size(), 2) << board.DebugString();
  EXPECT_EQ(board.places(0).name(), "1**2");
  EXPECT_EQ(board.places(0).score_zh(), "2 分");
  EXPECT_TRUE(board.places(1).is_own());
  EXPECT_EQ(board.own().rank(), 2);
  EXPECT_EQ(board.around_size(), 2);
  EXPECT_FALSE(board.closed());
  EXPECT_EQ(Board(1001, "boards/month").entrants(), 3) << "of the whole district";

  EXPECT_NE(Prefer(1002, true).reason_zh().find("排行榜"), std::string::npos);
  board = Board(1001, "boards/day");
  ASSERT_EQ(board.places_size(), 1) << "at once";
  EXPECT_EQ(board.own().rank(), 1);
  EXPECT_EQ(Board(1002, "boards/day").own().rank(), 0);
  EXPECT_EQ(Board(1002, "boards/day").own().score(), 200) << "its own it still sees";

  v1::GetRegionBoardRequest request;
  request.set_region("regions/a-1");
  request.set_board("boards/day");
  const auto staff = server_.Call(&Service::GetRegionBoard, request, server_.Token("staff/staff-a", "STAFF"));
  ASSERT_TRUE(staff.status.ok()) << staff.error().ToString();
  EXPECT_EQ(staff.reply.board().places_size(), 1);
  request.set_board("boards/none");
  EXPECT_EQ(server_.Call(&Service::GetRegionBoard, request, server_.Token("staff/staff-a", "STAFF")).error().reason,
            v1::REASON_BOARD_UNKNOWN);
  request.set_board("boards/day");
  request.set_period("2026-W01");
  EXPECT_EQ(server_.Call(&Service::GetRegionBoard, request, server_.Token("staff/staff-a", "STAFF")).error().reason,
            v1::REASON_BOARD_PERIOD_UNKNOWN);
}

TEST_F(GameServerTest, TeamsCountWhatIsDroppedAfterJoining) {
  Begin();
  Drop(1001);
  v1::FoundTeamRequest found;
  found.set_household(Name(1001));
  found.set_request_id(server_.NewRequestId());
  found.set_title("绿芽队");
  const auto team = server_.Call(&Service::FoundTeam, found, Resident(1001));
  ASSERT_TRUE(team.status.ok()) << team.error().ToString();
  v1::JoinTeamRequest join;
  join.set_household(Name(1002));
  join.set_request_id(server_.NewRequestId());
  join.set_team("teams/0000000000000000");
  EXPECT_EQ(server_.Call(&Service::JoinTeam, join, Resident(1002)).error().reason, v1::REASON_TEAM_UNKNOWN);
  join.set_request_id(server_.NewRequestId());
  join.set_team(team.reply.team());
  ASSERT_TRUE(server_.Call(&Service::JoinTeam, join, Resident(1002)).status.ok());
  EXPECT_TRUE(server_.Call(&Service::JoinTeam, join, Resident(1002)).replayed);
  Drop(1001);
  Drop(1002);
  const v1::BoardView board = Board(1002, "boards/teams");
  ASSERT_EQ(board.places_size(), 1) << board.DebugString();
  EXPECT_EQ(board.places(0).name(), "绿芽队");
  EXPECT_EQ(board.places(0).score(), 200);
  EXPECT_TRUE(board.places(0).is_own());
  EXPECT_EQ(Game(1002).team().members(), 2);
  v1::LeaveTeamRequest leave;
  leave.set_household(Name(1001));
  leave.set_request_id(server_.NewRequestId());
  ASSERT_TRUE(server_.Call(&Service::LeaveTeam, leave, Resident(1001)).status.ok());
  EXPECT_FALSE(Game(1002).has_team()) << "its founder dissolved it";
  EXPECT_EQ(Board(1002, "boards/teams").places_size(), 0);
}

TEST_F(GameServerTest, ABadgeIsAwardedOnceWhateverHappens) {
  Begin();
  Drop(1001);
  Award();
  EXPECT_EQ(BadgesOf(1001), "投放 2 次，还差 1 次；奖励 3 兑换积分");
  EXPECT_THAT(Awards(1001), testing::IsEmpty());
  Drop(1001);
  EXPECT_EQ(BadgesOf(1001), "都已完成，奖励即将发放；奖励 3 兑换积分");
  Award();
  EXPECT_THAT(BadgesOf(1001), testing::HasSubstr("获得；奖励 3 兑换积分 ✓"));
  ASSERT_EQ(Awards(1001).size(), 1u);
  EXPECT_THAT(Awards(1001)[0], testing::HasSubstr("获得徽章“两次投放”，奖励 3 兑换积分"));
  Award();
  server_.Kill();
  ASSERT_TRUE(server_.Start()) << server_.Log();
  Award();
  EXPECT_EQ(Awards(1001).size(), 1u);
  ASSERT_EQ(server_.Stop(), 0);
  ASSERT_TRUE(server_.Start()) << server_.Log();
  Award();
  EXPECT_EQ(Awards(1001).size(), 1u) << "from a snapshot, too";
}

TEST_F(GameServerTest, ATeamsQuestIsEachMembersThatDidSomething) {
  Begin();
  v1::FoundTeamRequest found;
  found.set_household(Name(1001));
  found.set_request_id(server_.NewRequestId());
  found.set_title("绿芽队");
  const auto team = server_.Call(&Service::FoundTeam, found, Resident(1001));
  ASSERT_TRUE(team.status.ok()) << team.error().ToString();
  for (const int household : {1002, 2001}) {
    v1::JoinTeamRequest join;
    join.set_household(Name(household));
    join.set_request_id(server_.NewRequestId());
    join.set_team(team.reply.team());
    ASSERT_TRUE(server_.Call(&Service::JoinTeam, join, Resident(household)).status.ok());
  }
  ASSERT_EQ(QuestsOf(1001).size(), 1u) << "what is long over is not shown";
  EXPECT_THAT(QuestsOf(1001)[0].summary_zh(), testing::HasSubstr("投放厨余垃圾 3 公斤，还差 3 公斤；奖励 1 文明积分"));
  EXPECT_EQ(QuestsOf(1001)[0].team_title(), "绿芽队");
  for (const int household : {1001, 1002, 1002}) Drop(household);
  EXPECT_EQ(QuestsOf(1001)[0].state(), v1::QuestView::STATE_REACHED);
  EXPECT_EQ(QuestsOf(2001)[0].state(), v1::QuestView::STATE_OPEN) << "it did nothing for it";
  Award();
  EXPECT_EQ(QuestsOf(1001)[0].state(), v1::QuestView::STATE_AWARDED);
  EXPECT_THAT(Awards(1001), testing::ElementsAre("队伍“绿芽队”完成任务“任务”，奖励 1 文明积分"));
  EXPECT_EQ(Awards(1002).size(), 2u) << "and the badge";
  EXPECT_THAT(Awards(2001), testing::IsEmpty());
}

// From a snapshot (a server that is stopped writes one) and, killed, from the journal.
TEST_F(GameServerTest, ARestartTellsTheSame) {
  Begin();
  for (const int household : {1001, 1002, 1002, 2001}) Drop(household);
  Prefer(2001, true);
  const auto told = [this] {
    std::string all;
    for (const int household : {1001, 1002, 2001}) all += Game(household).DebugString() + Board(household, "boards/month").DebugString();
    return all;
  };
  const std::string before = told();
  ASSERT_EQ(server_.Stop(), 0);
  ASSERT_TRUE(server_.Start()) << server_.Log();
  EXPECT_EQ(told(), before);
  Drop(1001);
  const std::string after = told();
  server_.Kill();
  ASSERT_TRUE(server_.Start()) << server_.Log();
  EXPECT_EQ(told(), after);
}

// The same data, served nine days later: the day is over, and so is the time for late drops.
TEST_F(GameServerTest, ADayIsClosedOnceAndStaysAsItWas) {
  Begin();
  for (const int household : {1001, 1002, 1002}) Drop(household);
  const v1::BoardView open = Board(1001, "boards/day");
  ASSERT_EQ(server_.Stop(), 0);

  const absl::Time later = absl::Now() + absl::Hours(24 * 9);
  const ManualClock clock(later);
  absl::StatusOr<Config> config = LoadConfig(server_.folder() + "/fenfend.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  config->timers.enabled = true;
  const absl::StatusOr<std::unique_ptr<Log>> log = Log::Open(config->log);
  ASSERT_TRUE(log.ok()) << log.status();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(*config, **log, clock);
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = grpc::CreateChannel((*server)->grpc_address(), grpc::InsecureChannelCredentials());
  const absl::StatusOr<client::TokenSigner> bridge = client::TokenSigner::FromKey(server_.BridgeKey(), "bridge");
  ASSERT_TRUE(bridge.ok()) << bridge.status();

  v1::GetBoardRequest request;
  request.set_household(Name(1001));
  request.set_board("boards/day");
  request.set_period(open.period());
  const auto get = [&] {
    grpc::ClientContext context;
    TestServer::Prepare(&context, bridge->Mint(kResident, "RESIDENT", later, absl::Hours(1)));
    v1::GetBoardResponse reply;
    const grpc::Status status = Service(channel).GetBoard(&context, request, &reply);
    EXPECT_TRUE(status.ok()) << client::ParseError(status).ToString();
    return reply.board();
  };
  // The timers of this one run: the board is closed soon.
  const absl::Time give_up = absl::Now() + absl::Seconds(60);
  v1::BoardView closed = get();
  while (!closed.closed() && absl::Now() < give_up) {
    absl::SleepFor(absl::Milliseconds(50));
    closed = get();
  }
  EXPECT_TRUE(closed.closed());
  ASSERT_EQ(closed.places_size(), 2) << closed.DebugString();
  EXPECT_EQ(closed.places(0).name(), "1**2");
  EXPECT_EQ(closed.places(0).score(), open.places(0).score());
  EXPECT_EQ(closed.own().rank(), 2);
  EXPECT_EQ(closed.digest().size(), 64u);
  ASSERT_TRUE((*server)->Stop().ok());
}

}  // namespace
}  // namespace fenfen::server
