#include "clients/ctl/simulate/simulate_command.h"

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "clients/ctl/simulate/draft_rules.h"
#include "clients/ctl/simulate/print_simulation.h"
#include "clients/ctl/simulate/simulate.h"
#include "clients/ctl/stores/books_place.h"
#include "ledger/core/clock.h"
#include "ledger/journal/posix_file.h"

namespace fenfen::ctl {
namespace {

constexpr char kInForce[] = "current";

struct Arguments {
  std::string journal = "data/journal";
  std::string archive;
  std::string rules = kInForce;
  std::string from;
  std::string to;
  std::string households;
  int passes = 1;
  size_t top = 10;
};

absl::StatusOr<int32_t> ReadDay(absl::string_view option, const std::string& text) {
  absl::CivilDay day;
  if (text.size() == 10 && absl::ParseCivilTime(text, &day) && absl::FormatCivilTime(day) == text) return DayNumber(day);
  return absl::InvalidArgumentError(absl::StrCat(option, "：“", text, "”不是日期 YYYY-MM-DD / is not a day YYYY-MM-DD"));
}

absl::StatusOr<SimulationTerms> TermsOf(const Arguments& arguments, absl::TimeZone zone) {
  SimulationTerms terms;
  const absl::StatusOr<int32_t> first = ReadDay("--from", arguments.from);
  if (!first.ok()) return first.status();
  const absl::StatusOr<int32_t> last = ReadDay("--to", arguments.to);
  if (!last.ok()) return last.status();
  if (*last < *first) return absl::InvalidArgumentError("--to：不能早于 --from / must not be before --from");
  terms.first_day = *first;
  terms.last_day = *last;
  terms.zone = zone;
  terms.passes = arguments.passes;
  terms.top = arguments.top;
  return terms;
}

absl::StatusOr<SimulationReport> Run(const Arguments& arguments, const BooksPlace& place, SimulationTerms& terms) {
  PosixFileSystem files;
  const std::unique_ptr<ReplaySource> source =
      place.conninfo.empty() ? ReplayFiles(files, place.folder, arguments.archive.empty() ? place.archive : arguments.archive)
                             : ReplayPostgres(place.conninfo);
  const bool drafted = arguments.rules != kInForce;
  v1::RuleSet draft;
  if (drafted) {
    absl::StatusOr<v1::RuleSet> read = ReadDraft(arguments.rules);
    if (!read.ok()) return read.status();
    draft = *std::move(read);
  }
  const absl::StatusOr<LedgerHead> head = ReadHead(*source);
  if (!head.ok()) return head.status();
  if (drafted) {
    absl::StatusOr<v1::RuleSet> checked = CheckedDraft(std::move(draft), *head, terms.first_day);
    if (!checked.ok()) return absl::InvalidArgumentError(absl::StrCat(arguments.rules, "：\n", checked.status().message()));
    terms.draft = *std::move(checked);
  }
  if (arguments.households.empty()) return Simulate(*source, *head, terms, nullptr);
  std::ofstream households(arguments.households, std::ios::binary | std::ios::trunc);
  absl::StatusOr<SimulationReport> report = Simulate(*source, *head, terms, &households);
  households.close();
  if (report.ok() && !households) return absl::UnavailableError(absl::StrCat(arguments.households, "：无法写入 / cannot be written"));
  return report;
}

int RunCommand(const Context& context, const Arguments& arguments) {
  const absl::StatusOr<BooksPlace> place = FindBooksPlace(arguments.journal);
  if (!place.ok()) return Fail(context, place.status());
  absl::StatusOr<SimulationTerms> terms = TermsOf(arguments, place->zone);
  if (!terms.ok()) return Fail(context, terms.status());
  const absl::StatusOr<SimulationReport> report = Run(arguments, *place, *terms);
  if (!report.ok()) return Fail(context, report.status());
  std::cout << (context.json ? SimulationJson(*report, *terms) : SimulationText(*report, *terms)) << std::endl;
  return report->not_reproduced == 0 ? 0 : 1;
}

}  // namespace

void AddSimulateCommand(CLI::App& app, Context* context) {
  CLI::App* command = app.add_subcommand(
      "simulate", "用草案规则重算一段时间的投放，不写入账本 / what a period's drops would have earned under draft rules; writes nothing");
  auto arguments = std::make_shared<Arguments>();
  command
      ->add_option("--rules", arguments->rules,
                   "草案规则的 JSON 文件；current 为现行规则，应与账本逐笔一致 / the draft's JSON file; current for the rules in force, "
                   "which must give the ledger again")
      ->capture_default_str();
  command->add_option("--from", arguments->from, "第一天 YYYY-MM-DD / the first day of drops")->required();
  command->add_option("--to", arguments->to, "最后一天 YYYY-MM-DD / the last day of drops")->required();
  command
      ->add_option(
          "--journal", arguments->journal,
          "日志目录，或服务器配置文件，或 PostgreSQL 连接串 / the journal's folder, or the server's configuration, or a connection "
          "string of PostgreSQL")
      ->capture_default_str();
  command->add_option("--archive", arguments->archive, "归档目录，如 data/archive / the folder that old segments were moved to");
  command->add_option("--households", arguments->households,
                      "每户一行的 CSV，单位百分之一分 / a CSV of all households, hundredths of a point");
  command->add_option("--top", arguments->top, "列出增减最多的户数 / households named that gain and lose most")
      ->check(CLI::Range(size_t{0}, kTopMax))
      ->capture_default_str();
  command->add_option("--passes", arguments->passes, "分几遍读，越多占内存越少 / reads the journal so many times, for less memory")
      ->check(CLI::Range(1, kPassesMax))
      ->capture_default_str();
  command->footer(
      "退出码：0 完成；1 现行规则未能重现账本；2 无法进行 / exit code: 0 done; 1 the rules in force do not give the ledger again; 2 it "
      "could "
      "not be done");
  command->callback([context, arguments] { context->exit_code = RunCommand(*context, *arguments); });
}

}  // namespace fenfen::ctl
