// fenfenctl journal archive and journal restore: months of a PostgreSQL journal to files and back.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "clients/ctl/stores/stores_commands.h"
#include "ledger/journal/posix_file.h"
#include "ledger/journal/postgres/archive.h"
#include "ledger/journal/postgres/base.h"
#include "server/config/config.h"
#include "server/stores/journal_base.h"

namespace fenfen::ctl {

namespace {

struct JournalArguments {
  std::string config, month, directory, file;
};

absl::StatusOr<PostgresSessionOptions> SessionOf(const JournalArguments& arguments, absl::TimeZone* zone = nullptr) {
  const absl::StatusOr<server::Config> config = server::LoadConfig(arguments.config);
  if (!config.ok()) return config.status();
  if (config->journal.store != "postgres") {
    return absl::InvalidArgumentError(
        absl::StrCat(arguments.config,
                     "：journal.store 不是 postgres；文件日志的归档见 journal.retention_days / journal.store is not "
                     "\"postgres\"; for files see journal.retention_days"));
  }
  if (zone != nullptr) *zone = config->time_zone;
  PostgresSessionOptions options;
  options.conninfo = config->stores.postgres.connection;
  options.timeout = config->stores.postgres.timeout;
  return options;
}

absl::StatusOr<bool> IsCovered(const PostgresSessionOptions& options, absl::CivilMonth month, const SequenceVector& sequences) {
  const absl::StatusOr<std::unique_ptr<PgConnection>> session = OpenPostgresSession(options);
  if (!session.ok()) return session.status();
  const absl::Status covered = CheckCovered(**session, month, sequences);
  if (!covered.ok() && !absl::IsFailedPrecondition(covered)) return covered;
  return covered.ok();
}

absl::StatusOr<ArchiveSummary> Archive(const JournalArguments& arguments) {
  absl::TimeZone zone;
  const absl::StatusOr<PostgresSessionOptions> session = SessionOf(arguments, &zone);
  if (!session.ok()) return session.status();
  absl::CivilMonth month;
  if (!absl::ParseCivilTime(arguments.month, &month)) {
    return absl::InvalidArgumentError(absl::StrCat("MONTH：", arguments.month, " 应为 YYYY-MM / must be YYYY-MM"));
  }
  PosixFileSystem files;
  if (absl::Status made = files.CreateDirectory(arguments.directory); !made.ok()) return made;
  // Servers start from a base once the months before are gone.
  absl::StatusOr<std::optional<BaseInfo>> base = NewestBase(*session);
  if (!base.ok()) return base.status();
  const absl::StatusOr<bool> covered = *base ? IsCovered(*session, month, (*base)->sequences) : absl::StatusOr<bool>(false);
  if (!covered.ok()) return covered.status();
  if (!*covered) {
    std::cerr << "折叠日志，存入新的起点快照 / folding the journal into a new base" << std::endl;
    const absl::StatusOr<BaseInfo> made = server::MakeBase(*session, files, absl::StrCat(arguments.directory, "/base"), zone);
    if (!made.ok()) return made.status();
    *base = *made;
  }
  return ArchiveMonth(*session, files, arguments.directory, month, &(*base)->sequences);
}

absl::StatusOr<ArchiveSummary> Restore(const JournalArguments& arguments) {
  const absl::StatusOr<PostgresSessionOptions> session = SessionOf(arguments);
  if (!session.ok()) return session.status();
  PosixFileSystem files;
  return RestoreMonth(*session, files, arguments.file);
}

int Print(const Context& context, const absl::StatusOr<ArchiveSummary>& summary, const char* done, const std::string& file) {
  if (!summary.ok()) return Fail(context, summary.status());
  const std::string month = absl::FormatCivilTime(summary->head.month);
  if (context.json) {
    std::cout << boost::json::object{{"month", month},
                                     {"file", file},
                                     {"entries", summary->rows[0]},
                                     {"postings", summary->rows[1]},
                                     {"record_changes", summary->rows[2]},
                                     {"sha256", summary->sha256}}
              << std::endl;
  } else {
    std::cout << done << " " << month << ": " << file << "，" << summary->rows[0] << " 条记录 / entries, sha256 " << summary->sha256
              << std::endl;
  }
  return 0;
}

}  // namespace

void AddJournalCommands(CLI::App& app, Context* context) {
  auto arguments = std::make_shared<JournalArguments>();
  CLI::App* command = app.add_subcommand("journal", "PostgreSQL 日志的归档与恢复 / archiving and restoring months of a PostgreSQL journal");
  command->require_subcommand(1);
  command->add_option("--config", arguments->config, "服务器的配置文件 fenfend.toml / the server's configuration")
      ->required()
      ->check(CLI::ExistingFile);
  CLI::App* archive = command->add_subcommand(
      "archive", "把过去的一个月移到文件；服务器可继续运行 / moves a month that is over to a file; servers may go on");
  archive->add_option("MONTH", arguments->month, "YYYY-MM（UTC）")->required();
  archive->add_option("--to", arguments->directory, "归档文件夹 / the folder for the file")->required();
  archive->footer(
      "先把整个日志折叠成起点快照存入数据库，服务器由它启动；需要能容纳全部余额的内存。归档的月份在恢复之前不能读取或重放，清空的 Redis "
      "要先恢复各月才能重建；请妥善保存文件 / first folds the journal into a base in the database, from which servers start: memory must "
      "hold "
      "all balances. An archived month cannot be read or replayed until it is restored, and an emptied Redis needs all months to be "
      "restored: keep the file, it is a part of the truth");
  archive->callback([context, arguments] {
    const absl::StatusOr<ArchiveSummary> summary = Archive(*arguments);
    const std::string file = summary.ok() ? absl::StrCat(arguments->directory, "/", ArchiveFileName(summary->head)) : "";
    context->exit_code = Print(*context, summary, "已归档 / archived", file);
  });
  CLI::App* restore = command->add_subcommand("restore", "把归档的月份复制回来 / copies an archived month back");
  restore->add_option("FILE", arguments->file, "归档文件 / the archived month")->required()->check(CLI::ExistingFile);
  restore->callback(
      [context, arguments] { context->exit_code = Print(*context, Restore(*arguments), "已恢复 / restored", arguments->file); });
}

}  // namespace fenfen::ctl
