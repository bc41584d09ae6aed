// fenfenctl demo: sets the district up, invites, and keeps it running until it is asked to stop.
#include <CLI/CLI.hpp>
#include <atomic>
#include <boost/json.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/demo/demo.h"
#include "clients/ctl/demo/demo_command.h"
#include "clients/ctl/demo/district_files.h"
#include "clients/ctl/demo/invitation.h"

namespace fenfen::ctl {

namespace {

std::atomic<bool> stop_requested{false};

// Any 31 days have a first of a month among them, on which points lapse.
constexpr int64_t kHistoryDays = 31;

struct DemoArgs {
  DemoOptions options;
  std::string ports_file;
  int64_t history_days = kHistoryDays;
  bool no_live = false, no_browser = false, small = false;
};

absl::Status WritePorts(const Demo& demo, const std::string& path) {
  return ReplaceFile(
      path, boost::json::serialize(boost::json::object{
                {"http", demo.ports().http}, {"grpc", absl::StrJoin(demo.ports().Servers(), ",")}, {"metrics", demo.ports().metrics}}) +
                "\n");
}

void OpenBrowser(const Demo& demo) {
  if (std::getenv("DISPLAY") == nullptr && std::getenv("WAYLAND_DISPLAY") == nullptr) return;
  for (const char* opener : {"/usr/bin/xdg-open", "/usr/local/bin/xdg-open"}) {
    ChildOptions options;
    options.arguments = {opener, absl::StrCat("http://", demo.ports().http, "/")};
    options.log_file = demo.workspace().Path("log/browser.log");
    const auto child = Child::Start(options);
    // It hands the address to a running browser and ends; if it has not by then, it is no use.
    if (child.ok()) (*child)->Stop(absl::Seconds(3));
    if (child.ok()) return;
  }
}

absl::Status Run(const DemoArgs& args) {
  const auto say = [](const std::string& text) { std::cerr << text << std::endl; };
  const absl::StatusOr<std::unique_ptr<Demo>> demo = Demo::Start(args.options, say, &stop_requested);
  if (!demo.ok()) return demo.status();
  absl::Status done = (*demo)->SetUp();
  if (done.ok() && !args.ports_file.empty()) done = WritePorts(**demo, args.ports_file);
  if (!done.ok()) return done;
  if (absl::Status tokens = WriteTokens(**demo, absl::Now()); !tokens.ok()) return tokens;
  std::cout << Invitation(**demo, args.options.bin) << std::endl;
  if (!args.no_browser && args.ports_file.empty()) OpenBrowser(**demo);
  done = args.no_live ? (*demo)->Keep() : (*demo)->Live();
  std::cerr << "正在停止 / stopping" << std::endl;
  (*demo)->services().StopAll();
  return done;
}

}  // namespace

DistrictPlan SmallPlan() { return {.seed = 20260101, .households = 2'000, .estates = 4, .stations = 20, .drops = 3'000}; }

void AddModeOption(CLI::App& command, DemoMode& mode) {
  const std::map<std::string, DemoMode> modes = {
      {"embedded", DemoMode::kEmbedded}, {"redis", DemoMode::kRedis}, {"cluster", DemoMode::kCluster}};
  command
      .add_option(
          "--mode", mode,
          "存储：embedded 内存和文件，redis 自带的 Redis 和文件，cluster 两台服务器、六节点 Redis 集群、PostgreSQL 主备 / where the "
          "books are: in memory and files, in a Redis and files, or in a Redis Cluster and PostgreSQL under two servers")
      ->transform(CLI::CheckedTransformer(modes));
}

void AddDemoCommand(CLI::App& app, Context* context, HistoryPlayer history) {
  auto args = std::make_shared<DemoArgs>();
  args->options.history = std::move(history);
  CLI::App* command =
      app.add_subcommand("demo", "运行通州区示范：一个月的历史、回放一天投放、持续直播，Ctrl-C 停止 / run the demo district until Ctrl-C");
  DemoOptions& options = args->options;
  AddModeOption(*command, options.mode);
  command->add_option("--dir", options.folder, "演示文件夹，保存密钥、配置和流水 / the demo's folder")->capture_default_str();
  command->add_option("--bin", options.bin, "各程序所在文件夹 / the folder of the programs")->required()->check(CLI::ExistingDirectory);
  command->add_option("--static", options.static_folder, "H5 页面文件夹 / the H5 build")->required()->check(CLI::ExistingDirectory);
  command->add_option("--households", options.plan.households, "家庭数 / households")->capture_default_str();
  command->add_option("--estates", options.plan.estates, "小区数 / estates")->capture_default_str();
  command->add_option("--stations", options.plan.stations, "站点数 / stations")->capture_default_str();
  command->add_option("--drops", options.plan.drops, "一天的投放数 / drops of the day")->capture_default_str();
  CLI::Option* history_days = command->add_option("--history-days", args->history_days,
                                                  "历史天数，0 为没有，--small 时默认没有 / days of history before that, 10 to 40, or 0");
  history_days->capture_default_str();
  command->add_option("--seed", options.plan.seed, "随机种子 / the seed")->capture_default_str();
  command->add_flag("--small", args->small, "小规模：2000 家庭、20 站点、3000 次投放，空闲端口 / a small district on free ports");
  command->add_option("--http", options.http, "页面地址 HOST:PORT / where the pages are served")->capture_default_str();
  command->add_option("--grpc", options.grpc, "gRPC 地址 HOST:PORT / where the server listens")->capture_default_str();
  command->add_option("--ports-file", args->ports_file, "就绪后写入各端口（JSON）/ written with the ports once all is ready");
  command->add_flag("--no-live", args->no_live, "不产生实时投放 / no live drops");
  command->add_flag("--no-browser", args->no_browser, "不打开浏览器 / do not open a browser");
  command->callback([context, args, history_days] {
    if (args->small) {
      args->options.plan = SmallPlan();
      args->options.http = args->options.grpc = "127.0.0.1:0";
    }
    args->options.plan.history_days = args->small && history_days->empty() ? 0 : args->history_days;
    std::signal(SIGPIPE, SIG_IGN);
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stop_requested = true; });
    const absl::Status run = Run(*args);
    // Being asked to stop is no failure, whenever it comes.
    if (!run.ok() && !(absl::IsCancelled(run) && stop_requested)) context->exit_code = Fail(*context, run);
  });
}

}  // namespace fenfen::ctl
