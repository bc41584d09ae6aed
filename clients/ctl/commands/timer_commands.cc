// fenfenctl timers list, timers run: what the server does by itself, and doing it now; as the operator.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/commands/text_table.h"
#include "fenfen/v1/timer.grpc.pb.h"

namespace fenfen::ctl {
namespace {

// A walk over millions of households takes minutes.
constexpr absl::Duration kRunMax = absl::Minutes(30);

std::string Seconds(double seconds) { return absl::StrFormat("%.1f", seconds); }

void AddRow(TextTable& table, const v1::Timer& timer) {
  table.Row({timer.name(), Seconds(timer.period_seconds()), absl::StrCat(timer.runs()), absl::StrCat(timer.failures()),
             timer.since_done_seconds() < 0 ? "—" : Seconds(timer.since_done_seconds()), Seconds(timer.last_seconds()),
             timer.running() ? "本机正在执行 / running here" : timer.holder(), timer.last_error()});
}

TextTable NewTable() {
  return TextTable({"任务 / timer", ">周期 / period s", ">完成 / runs", ">失败 / failures", ">距上次 / since s", ">用时 / took s",
                    "执行者 / holder", "错误 / error"});
}

int List(const Context& context) {
  const absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsOperator(context);
  if (!client.ok()) return Fail(context, client.status());
  const auto reply = (*client)->Call(&v1::TimerService::Stub::ListTimers, v1::ListTimersRequest());
  if (!reply.ok()) return Fail(context, reply.error());
  if (context.json) {
    PrintJson(*reply);
    return 0;
  }
  TextTable table = NewTable();
  for (const v1::Timer& timer : reply->timers()) AddRow(table, timer);
  std::cout << table.Lines();
  if (!reply->enabled()) std::cout << "这台服务器不自动执行定时任务 / this server runs none by itself\n";
  return 0;
}

int Run(const Context& context, const std::string& name) {
  const absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsOperator(context);
  if (!client.ok()) return Fail(context, client.status());
  v1::RunTimerRequest request;
  request.set_name(absl::StrContains(name, '/') ? name : absl::StrCat("timers/", name));
  client::CallOptions call;
  call.deadline = kRunMax;
  call.attempts_max = 1;
  const auto reply = (*client)->Call(&v1::TimerService::Stub::RunTimer, request, call);
  if (!reply.ok()) return Fail(context, reply.error());
  if (context.json) {
    PrintJson(*reply);
    return 0;
  }
  TextTable table = NewTable();
  AddRow(table, reply->timer());
  std::cout << table.Lines();
  return 0;
}

}  // namespace

void AddTimerCommands(CLI::App& app, Context* context) {
  CLI::App* timers = app.add_subcommand("timers", "服务器的定时任务（需 --operator-key）/ what the servers do by themselves");
  timers->require_subcommand(1);
  timers->add_subcommand("list", "列出任务及其状态 / the jobs and what they are at")->callback([context] {
    context->exit_code = List(*context);
  });
  auto name = std::make_shared<std::string>();
  CLI::App* run = timers->add_subcommand("run", "立即执行一个任务 / run one now, due or not");
  run->add_option("NAME", *name, "任务名，如 expire-lots / its name")->required();
  run->callback([context, name] { context->exit_code = Run(*context, *name); });
}

}  // namespace fenfen::ctl
