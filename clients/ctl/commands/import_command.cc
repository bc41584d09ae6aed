// fenfenctl import: one file, all or nothing, with every bad cell told by line, column and reason.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/import/import_file.h"

namespace fenfen::ctl {

namespace {

struct ImportArgs {
  std::string kind, file;
  ImportOptions options;
};

void PrintOutcome(const Context& context, const ImportArgs& args, absl::string_view kind_zh, const ImportOutcome& outcome) {
  if (context.json) {
    boost::json::array faults;
    for (const RowFault& fault : outcome.faults) {
      faults.push_back(boost::json::object{
          {"line", fault.line}, {"column", fault.column}, {"column_name", fault.column_name}, {"zh", fault.zh}, {"en", fault.en}});
    }
    std::cout << boost::json::object{{"kind", args.kind},
                                     {"rows", outcome.rows},
                                     {"written", outcome.written},
                                     {"unchanged", outcome.unchanged},
                                     {"dry_run", args.options.dry_run},
                                     {"errors", faults}}
              << std::endl;
    return;
  }
  if (!outcome.faults.empty()) {
    for (const RowFault& fault : outcome.faults) std::cerr << args.file << "：" << fault.ToString() << '\n';
    const bool more = outcome.faults.size() >= kErrorsMax;
    std::cerr << "有 " << outcome.faults.size() << (more ? " 处以上" : " 处") << "错误，没有导入任何内容 / " << outcome.faults.size()
              << (more ? " errors or more" : " errors") << "; nothing was imported" << std::endl;
    return;
  }
  const char* done = args.options.dry_run ? "检查通过（未写入）" : "已导入";
  std::cout << done << " " << kind_zh << "：" << outcome.rows << " 行，写入 " << outcome.written << "，原已相同 " << outcome.unchanged
            << " / " << args.kind << ": " << outcome.rows << " rows, " << outcome.written << " written, " << outcome.unchanged
            << " unchanged" << std::endl;
}

int Import(const Context& context, const ImportArgs& args) {
  const std::optional<ImportKind> kind = ImportKindOf(args.kind);
  absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsOperator(context);
  if (!client.ok()) return Fail(context, client.status());
  const client::RequestIds ids = client::RequestIds::FromSystem();
  const absl::StatusOr<ImportOutcome> outcome = kind.has_value() ? ImportCsvFile(client->get(), ids, *kind, args.file, args.options)
                                                                 : ImportRulesFile(client->get(), ids, args.file, args.options);
  if (!outcome.ok()) return Fail(context, outcome.status());
  PrintOutcome(context, args, kind.has_value() ? KindNameZh(*kind) : "积分规则", *outcome);
  return outcome->faults.empty() ? 0 : 1;
}

}  // namespace

void AddImportCommand(CLI::App& app, Context* context) {
  auto args = std::make_shared<ImportArgs>();
  CLI::App* command = app.add_subcommand(
      "import",
      "从 CSV 导入（UTF-8 或 GB18030），规则从 JSON 导入；有错则一行也不导入 / import CSV files, rules from JSON; all or nothing");
  command->add_option("KIND", args->kind, "regions stations devices merchants offers staff households rules")
      ->required()
      ->check(CLI::IsMember({"regions", "stations", "devices", "merchants", "offers", "staff", "households", "rules"}));
  command->add_option("FILE", args->file, "文件 / the file")->required();
  command->add_flag("--dry-run", args->options.dry_run, "只检查，不写入 / check everything, write nothing");
  const std::map<std::string, Encoding> encodings = {
      {"auto", Encoding::kDetect}, {"utf-8", Encoding::kUtf8}, {"gb18030", Encoding::kGb18030}};
  command->add_option("--encoding", args->options.encoding, "文件编码，默认自动识别 / the file's encoding; detected by default")
      ->transform(CLI::CheckedTransformer(encodings, CLI::ignore_case));
  command->callback([context, args] { context->exit_code = Import(*context, *args); });
}

}  // namespace fenfen::ctl
