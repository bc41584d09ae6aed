// fenfenctl game …, board …: levels, streaks, teams and boards, as the resident or the staff that --as names; their rules as the operator.
#include <google/protobuf/util/json_util.h>
#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "clients/cpp/request_id.h"
#include "clients/ctl/commands/ask.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/commands/text_table.h"
#include "fenfen/v1/game.grpc.pb.h"

namespace fenfen::ctl {
namespace {

using Service = v1::GameService::Stub;

std::string NewRequestId() {
  client::RequestIds ids = client::RequestIds::FromSystem();
  return ids.Next();
}

void ShowEntry(const v1::Entry& entry) { std::cout << entry.name() << '\n' << entry.reason_zh() << '\n' << entry.reason_en() << '\n'; }

int ShowGame(const Context& context, const std::string& household) {
  v1::GetGameRequest request;
  request.set_household(Named("households", household));
  return Ask(context, &Service::GetGame, request, [](const v1::GetGameResponse& reply) {
    const v1::Game& game = reply.game();
    std::cout << game.household() << '\n' << game.summary_zh() << '\n' << game.summary_en() << '\n';
    std::string days;
    for (const v1::StreakDay& day : game.days()) days += day.dropped() ? "●" : day.kept() ? "○" : day.can_keep() ? "?" : "·";
    std::cout << days << "  ● 投放 / dropped  ○ 保连 / kept  ? 可保 / can be kept\n";
    if (game.has_team()) {
      std::cout << "队伍 / team: " << game.team().title() << "  " << game.team().name() << "  " << game.team().members()
                << (game.team().is_founder() ? " 户，队长 / households, founder\n" : " 户 / households\n");
    }
    if (game.hidden()) std::cout << "不参加排行榜 / on no board\n";
  });
}

struct PreferArgs {
  std::string household;
  bool hidden = false, quiet = false;
};
int Prefer(const Context& context, const PreferArgs& args) {
  v1::SetPreferencesRequest request;
  request.set_household(Named("households", args.household));
  request.set_request_id(NewRequestId());
  request.set_hidden(args.hidden);
  request.set_quiet(args.quiet);
  return Ask(context, &Service::SetPreferences, request, [](const v1::SetPreferencesResponse& reply) { ShowEntry(reply.entry()); });
}

int Freeze(const Context& context, const std::string& household, const std::string& day) {
  v1::UseFreezeRequest request;
  request.set_household(Named("households", household));
  request.set_request_id(NewRequestId());
  request.set_day(day);
  return Ask(context, &Service::UseFreeze, request, [](const v1::UseFreezeResponse& reply) { ShowEntry(reply.entry()); });
}

int FoundTeam(const Context& context, const std::string& household, const std::string& title) {
  v1::FoundTeamRequest request;
  request.set_household(Named("households", household));
  request.set_request_id(NewRequestId());
  request.set_title(title);
  return Ask(context, &Service::FoundTeam, request, [](const v1::FoundTeamResponse& reply) {
    std::cout << reply.team() << '\n';
    ShowEntry(reply.entry());
  });
}

int JoinTeam(const Context& context, const std::string& household, const std::string& team) {
  v1::JoinTeamRequest request;
  request.set_household(Named("households", household));
  request.set_request_id(NewRequestId());
  request.set_team(Named("teams", team));
  return Ask(context, &Service::JoinTeam, request, [](const v1::JoinTeamResponse& reply) { ShowEntry(reply.entry()); });
}

int LeaveTeam(const Context& context, const std::string& household) {
  v1::LeaveTeamRequest request;
  request.set_household(Named("households", household));
  request.set_request_id(NewRequestId());
  return Ask(context, &Service::LeaveTeam, request, [](const v1::LeaveTeamResponse& reply) { ShowEntry(reply.entry()); });
}

int ShowRules(const Context& context) {
  return AskWith(context, ConnectAsOperator(context), &Service::GetGameRules, v1::GetGameRulesRequest(),
                 [](const v1::GetGameRulesResponse& reply) {
                   std::string text;
                   google::protobuf::util::JsonPrintOptions options;
                   options.add_whitespace = true;
                   options.preserve_proto_field_names = true;
                   if (google::protobuf::util::MessageToJsonString(reply.game_rules(), &text, options).ok()) std::cout << text;
                 });
}

int SetRules(const Context& context, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Fail(context, absl::NotFoundError(absl::StrCat("读不了 / cannot read ", path)));
  v1::SetGameRulesRequest request;
  request.set_request_id(NewRequestId());
  const auto parsed = google::protobuf::util::JsonStringToMessage(text.str(), request.mutable_game_rules());
  if (!parsed.ok()) {
    return Fail(context,
                absl::InvalidArgumentError(absl::StrCat(path, ": ", std::string(parsed.message().data(), parsed.message().size()))));
  }
  return AskWith(context, ConnectAsOperator(context), &Service::SetGameRules, request, [](const v1::SetGameRulesResponse& reply) {
    const v1::GameRules& rules = reply.game_rules();
    std::cout << "等级 / levels " << rules.levels_size() << "，赛季 / seasons " << rules.seasons_size() << "，排行榜 / boards "
              << rules.boards_size() << "，徽章 / badges " << rules.badges_size() << "，任务 / quests " << rules.quests_size() << '\n';
  });
}

int ListBoards(const Context& context, const std::string& household) {
  v1::ListBoardsRequest request;
  request.set_household(Named("households", household));
  return Ask(context, &Service::ListBoards, request, [](const v1::ListBoardsResponse& reply) {
    TextTable table({"排行榜 / board", "名称 / title", "区域 / region", "本期 / period", "已结 / closed"});
    for (const v1::BoardSummary& board : reply.boards()) {
      table.Row({board.board().name(), board.board().title_zh(), board.region_display_name(), board.period(), board.closed_period()});
    }
    std::cout << table.Lines();
  });
}

template <typename Goals>
void AddGoals(TextTable& table, const std::string& title, const Goals& goals) {
  bool first = true;
  for (const v1::GoalProgress& goal : goals) {
    table.Row(
        {first ? title : "", goal.reached() ? "✓" : "", goal.text_zh(), absl::StrCat(goal.value(), "/", goal.target()), goal.left_zh()});
    first = false;
  }
}

// A badge or a quest in one sentence.
template <typename Prize>
void ShowSummary(const Prize& prize) {
  std::cout << prize.title_zh() << "：" << prize.summary_zh() << '\n' << prize.title_en() << ": " << prize.summary_en() << '\n';
}

int ListBadges(const Context& context, const std::string& household) {
  v1::ListBadgesRequest request;
  request.set_household(Named("households", household));
  return Ask(context, &Service::ListBadges, request, [](const v1::ListBadgesResponse& reply) {
    TextTable table({"徽章 / badge", "", "要求 / goal", ">进度 / progress", "还差 / left"});
    for (const v1::BadgeView& badge : reply.badges()) AddGoals(table, badge.title_zh(), badge.goals());
    std::cout << table.Lines();
    for (const v1::BadgeView& badge : reply.badges()) ShowSummary(badge);
  });
}

int ListQuests(const Context& context, const std::string& household) {
  v1::ListQuestsRequest request;
  request.set_household(Named("households", household));
  return Ask(context, &Service::ListQuests, request, [](const v1::ListQuestsResponse& reply) {
    TextTable table({"任务 / quest", "", "步骤 / step", ">进度 / progress", "还差 / left"});
    for (const v1::QuestView& quest : reply.quests()) AddGoals(table, quest.title_zh(), quest.steps());
    std::cout << table.Lines();
    for (const v1::QuestView& quest : reply.quests()) ShowSummary(quest);
  });
}

void AddRow(TextTable& table, const v1::Place& place) {
  table.Row({place.rank() == 0 ? "—" : absl::StrCat(place.rank()), absl::StrCat(place.is_own() ? "* " : "", place.name()),
             place.region_display_name(), place.score_zh()});
}

void ShowView(const v1::BoardView& view) {
  std::cout << view.board().title_zh() << "  " << view.region_display_name() << "  " << view.period() << "（" << view.first_day() << "–"
            << view.last_day() << "）" << (view.closed() ? "已结榜 / closed" : absl::StrCat(view.closes_on(), " 结榜 / closes on")) << "，"
            << view.entrants() << " 名 / ranked\n";
  TextTable table({">名次 / rank", "户号或队伍 / who", "小区 / estate", ">成绩 / score"});
  for (const v1::Place& place : view.places()) AddRow(table, place);
  std::cout << table.Lines();
  if (view.around_size() > 0 && view.own().rank() > view.places_size()) {
    TextTable around({">名次 / rank", "前后 / around", "小区 / estate", ">成绩 / score"});
    for (const v1::Place& place : view.around()) AddRow(around, place);
    std::cout << around.Lines();
  }
  if (view.has_own() && view.own().rank() == 0) {
    std::cout << "自己未上榜 / not ranked: " << view.own().name() << "  " << view.own().score_zh() << '\n';
  }
  std::cout << view.tie_rule_zh() << '\n';
  if (!view.digest().empty()) std::cout << "sha256 " << view.digest() << '\n';
}

struct BoardArgs {
  std::string board, household, region, period;
};
int ShowBoard(const Context& context, const BoardArgs& args) {
  if (args.household.empty() == args.region.empty()) {
    return Fail(context, absl::InvalidArgumentError("请给出 --household 或 --region 之一 / give --household or --region"));
  }
  if (!args.region.empty()) {
    v1::GetRegionBoardRequest request;
    request.set_region(Named("regions", args.region));
    request.set_board(Named("boards", args.board));
    request.set_period(args.period);
    return Ask(context, &Service::GetRegionBoard, request, [](const v1::GetRegionBoardResponse& reply) { ShowView(reply.board()); });
  }
  v1::GetBoardRequest request;
  request.set_household(Named("households", args.household));
  request.set_board(Named("boards", args.board));
  request.set_period(args.period);
  return Ask(context, &Service::GetBoard, request, [](const v1::GetBoardResponse& reply) { ShowView(reply.board()); });
}

void AddTeamCommands(CLI::App& game, Context* context) {
  auto household = std::make_shared<std::string>();
  auto text = std::make_shared<std::string>();
  CLI::App* team = game.add_subcommand("team", "队伍 / teams");
  team->require_subcommand(1);
  const auto add = [&](const char* name, const char* help) {
    CLI::App* command = team->add_subcommand(name, help);
    command->add_option("HOUSEHOLD", *household, "户号 / the household's number")->required();
    return command;
  };
  CLI::App* found = add("found", "创建并加入 / found one and join it");
  found->add_option("TITLE", *text, "队名 / its title")->required();
  found->callback([context, household, text] { context->exit_code = FoundTeam(*context, *household, *text); });
  CLI::App* join = add("join", "加入 / join one");
  join->add_option("TEAM", *text, "队伍编号 / the team")->required();
  join->callback([context, household, text] { context->exit_code = JoinTeam(*context, *household, *text); });
  add("leave", "退出；队长退出即解散 / leave it; its founder dissolves it")->callback([context, household] {
    context->exit_code = LeaveTeam(*context, *household);
  });
}

}  // namespace

void AddGameCommands(CLI::App& app, Context* context) {
  auto household = std::make_shared<std::string>();
  auto text = std::make_shared<std::string>();
  auto prefer_args = std::make_shared<PreferArgs>();
  CLI::App* game = app.add_subcommand("game", "等级、连续天数、队伍（需 --as 与 --key）/ levels, streaks, teams");
  game->require_subcommand(1);
  CLI::App* show = game->add_subcommand("show", "一户的等级和连续天数 / where a household stands");
  show->add_option("HOUSEHOLD", *household, "户号 / the household's number")->required();
  show->callback([context, household] { context->exit_code = ShowGame(*context, *household); });
  CLI::App* prefer = game->add_subcommand("prefer", "是否参加排行榜、是否接收提醒 / boards and notices, or not");
  prefer->add_option("HOUSEHOLD", prefer_args->household, "户号 / the household's number")->required();
  prefer->add_flag("--hidden", prefer_args->hidden, "不参加排行榜 / on no board");
  prefer->add_flag("--quiet", prefer_args->quiet, "不接收提醒 / no notices");
  prefer->callback([context, prefer_args] { context->exit_code = Prefer(*context, *prefer_args); });
  CLI::App* freeze = game->add_subcommand("freeze", "保住漏掉的一天 / keep a missed day");
  freeze->add_option("HOUSEHOLD", *household, "户号 / the household's number")->required();
  freeze->add_option("DAY", *text, "YYYY-MM-DD")->required();
  freeze->callback([context, household, text] { context->exit_code = Freeze(*context, *household, *text); });
  CLI::App* badges = game->add_subcommand("badges", "徽章和进度 / badges, and how far a household is");
  badges->add_option("HOUSEHOLD", *household, "户号 / the household's number")->required();
  badges->callback([context, household] { context->exit_code = ListBadges(*context, *household); });
  CLI::App* quests = game->add_subcommand("quests", "任务和进度 / quests, and how far a household is");
  quests->add_option("HOUSEHOLD", *household, "户号 / the household's number")->required();
  quests->callback([context, household] { context->exit_code = ListQuests(*context, *household); });
  AddTeamCommands(*game, context);
  game->add_subcommand("rules", "现行的等级、赛季和排行榜，JSON（需 --operator-key）/ levels, seasons and boards, as JSON")
      ->callback([context] { context->exit_code = ShowRules(*context); });
  CLI::App* set = game->add_subcommand("set", "用 JSON 文件整体更换（需 --operator-key）/ set them anew from a JSON file");
  set->add_option("FILE", *text, "JSON")->required();
  set->callback([context, text] { context->exit_code = SetRules(*context, *text); });

  auto board_args = std::make_shared<BoardArgs>();
  CLI::App* board = app.add_subcommand("board", "排行榜（需 --as 与 --key）/ leaderboards");
  board->require_subcommand(1);
  CLI::App* list = board->add_subcommand("list", "一户所在的排行榜 / the boards that a household is in");
  list->add_option("HOUSEHOLD", *household, "户号 / the household's number")->required();
  list->callback([context, household] { context->exit_code = ListBoards(*context, *household); });
  CLI::App* one = board->add_subcommand("show", "一个排行榜 / one board");
  one->add_option("BOARD", board_args->board, "排行榜编号 / the board")->required();
  one->add_option("--household", board_args->household, "户号：看自己前后的名次 / a household: with the places around it");
  one->add_option("--region", board_args->region, "区域编码 / a region's code");
  one->add_option("--period", board_args->period, "期，如 2026-W25、2026-06；不填为本期 / a period; empty for the present one");
  one->callback([context, board_args] { context->exit_code = ShowBoard(*context, *board_args); });
}

}  // namespace fenfen::ctl
