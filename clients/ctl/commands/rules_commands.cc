// fenfenctl rules check, set, show: the points rules as JSON, checked by the server field by field, put in force from a day on, read back;
// as the operator.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/import/import_file.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "google/protobuf/util/json_util.h"

namespace fenfen::ctl {
namespace {

struct RulesArgs {
  std::string file;
  int32_t version = 0;
};

int CheckOrSet(const Context& context, const std::string& file, bool set) {
  absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsOperator(context);
  if (!client.ok()) return Fail(context, client.status());
  ImportOptions options;
  options.dry_run = !set;
  const absl::StatusOr<ImportOutcome> outcome = ImportRulesFile(client->get(), client::RequestIds::FromSystem(), file, options);
  if (!outcome.ok()) return Fail(context, outcome.status());
  for (const RowFault& fault : outcome->faults) std::cerr << file << "：" << fault.zh << " / " << fault.en << '\n';
  if (!outcome->faults.empty()) {
    std::cerr << "有 " << outcome->faults.size() << " 处错误，规则没有变化 / " << outcome->faults.size()
              << " errors; the rules are as before" << std::endl;
    return 1;
  }
  if (!set) {
    std::cout << "规则无误（未写入） / the rules are sound; nothing was written" << std::endl;
  } else if (outcome->written == 0) {
    std::cout << "这一版规则原已设置 / this version was set before" << std::endl;
  } else {
    std::cout << "规则已设置，从生效日零点起执行 / the rules are set, and in force from the beginning of their day" << std::endl;
  }
  return 0;
}

int Show(const Context& context, const RulesArgs& args) {
  absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsOperator(context);
  if (!client.ok()) return Fail(context, client.status());
  v1::GetRuleSetRequest request;
  request.set_version(args.version);
  const auto reply = (*client)->Call(&v1::CatalogueService::Stub::GetRuleSet, request);
  if (!reply.ok()) return Fail(context, reply.error());
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto printed = google::protobuf::util::MessageToJsonString(reply->rule_set(), &json, options);
  if (!printed.ok()) return Fail(context, absl::InternalError(std::string(printed.message())));
  if (args.file.empty()) {
    std::cout << json;
    return 0;
  }
  std::ofstream file(args.file);
  file << json;
  file.close();
  if (!file) return Fail(context, absl::UnavailableError(absl::StrCat(args.file, "：无法写入 / cannot be written")));
  std::cout << "第 " << reply->rule_set().version() << " 版规则已写入 " << args.file << " / version " << reply->rule_set().version()
            << " written" << std::endl;
  return 0;
}

}  // namespace

void AddRulesCommands(CLI::App& app, Context* context) {
  auto args = std::make_shared<RulesArgs>();
  CLI::App* rules = app.add_subcommand("rules", "积分规则（JSON） / the points rules, as JSON");
  rules->require_subcommand(1);
  CLI::App* check = rules->add_subcommand("check", "逐项检查，不写入 / check every field, write nothing");
  check->add_option("FILE", args->file, "规则文件 / the rules' file")->required();
  check->callback([context, args] { context->exit_code = CheckOrSet(*context, args->file, false); });
  CLI::App* set = rules->add_subcommand("set", "设为下一版，从生效日起执行 / set as the next version, from its day on");
  set->add_option("FILE", args->file, "规则文件 / the rules' file")->required();
  set->callback([context, args] { context->exit_code = CheckOrSet(*context, args->file, true); });
  CLI::App* show = rules->add_subcommand("show", "今天执行的规则，或某一版 / those in force today, or a version");
  show->add_option("FILE", args->file, "写入的文件，缺省为屏幕 / where to write; the screen by default");
  show->add_option("--version", args->version, "版本，缺省为今天执行的 / the version; that in force today by default");
  show->callback([context, args] { context->exit_code = Show(*context, *args); });
}

}  // namespace fenfen::ctl
