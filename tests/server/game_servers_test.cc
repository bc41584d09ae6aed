// Two servers over one Redis and one PostgreSQL show the same boards and streaks soon, whichever a drop or a choice went through, and so
// does one that starts anew and reads the whole journal.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "absl/time/clock.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/game.grpc.pb.h"
#include "tests/server/shared_deployment.h"

namespace fenfen::server {
namespace {

using Service = v1::GameService::Stub;

class GameServers : public SharedDeployment {
 protected:
  void SetRules() {
    v1::SetGameRulesRequest request;
    request.set_request_id(a_.NewRequestId());
    v1::Level& level = *request.mutable_game_rules()->add_levels();
    level.set_title_zh("新手");
    level.set_title_en("Beginner");
    request.mutable_game_rules()->set_freeze_days_back(7);
    v1::Board& board = *request.mutable_game_rules()->add_boards();
    board.set_name("boards/month");
    board.set_title_zh("月榜");
    board.set_title_en("Month");
    board.set_level("district");
    board.set_period(v1::Board::PERIOD_MONTH);
    board.set_measure(v1::Board::MEASURE_CIVIC);
    board.set_entrants(v1::Board::ENTRANTS_HOUSEHOLDS);
    board.set_places(10);
    const auto set = a_.Call(&Service::SetGameRules, request, a_.Token(kOperator, "OPERATOR"));
    ASSERT_TRUE(set.status.ok()) << set.error().ToString();
  }
  void Drop(const TestServer& server, const std::string& household) {
    v1::RecordDropRequest drop;
    drop.set_household(household);
    drop.set_request_id(a_.NewRequestId());
    drop.set_station("stations/s-a");
    drop.set_category(v1::CATEGORY_FOOD);
    drop.set_weight_grams(1000);
    const auto reply = server.Call(&v1::DropService::Stub::RecordDrop, drop, a_.Token("staff/attendant-a", "ATTENDANT"));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
  }
  // What a server tells of the board and of the household's streak; empty where it does not know the board yet.
  std::string Told(const TestServer& server) {
    v1::GetBoardRequest board;
    board.set_household("households/1001");
    board.set_board("boards/month");
    const auto shown = server.Call(&Service::GetBoard, board, a_.Token(kResident, "RESIDENT"));
    v1::GetGameRequest game;
    game.set_household("households/1001");
    const auto stands = server.Call(&Service::GetGame, game, a_.Token(kResident, "RESIDENT"));
    if (!shown.status.ok() || !stands.status.ok()) return "";
    return shown.reply.DebugString() + stands.reply.DebugString();
  }
  // Waits for what is to come, generously.
  static bool Soon(const std::function<bool()>& holds) {
    for (const absl::Time give_up = absl::Now() + absl::Seconds(60); absl::Now() < give_up; absl::SleepFor(absl::Milliseconds(20))) {
      if (holds()) return true;
    }
    return holds();
  }
};

TEST_F(GameServers, BothShowTheSameBoardSoonAndSoDoesOneThatStartsAnew) {
  StartBoth();
  SetRules();
  Drop(a_, "households/1001");
  Drop(b_, "households/1001");
  Drop(b_, "households/1002");
  const auto same = [this] { return !Told(a_).empty() && Told(a_) == Told(b_); };
  EXPECT_TRUE(Soon([&] { return same() && Told(a_).find("entrants: 2") != std::string::npos; })) << Told(a_) << "\n---\n" << Told(b_);

  v1::SetPreferencesRequest hide;
  hide.set_household("households/1002");
  hide.set_request_id(a_.NewRequestId());
  hide.set_hidden(true);
  ASSERT_TRUE(b_.Call(&Service::SetPreferences, hide, a_.Token(kNeighbour, "RESIDENT")).status.ok());
  EXPECT_TRUE(Soon([&] { return same() && Told(a_).find("entrants: 1") != std::string::npos; })) << Told(a_) << "\n---\n" << Told(b_);

  const std::string before = Told(a_);
  b_.Kill();
  ASSERT_TRUE(b_.Start()) << b_.Log();
  EXPECT_EQ(Told(b_), before);
}

}  // namespace
}  // namespace fenfen::server
