// fenfenctl settlement create, approve, reject, pay, list, reconcile, export: what merchants are owed, for whom --as names.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "clients/cpp/request_id.h"
#include "clients/ctl/commands/ask.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/commands/settlement_sheet.h"
#include "clients/ctl/commands/text_table.h"
#include "fenfen/v1/settlement.grpc.pb.h"
#include "fenfen/v1/voucher.grpc.pb.h"

namespace fenfen::ctl {
namespace {

using v1::Settlement;
using Stub = v1::SettlementService::Stub;

struct Args {
  std::string name;  // of a merchant or a statement
  std::string last_day, reason, reference, file;
};

std::string MerchantName(const std::string& text) { return absl::StrContains(text, '/') ? text : absl::StrCat("merchants/", text); }

void AddRow(TextTable& table, const Settlement& settlement) {
  table.Row({settlement.name(), settlement.first_day(), settlement.last_day(), absl::StrCat(settlement.count()),
             FormatPoints(settlement.amount()), FormatPoints(settlement.refunded_amount()), StateWords(settlement.state()),
             settlement.maker(), settlement.checker(), settlement.bank_reference()});
}

TextTable NewTable() {
  return TextTable({"结算单 / settlement", "自 / from", "至 / to", ">笔数 / count", ">积分 / points", ">退款 / refunded", "状态 / state",
                    "制单 / maker", "审批 / checker", "银行流水 / bank"});
}

// The same for what leaves a statement.
template <typename Method, typename Request>
int Change(const Context& context, Method method, Request request) {
  request.set_request_id(client::RequestIds::FromSystem().Next());
  return Ask(context, method, request, [](const auto& reply) {
    TextTable table = NewTable();
    AddRow(table, reply.settlement());
    std::cout << table.Lines();
  });
}

int List(const Context& context, const Args& args) {
  v1::ListSettlementsRequest request;
  request.set_merchant(MerchantName(args.name));
  return Ask(context, &Stub::ListSettlements, request, [](const v1::ListSettlementsResponse& reply) {
    TextTable table = NewTable();
    for (const Settlement& settlement : reply.settlements()) AddRow(table, settlement);
    std::cout << table.Lines();
  });
}

// Exit code 1 where anything does not fit.
int Reconcile(const Context& context, const Args& args) {
  v1::ReconcileSettlementsRequest request;
  request.set_merchant(MerchantName(args.name));
  bool fits = true;
  const int asked = Ask(context, &Stub::ReconcileSettlements, request, [&](const v1::ReconcileSettlementsResponse& reply) {
    fits = reply.in_none().empty() && reply.in_two().empty() && reply.changed().empty();
    for (const std::string& name : reply.in_none()) std::cout << "不在任何结算单中 / in no settlement: " << name << '\n';
    for (const std::string& name : reply.in_two()) std::cout << "在两张结算单中 / in two settlements: " << name << '\n';
    for (const std::string& name : reply.changed()) std::cout << "与核销记录不符 / no longer what its captures are: " << name << '\n';
    std::cout << (fits ? "核销与结算一致 / captures and settlements fit" : "核销与结算不一致 / they do not fit")
              << "；未结算 / open: " << reply.open_count() << "，" << FormatPoints(reply.open_amount()) << std::endl;
  });
  return asked != 0 ? asked : fits ? 0 : 1;
}

// Adds all captures of a day, the newest first; an exit code.
int AddDay(const Context& context, client::Client& client, absl::CivilDay day, SettlementSheet& sheet) {
  v1::ListCapturesRequest request;
  request.set_merchant(sheet.settlement.merchant());
  request.set_day(absl::FormatCivilTime(day));
  request.set_page_size(100);
  do {
    const auto page = client.Call(&v1::VoucherService::Stub::ListCaptures, request);
    if (!page.ok()) return Fail(context, page.error());
    for (const v1::Capture& capture : page->captures()) sheet.captures.push_back(capture);
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return 0;
}

// By the file's ending; CSV to standard output where there is no file.
absl::Status WriteSheet(const SettlementSheet& sheet, const std::string& file) {
  if (absl::EndsWithIgnoreCase(file, ".xlsx")) return WriteXlsx(sheet, file);
  std::ofstream opened;
  if (!file.empty()) opened.open(file, std::ios::trunc | std::ios::binary);
  std::ostream& out = file.empty() ? std::cout : opened;
  WriteCsv(sheet, out);
  return out.flush() ? absl::OkStatus() : absl::UnavailableError(absl::StrCat(file, "：写不进去 / cannot be written"));
}

int Export(const Context& context, const Args& args) {
  const absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsPerson(context);
  if (!client.ok()) return Fail(context, client.status());
  v1::ListSettlementsRequest request;
  request.set_merchant(args.name.substr(0, args.name.find("/settlements/")));
  const auto all = (*client)->Call(&Stub::ListSettlements, request);
  if (!all.ok()) return Fail(context, all.error());
  const auto found = std::find_if(all->settlements().begin(), all->settlements().end(),
                                  [&](const Settlement& settlement) { return settlement.name() == args.name; });
  if (found == all->settlements().end()) return Fail(context, absl::NotFoundError("没有这张结算单 / no such settlement"));
  SettlementSheet sheet{*found, {}};
  absl::CivilDay first, last;
  if (!absl::ParseCivilTime(found->first_day(), &first) || !absl::ParseCivilTime(found->last_day(), &last)) {
    return Fail(context, absl::DataLossError("结算单的日期无效 / the settlement's days cannot be read"));
  }
  for (absl::CivilDay day = first; day <= last; ++day) {
    if (const int failed = AddDay(context, **client, day, sheet); failed != 0) return failed;
  }
  if (const absl::Status written = WriteSheet(sheet, args.file); !written.ok()) return Fail(context, written);
  if (!args.file.empty()) std::cout << "已写入 / wrote " << args.file << std::endl;
  return 0;
}

}  // namespace

void AddSettlementCommands(CLI::App& app, Context* context) {
  auto args = std::make_shared<Args>();
  CLI::App* group = app.add_subcommand("settlement", "商户结算（需 --as 与 --key）/ what merchants are owed");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, const char* what, const char* about) {
    CLI::App* command = group->add_subcommand(name, help);
    command->add_option(what, args->name, about)->required();
    return command;
  };
  const char* const kMerchant = "商户编号 / the merchant's id";
  const char* const kStatement = "merchants/商户/settlements/编号 / the statement's name";

  CLI::App* create = add("create", "制单：自上一张之后，至某日止 / make the statement up to a day", "MERCHANT", kMerchant);
  create->add_option("--to", args->last_day, "最后一天 YYYY-MM-DD / its last day")->required();
  create->callback([context, args] {
    v1::CreateSettlementRequest request;
    request.set_merchant(MerchantName(args->name));
    request.set_last_day(args->last_day);
    context->exit_code = Change(*context, &Stub::CreateSettlement, request);
  });
  add("approve", "审批（须由另一人）/ approve, as another person", "SETTLEMENT", kStatement)->callback([context, args] {
    v1::ApproveSettlementRequest request;
    request.set_name(args->name);
    context->exit_code = Change(*context, &Stub::ApproveSettlement, request);
  });
  CLI::App* reject = add("reject", "退回 / reject", "SETTLEMENT", kStatement);
  reject->add_option("--reason", args->reason, "原因 / why")->required();
  reject->callback([context, args] {
    v1::RejectSettlementRequest request;
    request.set_name(args->name);
    request.set_reason(args->reason);
    context->exit_code = Change(*context, &Stub::RejectSettlement, request);
  });
  CLI::App* pay = add("pay", "登记已付款 / note the bank's payment", "SETTLEMENT", kStatement);
  pay->add_option("--reference", args->reference, "银行流水号 / the bank's reference")->required();
  pay->callback([context, args] {
    v1::PaySettlementRequest request;
    request.set_name(args->name);
    request.set_bank_reference(args->reference);
    context->exit_code = Change(*context, &Stub::PaySettlement, request);
  });
  add("list", "商户的结算单 / a merchant's statements", "MERCHANT", kMerchant)->callback([context, args] {
    context->exit_code = List(*context, *args);
  });
  add("reconcile", "核对核销与结算单 / compare captures with statements", "MERCHANT", kMerchant)->callback([context, args] {
    context->exit_code = Reconcile(*context, *args);
  });
  CLI::App* sheet =
      add("export", "导出结算单及核销明细：CSV 或 XLSX / the statement with its captures, as CSV or XLSX", "SETTLEMENT", kStatement);
  sheet->add_option("--out", args->file, "文件 .csv 或 .xlsx，默认向标准输出写 CSV / the file; CSV to standard output by default");
  sheet->callback([context, args] { context->exit_code = Export(*context, *args); });
}

}  // namespace fenfen::ctl
