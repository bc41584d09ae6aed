// fenfenctl rebuild: Redis from the journal, compared by digest. Exit codes are in stores_commands.h.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "clients/ctl/stores/held_journal.h"
#include "clients/ctl/stores/rebuild.h"
#include "clients/ctl/stores/stores_commands.h"
#include "server/stores/redis_settings.h"

namespace fenfen::ctl {

namespace {

struct RebuildArguments {
  std::string config;
  bool dry_run = false, force = false;
};

absl::StatusOr<RebuildReport> Run(const RebuildArguments& arguments) {
  const absl::StatusOr<server::Config> config = server::LoadConfig(arguments.config);
  if (!config.ok()) return config.status();
  if (config->stores.state != "redis") {
    return absl::InvalidArgumentError(absl::StrCat(
        arguments.config, "：state.store 不是 redis，没有可重建的 / state.store is not \"redis\": there is nothing to rebuild"));
  }
  const absl::StatusOr<RedisStateOptions> redis = server::RedisOptionsOf(config->stores.redis, /*production=*/false);
  if (!redis.ok()) return redis.status();
  const auto held = HeldJournal::Open(*config, {.although_served = arguments.force});
  if (!held.ok()) return held.status();
  RebuildOptions options;
  options.dry_run = arguments.dry_run;
  options.although_ahead = arguments.force;
  options.timeout = config->stores.redis.open_timeout;
  options.say = [](const std::string& text) { std::cerr << text << std::endl; };
  absl::StatusOr<RebuildReport> report = Rebuild((*held)->journal(), *redis, options);
  if (const absl::Status lost = (*held)->StillHeld(); report.ok() && !lost.ok()) return lost;
  return report;
}

void Print(const Context& context, const RebuildArguments& arguments, const RebuildReport& report) {
  if (context.json) {
    std::cout << boost::json::object{{"dry_run", arguments.dry_run},
                                     {"partitions_equal", report.equal},
                                     {"partitions_further", report.further},
                                     {"partitions_missing_before", report.missing.size()},
                                     {"partitions_different_before", report.different.size()},
                                     {"transactions_ahead_before", report.transactions_ahead},
                                     {"transactions", report.transactions}}
              << std::endl;
    return;
  }
  std::cout << "重建前 / before: " << report.missing.size() << " 个分区不在 / partitions missing, " << report.different.size()
            << " 个不等于日志 / differing from the journal, " << report.transactions_ahead << " 条日志没有 / transactions ahead of it\n";
  if (arguments.dry_run) {
    std::cout << "只比较，没有改动；等于日志的分区 / compared only, nothing was changed; partitions equal to the journal: " << report.equal
              << std::endl;
    return;
  }
  std::cout << "已重建 / rebuilt: " << report.transactions
            << " 条记录 / transactions; 等于日志的分区 / partitions equal to the journal: " << report.equal;
  if (report.further > 0) std::cout << "，服务器已继续写入 / which servers have written to since: " << report.further;
  std::cout << std::endl;
}

}  // namespace

void AddRebuildCommand(CLI::App& app, Context* context) {
  auto arguments = std::make_shared<RebuildArguments>();
  CLI::App* command = app.add_subcommand(
      "rebuild", "从日志重建 Redis 或 Redis 集群，并按摘要核对 / a Redis or Redis Cluster from the journal, compared by digest");
  command->add_option("--config", arguments->config, "服务器的配置文件 fenfend.toml / the server's configuration")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_flag("--dry-run", arguments->dry_run, "只比较，不改动 / compare only, change nothing");
  command->add_flag(
      "--force", arguments->force,
      "即使有服务器在写 PostgreSQL 日志，或 Redis 里有未确认的记录 / although servers write the PostgreSQL journal, or Redis has "
      "transactions that nobody was told of");
  command->footer(
      "服务器运行时不需要它：服务器自己会恢复 Redis / with a server running it is not needed: the server restores Redis by itself\n"
      "谁在使用 PostgreSQL 日志 / who uses a PostgreSQL journal: SELECT application_name, client_addr FROM pg_stat_activity WHERE "
      "application_name LIKE 'fenfend%'\n"
      "退出码：0 完成（或只比较且全部相等），1 只比较且有不同，2 未能完成 / exit code: 0 done or all equal, 1 a dry run found differences, "
      "2 not done");
  command->callback([context, arguments] {
    const absl::StatusOr<RebuildReport> report = Run(*arguments);
    if (!report.ok()) {
      context->exit_code = Fail(*context, report.status());
      return;
    }
    Print(*context, *arguments, *report);
    context->exit_code = arguments->dry_run && report->equal != kPartitions ? 1 : 0;
  });
}

}  // namespace fenfen::ctl
