// fenfenctl budgets set, list; liability: what towns may issue in a month, how long it lasts, and what is outstanding; as the operator.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/cpp/request_id.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/commands/text_table.h"
#include "fenfen/v1/budget.grpc.pb.h"
#include "google/protobuf/util/json_util.h"

namespace fenfen::ctl {
namespace {

using Stub = v1::BudgetService::Stub;

constexpr absl::Duration kCountMax = absl::Minutes(5);  // of millions of households

struct BudgetArgs {
  std::string file;
  std::string region;
  std::string month;
  bool check = false;
};

std::string RegionName(const std::string& id) { return absl::StrContains(id, '/') ? id : absl::StrCat("regions/", id); }

std::string OutlookText(const v1::Budget& budget) {
  switch (budget.outlook()) {
    case v1::Budget::OUTLOOK_LASTS:
      return "够用 lasts";
    case v1::Budget::OUTLOOK_RUNS_OUT:
      return absl::StrCat(budget.run_out_date(), " 用完 runs out");
    case v1::Budget::OUTLOOK_USED_UP:
      return budget.stopped()                       ? "已用完，停发 used up, stopped"
             : budget.end() == v1::Budget::END_STOP ? "已用完，即将停发 used up, about to stop"
                                                    : "已用完，继续发放 used up, going on";
    default:
      return "无数据 no data";
  }
}

int Set(const Context& context, const BudgetArgs& args) {
  std::ifstream file(args.file, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Fail(context, absl::NotFoundError(absl::StrCat(args.file, "：无法读取 / cannot be read")));
  v1::SetBudgetsRequest request;
  const auto parsed = google::protobuf::util::JsonStringToMessage(text.str(), &request);
  if (!parsed.ok()) {
    return Fail(context, absl::InvalidArgumentError(
                             absl::StrCat(args.file, "：不是有效的预算 JSON / not budgets in JSON: ", std::string(parsed.message()))));
  }
  request.set_request_id(client::RequestIds::FromSystem().Next());
  request.set_validate_only(args.check);
  const absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsOperator(context);
  if (!client.ok()) return Fail(context, client.status());
  const auto reply = (*client)->Call(&Stub::SetBudgets, request);
  if (!reply.ok()) return Fail(context, reply.error());
  if (context.json) {
    PrintJson(*reply);
    return reply->errors().empty() ? 0 : 1;
  }
  for (const v1::RowError& error : reply->errors()) {
    std::cerr << "第 " << error.row() << " 项 / item " << error.row() << " “" << error.field() << "”：" << error.zh() << " / " << error.en()
              << '\n';
  }
  if (!reply->errors().empty()) return 1;
  std::cout << (args.check ? "预算无误（未写入）/ the budgets are sound; nothing was written: " : "预算已设置 / set: ") << reply->written()
            << "，未变 unchanged " << reply->unchanged() << std::endl;
  return 0;
}

int List(const Context& context, const BudgetArgs& args) {
  v1::ListBudgetsRequest request;
  request.set_region(RegionName(args.region));
  request.set_month(args.month);
  const absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsOperator(context);
  if (!client.ok()) return Fail(context, client.status());
  const auto reply = (*client)->Call(&Stub::ListBudgets, request);
  if (!reply.ok()) return Fail(context, reply.error());
  if (context.json) {
    PrintJson(*reply);
    return 0;
  }
  TextTable table({"预算 budget", "街镇 town", ">上限 limit", ">已发放 issued", ">剩余 left", ">日均 a day", "预计 outlook"});
  for (const v1::Budget& budget : reply->budgets()) {
    table.Row({budget.name(), budget.region_display_name(), FormatPoints(budget.limit()), FormatPoints(budget.issued()),
               FormatPoints(budget.left()), FormatPoints(budget.issued_a_day()), OutlookText(budget)});
  }
  std::cout << table.Lines();
  return 0;
}

void PrintTotals(const v1::LiabilityTotals& totals) {
  std::cout << "\n发放 issued " << FormatPoints(totals.issued()) << " − 过期 expired " << FormatPoints(totals.expired())
            << " − 已结算 settled " << FormatPoints(totals.settled()) << " = 家庭 households " << FormatPoints(totals.households())
            << " + 兑换券 vouchers " << FormatPoints(totals.vouchers()) << " + 在途 in transit " << FormatPoints(totals.in_transit())
            << " + 商户待结算 merchants " << FormatPoints(totals.merchants()) << " − 欠分 owed " << FormatPoints(totals.owed()) << '\n'
            << (totals.difference() == 0 ? "两边相等 / both sides are equal" : "两边不相等，相差 / NOT equal, they differ by ");
  if (totals.difference() != 0) std::cout << FormatPoints(totals.difference());
  std::cout << std::endl;
}

// Exit code 1 where the books do not tie out.
int Liability(const Context& context, const BudgetArgs& args) {
  v1::GetLiabilityRequest request;
  request.set_region(RegionName(args.region));
  const absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsOperator(context);
  if (!client.ok()) return Fail(context, client.status());
  client::CallOptions call;
  call.deadline = kCountMax;
  const auto reply = (*client)->Call(&Stub::GetLiability, request, call);
  if (!reply.ok()) return Fail(context, reply.error());
  const int exit_code = reply->totals().difference() == 0 ? 0 : 1;
  if (context.json) {
    PrintJson(*reply);
    return exit_code;
  }
  TextTable table({"街镇 town", "到期月份 expire in", ">家庭 households", ">兑换券 vouchers"});
  for (const v1::LiabilityRow& row : reply->rows()) {
    table.Row({row.region_display_name(), row.month().empty() ? "不过期 never" : row.month(), FormatPoints(row.households()),
               FormatPoints(row.vouchers())});
  }
  std::cout << table.Lines();
  if (reply->has_totals()) PrintTotals(reply->totals());
  return exit_code;
}

}  // namespace

void AddBudgetCommands(CLI::App& app, Context* context) {
  auto args = std::make_shared<BudgetArgs>();
  CLI::App* budgets = app.add_subcommand("budgets", "街镇每月的积分预算（需 --operator-key）/ what towns may issue in a month");
  budgets->require_subcommand(1);
  CLI::App* set =
      budgets->add_subcommand("set", "按 JSON 文件设置；调高上限后当月恢复发放 / set from a JSON file; a raised limit re-opens its month");
  set->add_option("FILE", args->file, "{\"budgets\": [{\"name\": \"regions/…/budgets/2026-06\", \"limit\": …, \"end\": \"END_STOP\"}]}")
      ->required();
  set->add_flag("--check", args->check, "只检查，不写入 / check and write nothing");
  set->callback([context, args] { context->exit_code = Set(*context, *args); });
  CLI::App* list = budgets->add_subcommand("list", "已发放、剩余与预计用完日 / issued, left, and when it runs out");
  list->add_option("REGION", args->region, "区域编码 / the region")->required();
  list->add_option("--month", args->month, "月份 YYYY-MM，默认本月 / the month; the present one by default");
  list->callback([context, args] { context->exit_code = List(*context, *args); });
  CLI::App* liability = app.add_subcommand(
      "liability",
      "未使用积分，按到期月份，并与发放总数核对（需 --operator-key）/ points outstanding by expiry month, tied out with what was issued");
  liability->add_option("REGION", args->region, "区域编码 / the region")->required();
  liability->callback([context, args] { context->exit_code = Liability(*context, *args); });
}

}  // namespace fenfen::ctl
