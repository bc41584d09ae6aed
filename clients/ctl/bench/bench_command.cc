#include "clients/ctl/bench/bench_command.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>

#include "clients/ctl/bench/benchmarks.h"
#include "clients/ctl/bench/children.h"
#include "clients/ctl/bench/echo_server.h"
#include "clients/ctl/bench/hello_server.h"
#include "clients/ctl/bench/idle_households.h"
#include "clients/ctl/bench/statement.h"

namespace fenfen::ctl {
namespace {

constexpr double kQuickSeconds = 0.05;

struct Arguments {
  bench::Options options;
  double seconds = 3;
  uint32_t households = 0;
  int pages = 0;
  std::string ledger_folder;
  std::string reply_file;
  std::string ready_file;
  std::string sync_file;
};

using Benchmark = absl::Status (*)(const bench::Options&, bench::Report&);

void AddBenchmark(CLI::App& bench, Context* context, const std::shared_ptr<Arguments>& arguments, const char* name, const char* help,
                  Benchmark run) {
  bench.add_subcommand(name, help)->callback([context, arguments, run] {
    bench::Options& options = arguments->options;
    if (options.quick) arguments->seconds = kQuickSeconds;
    if (options.quick) options.rounds = 1;
    options.measurement = absl::Seconds(arguments->seconds);
    std::signal(SIGPIPE, SIG_IGN);
    bench::Report report(context->json, std::cout, std::cerr);
    const absl::Status status = run(options, report);
    if (!status.ok()) context->exit_code = Fail(*context, status);
  });
}

// What benchmarks start as processes of their own; no command for people.
void AddHelpers(CLI::App& bench, Context* context, const std::shared_ptr<Arguments>& arguments) {
  const auto serve = [&](const char* name, auto run) -> CLI::App* {
    CLI::App* command = bench.add_subcommand(name, "")->group("");
    command->add_option("--reply", arguments->reply_file)->required();
    command->add_option("--ready-file", arguments->ready_file)->required();
    command->callback([context, arguments, run] {
      const absl::Status status = run(arguments->reply_file, arguments->ready_file);
      if (!status.ok()) context->exit_code = Fail(*context, status);
    });
    return command;
  };
  serve("serve-hello", bench::ServeHello);
  serve("serve-echo", [arguments](const std::string& reply, const std::string& ready) {
    return bench::ServeEcho(reply, ready, arguments->sync_file);
  })->add_option("--sync-file", arguments->sync_file);
  CLI::App* read = bench.add_subcommand("read-statements", "")->group("");
  read->add_option("--ledger", arguments->ledger_folder)->required();
  read->add_option("--households", arguments->households)->required();
  read->add_option("--pages", arguments->pages)->required();
  read->callback([context, arguments] {
    const absl::StatusOr<bench::StatementCost> cost =
        bench::ReadStatements(arguments->ledger_folder, arguments->households, arguments->pages);
    if (!cost.ok()) {
      context->exit_code = Fail(*context, cost.status());
      return;
    }
    std::cout << boost::json::object{{"p50", cost->p50}, {"p99", cost->p99}, {"bare_p50", cost->bare_p50}, {"bare_p99", cost->bare_p99}}
              << std::endl;
  });
  CLI::App* hold = bench.add_subcommand("hold-households", "")->group("");
  hold->add_option("--households", arguments->households)->required();
  hold->callback([context, arguments] {
    const absl::StatusOr<bench::IdleCost> cost = bench::HoldIdleHouseholds(arguments->households);
    if (!cost.ok()) {
      context->exit_code = Fail(*context, cost.status());
      return;
    }
    std::cout << boost::json::object{{"base", cost->base}, {"resident", cost->resident}, {"raw", cost->raw}} << std::endl;
  });
}

}  // namespace

void AddBenchCommand(CLI::App& app, Context* context) {
  auto arguments = std::make_shared<Arguments>();
  bench::Options& options = arguments->options;
  CLI::App* command =
      app.add_subcommand("bench", "测速：每个数字都与同一次运行中的裸机极限并列 / benchmarks, each beside the bare limit in the same run");
  command->require_subcommand(1);
  command->add_option("--seconds", arguments->seconds, "每行每一方测多少秒 / seconds for each side of each line")
      ->check(CLI::Range(0.01, 600.0))
      ->capture_default_str();
  command->add_option("--rounds", options.rounds, "裸机与我们交替几轮 / how many times bare and ours take turns")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_flag("--quick", options.quick,
                    "只看能不能跑，数字没有意义 / small and short, to see that it runs; the figures mean nothing");
  command->add_flag("--full", options.full, "真的跑一千万户，需要内存和时间 / ten million households really; takes memory and time");
  command->add_option("--only", options.only,
                      "core、unary 和 redis 只测名字含此文字的行 / of core, unary and redis, only lines whose name contains this");
  options.folder = (std::filesystem::temp_directory_path() / "fenfen-bench").string();
  command->add_option("--dir", options.folder, "临时文件夹，在要测的磁盘上 / for temporary files, on the disk to measure")
      ->capture_default_str();
  options.bin = std::filesystem::path(bench::OwnProgram()).parent_path().string();
  command->add_option("--bin", options.bin, "各程序所在文件夹 / the folder of the programs")->check(CLI::ExistingDirectory);
  AddBenchmark(*command, context, arguments, "core", "账本引擎：转账和投放 / the ledger engine: transfers and drops", bench::RunCore);
  AddBenchmark(*command, context, arguments, "unary", "一次投放一次调用 / one drop a call", bench::RunUnary);
  AddBenchmark(*command, context, arguments, "stream", "设备上传：签名的批次，每批一千次投放 / devices' signed batches of a thousand drops",
               bench::RunStream);
  AddBenchmark(*command, context, arguments, "memory", "闲置家庭占多少内存 / what idle households cost in memory", bench::RunMemory);
  AddBenchmark(*command, context, arguments, "recovery", "重放、从快照启动、核对 / replay, start from a snapshot, verify",
               bench::RunRecovery);
  AddBenchmark(*command, context, arguments, "bridge", "网关的缓存读取 / reads from the bridge's memory", bench::RunBridge);
  AddBenchmark(*command, context, arguments, "scale", "家庭越多，一次投放贵多少 / what a drop costs with more households", bench::RunScale);
  AddBenchmark(*command, context, arguments, "statement", "大账本里一户账单的第一页 / the first page of a statement in a large journal",
               bench::RunStatement);
  AddBenchmark(*command, context, arguments, "redis", "Redis、两个分片、PostgreSQL 日志 / Redis, two shards, the PostgreSQL journal",
               bench::RunRedis);
  AddBenchmark(*command, context, arguments, "stored-bytes",
               "一户在 Redis、一条记录在 PostgreSQL 占多少 / what a household and a transaction take", bench::RunStoredBytes);
  AddHelpers(*command, context, arguments);
}

}  // namespace fenfen::ctl
