// fenfenctl migrate: the books from the stores of one configuration to those of another; run again after an interruption.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "clients/ctl/stores/migrate.h"
#include "clients/ctl/stores/stores_commands.h"

namespace fenfen::ctl {

namespace {

constexpr absl::Duration kTellEvery = absl::Seconds(2);

struct MigrateArguments {
  std::string from, to;
  bool dry_run = false;
};

absl::StatusOr<MigrateReport> Run(const MigrateArguments& arguments) {
  const absl::StatusOr<server::Config> from = server::LoadConfig(arguments.from);
  if (!from.ok()) return from.status();
  const absl::StatusOr<server::Config> to = server::LoadConfig(arguments.to);
  if (!to.ok()) return to.status();
  MigrateOptions options;
  options.dry_run = arguments.dry_run;
  options.say = [](const std::string& text) { std::cerr << text << std::endl; };
  options.progress = [next = absl::InfinitePast()](uint64_t copied) mutable {
    if (absl::Now() < next) return;
    next = absl::Now() + kTellEvery;
    std::cerr << "已复制 / copied " << copied << std::endl;
  };
  return MigrateBooks(*from, *to, options);
}

void Print(const Context& context, const MigrateArguments& arguments, const MigrateReport& report) {
  if (context.json) {
    std::cout << boost::json::object{{"dry_run", arguments.dry_run},     {"journal", absl::StrFormat("%016x", report.journal_id)},
                                     {"entries_copied", report.copied},  {"entries", report.entries},
                                     {"partitions_equal", report.equal}, {"partitions_rebuilt", report.rebuilt}}
              << std::endl;
    return;
  }
  if (arguments.dry_run) {
    std::cout << "日志共 " << report.entries << " 条，要复制 " << report.copied << " 条；没有改动 / the journal has " << report.entries
              << " entries, " << report.copied << " are to be copied; nothing was changed" << std::endl;
    return;
  }
  std::cout << "完成：复制 " << report.copied << " 条，共 " << report.entries << " 条；一致的分区 " << report.equal
            << "，重建的 Redis 分区 " << report.rebuilt << " / done: " << report.copied << " entries copied of " << report.entries
            << "; partitions equal " << report.equal << ", partitions of Redis rebuilt " << report.rebuilt << "\n"
            << "密钥和审计日志不在其中，请另行复制 / keys and the audit log are not part of it: copy them too" << std::endl;
}

}  // namespace

void AddMigrateCommand(CLI::App& app, Context* context) {
  auto arguments = std::make_shared<MigrateArguments>();
  CLI::App* command = app.add_subcommand(
      "migrate", "把账本迁到另一种存储，可中断后继续，并按摘要核对 / the books into other stores; can be resumed; compared by digest");
  command->add_option("--from", arguments->from, "现用的配置文件 / the configuration in use")->required()->check(CLI::ExistingFile);
  command->add_option("--to", arguments->to, "目标的配置文件 / the configuration to go to")->required()->check(CLI::ExistingFile);
  command->add_flag("--dry-run", arguments->dry_run, "只看要复制多少，不改动 / only say what is to be copied");
  command->footer(
      "两边的服务器都要停止；日志的编号、序号、请求键和时间都不变 / the servers of both must be stopped; the journal's id, sequence "
      "numbers, request keys and times stay what they are");
  command->callback([context, arguments] {
    const absl::StatusOr<MigrateReport> report = Run(*arguments);
    if (!report.ok()) {
      context->exit_code = Fail(*context, report.status());
      return;
    }
    Print(*context, *arguments, *report);
  });
}

}  // namespace fenfen::ctl
