// fenfenctl pending list, inspect, release, reject; claw-back; bag issue, revoke, inspect: drops that wait and tagged bags, for whom --as
// names.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/cpp/request_id.h"
#include "clients/ctl/commands/ask.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/commands/text_table.h"
#include "fenfen/v1/verification.grpc.pb.h"

namespace fenfen::ctl {
namespace {

using Stub = v1::VerificationService::Stub;

constexpr int kPageSize = 100;

struct Args {
  std::string name, tag, station, category, material, reason, put_in, request_id;
  int64_t grams = 0;
  int32_t pieces = 0;
  int32_t count = 0;
};

// The same for what writes an entry.
template <typename Method, typename Request>
int Change(const Context& context, const Args& args, Method method, Request request) {
  request.set_request_id(args.request_id.empty() ? client::RequestIds::FromSystem().Next() : args.request_id);
  return Ask(context, method, request, [](const auto& reply) {
    if constexpr (requires { reply.tags(); }) {
      for (const std::string& tag : reply.tags()) std::cout << tag << '\n';
    }
    std::cout << reply.entry().name() << '\n' << reply.entry().reason_zh() << '\n' << reply.entry().reason_en() << '\n';
  });
}

absl::StatusOr<v1::Category> ReadCategory(const std::string& text) {
  v1::Category category = v1::CATEGORY_UNSPECIFIED;
  if (text.empty() || v1::Category_Parse(absl::StrCat("CATEGORY_", text), &category)) return category;
  return absl::InvalidArgumentError(absl::StrCat("没有类别 ", text, " / there is no category ", text, ": FOOD, RECYCLABLE, HAZARDOUS …"));
}

absl::StatusOr<v1::RejectionReason> ReadReason(const std::string& text) {
  v1::RejectionReason reason = v1::REJECTION_REASON_UNSPECIFIED;
  if (text.empty() || v1::RejectionReason_Parse(absl::StrCat("REJECTION_REASON_", text), &reason)) return reason;
  return absl::InvalidArgumentError(absl::StrCat("没有原因代码 ", text, " / there is no reason ", text, "; see fenfenctl pending reasons"));
}

template <typename Reply>
void ShowPending(const Reply& reply) {
  TextTable table({"投放 / drop", "原因 / waits for", "类别 / category", ">克 / grams", "站点 / station", "到期 / due"});
  for (const v1::PendingDrop& drop : reply.pending_drops()) {
    const absl::Time due = absl::FromUnixSeconds(drop.due_time().seconds());
    table.Row({drop.name(), v1::PendingDrop::Cause_Name(drop.cause()).substr(6), v1::Category_Name(drop.category()).substr(9),
               absl::StrCat(drop.weight_grams()), drop.station(),
               drop.has_due_time() ? absl::FormatTime("%Y-%m-%d %H:%MZ", due, absl::UTCTimeZone()) : "人工 / a person"});
  }
  std::cout << table.Lines();
  if (!reply.next_page_token().empty()) std::cout << "……还有更晚的 / there are later ones\n";
}

// Of a region, or of a household where it is named as one.
int List(const Context& context, const Args& args) {
  if (absl::StartsWith(args.name, "households/")) {
    v1::ListHouseholdPendingDropsRequest request;
    request.set_household(args.name);
    request.set_page_size(kPageSize);
    return Ask(context, &Stub::ListHouseholdPendingDrops, request,
               [](const v1::ListHouseholdPendingDropsResponse& reply) { ShowPending(reply); });
  }
  v1::ListPendingDropsRequest request;
  request.set_region(Named("regions", args.name));
  request.set_page_size(kPageSize);
  return Ask(context, &Stub::ListPendingDrops, request, [](const v1::ListPendingDropsResponse& reply) { ShowPending(reply); });
}

int Inspect(const Context& context, const Args& args) {
  v1::InspectDropRequest request;
  request.set_name(args.name);
  const absl::StatusOr<v1::Category> category = ReadCategory(args.category);
  if (!category.ok()) return Fail(context, category.status());
  request.set_category(*category);
  if (args.grams != 0) request.set_weight_grams(args.grams);
  if (!args.material.empty()) request.set_material(args.material);
  if (args.pieces != 0) request.set_pieces(args.pieces);
  return Change(context, args, &Stub::InspectDrop, request);
}

int Release(const Context& context, const Args& args) {
  v1::ReleaseDropRequest request;
  request.set_name(args.name);
  return Change(context, args, &Stub::ReleaseDrop, request);
}

int Reject(const Context& context, const Args& args) {
  v1::RejectDropRequest request;
  request.set_name(args.name);
  const absl::StatusOr<v1::RejectionReason> reason = ReadReason(args.reason);
  if (!reason.ok()) return Fail(context, reason.status());
  request.set_reason(*reason);
  return Change(context, args, &Stub::RejectDrop, request);
}

int ClawBack(const Context& context, const Args& args) {
  v1::ClawBackDropRequest request;
  request.set_name(args.name);
  const absl::StatusOr<v1::RejectionReason> reason = ReadReason(args.reason);
  if (!reason.ok()) return Fail(context, reason.status());
  request.set_reason(*reason);
  return Change(context, args, &Stub::ClawBackDrop, request);
}

int IssueBags(const Context& context, const Args& args) {
  v1::IssueBagsRequest request;
  request.set_household(Named("households", args.name));
  request.set_count(args.count);
  return Change(context, args, &Stub::IssueBags, request);
}

int RevokeBag(const Context& context, const Args& args) {
  v1::RevokeBagRequest request;
  request.set_household(Named("households", args.name));
  request.set_tag(args.tag);
  return Change(context, args, &Stub::RevokeBag, request);
}

int InspectBag(const Context& context, const Args& args) {
  v1::InspectBagRequest request;
  request.set_station(Named("stations", args.station));
  request.set_tag(args.tag);
  const absl::StatusOr<v1::Category> category = ReadCategory(args.category);
  if (!category.ok()) return Fail(context, category.status());
  request.set_category(*category);
  if (args.grams != 0) request.set_weight_grams(args.grams);
  request.set_material(args.material);
  request.set_pieces(args.pieces);
  const absl::StatusOr<v1::RejectionReason> reason = ReadReason(args.reason);
  if (!reason.ok()) return Fail(context, reason.status());
  request.set_rejection_reason(*reason);
  if (!args.put_in.empty()) {
    absl::Time time;
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, args.put_in, &time, &error)) {
      return Fail(context, absl::InvalidArgumentError(absl::StrCat("--put-in：须为 RFC 3339 时间 / must be RFC 3339: ", error)));
    }
    request.mutable_put_in_time()->set_seconds(absl::ToUnixSeconds(time));
  }
  return Change(context, args, &Stub::InspectBag, request);
}

int ListReasons() {
  TextTable table({"代码 / code", "中文", "English"});
  const auto* reasons = v1::RejectionReason_descriptor();
  for (int i = 1; i < reasons->value_count(); ++i) {
    const v1::RejectionText& text = reasons->value(i)->options().GetExtension(v1::rejection);
    table.Row({reasons->value(i)->name().substr(17), text.zh(), text.en()});
  }
  std::cout << table.Lines();
  return 0;
}

CLI::App* AddSub(CLI::App& app, const std::string& name, const std::string& help, Context* context, std::shared_ptr<Args> args,
                 int (*run)(const Context&, const Args&)) {
  CLI::App* command = app.add_subcommand(name, help);
  command->callback([context, args, run] { context->exit_code = run(*context, *args); });
  return command;
}

void AddRequestId(CLI::App* command, const std::shared_ptr<Args>& args) {
  command->add_option("--request-id", args->request_id, "重试时给出上次的请求编号 / the same again for a retry");
}

void AddReason(CLI::App* command, const std::shared_ptr<Args>& args, bool required) {
  command->add_option("--reason", args->reason, "原因代码，见 pending reasons / the reason's code")->required(required);
}

void AddFound(CLI::App* command, const std::shared_ptr<Args>& args) {
  command->add_option("--category", args->category, "类别，例如 FOOD / the kind of waste");
  command->add_option("--grams", args->grams, "重量（克）/ grams");
  command->add_option("--material", args->material, "材料，例如 paper / the material");
  command->add_option("--pieces", args->pieces, "件数 / pieces");
}

}  // namespace

void AddVerificationCommands(CLI::App& app, Context* context) {
  const auto args = std::make_shared<Args>();
  const char* const kDrop = "households/户号/pendingDrops/编号 / the drop's name";
  const char* const kHousehold = "户号 / the household's number";
  CLI::App* pending = app.add_subcommand("pending", "待核验的投放 / drops that wait to be credited");
  pending->require_subcommand(1);
  AddSub(*pending, "list", "一个区域或一户等待的投放 / those of a region, or of a household", context, args, List)
      ->add_option("REGION", args->name, "区域编码，或 households/户号 / a region's code, or households/NUMBER")
      ->required();
  CLI::App* inspect = AddSub(*pending, "inspect", "查验合格，计分 / found right: credit it", context, args, Inspect);
  AddFound(inspect, args);
  CLI::App* release = AddSub(*pending, "release", "不经查验计分 / credit it as it was recorded", context, args, Release);
  CLI::App* reject = AddSub(*pending, "reject", "不计分 / it earns nothing", context, args, Reject);
  AddReason(reject, args, true);
  for (CLI::App* command : {inspect, release, reject}) {
    command->add_option("DROP", args->name, kDrop)->required();
    AddRequestId(command, args);
  }
  pending->add_subcommand("reasons", "原因代码 / the reasons' codes")->callback([context] { context->exit_code = ListReasons(); });

  CLI::App* claw_back =
      AddSub(app, "claw-back", "收回查验不合格的投放所得 / take back what a drop found wrong was credited", context, args, ClawBack);
  claw_back->add_option("ENTRY", args->name, "households/户号/entries/序号 / the entry's name")->required();
  AddReason(claw_back, args, true);
  AddRequestId(claw_back, args);

  CLI::App* bag = app.add_subcommand("bag", "二维码袋 / tagged bags");
  bag->require_subcommand(1);
  CLI::App* issue = AddSub(*bag, "issue", "发袋，打印袋码 / hand some out; prints their tags", context, args, IssueBags);
  issue->add_option("HOUSEHOLD", args->name, kHousehold)->required();
  issue->add_option("COUNT", args->count, "个数 / how many")->required();
  CLI::App* revoke = AddSub(*bag, "revoke", "作废丢失的袋码 / revoke a lost one", context, args, RevokeBag);
  revoke->add_option("HOUSEHOLD", args->name, kHousehold)->required();
  revoke->add_option("TAG", args->tag, "袋码 / its tag")->required();
  CLI::App* look = AddSub(*bag, "inspect", "开袋查验：合格计分，--reason 为不合格 / inspect one: right, or wrong for --reason", context,
                          args, InspectBag);
  look->add_option("STATION", args->station, "站点编号 / the station's id")->required();
  look->add_option("TAG", args->tag, "袋码 / its tag")->required();
  AddFound(look, args);
  AddReason(look, args, false);
  look->add_option("--put-in", args->put_in, "投放时间 RFC 3339，默认现在 / when it was put in; now by default");
  for (CLI::App* command : {issue, revoke, look}) AddRequestId(command, args);
}

}  // namespace fenfen::ctl
