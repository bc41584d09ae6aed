// fenfenctl reverse, adjust, appeal, notices: what staff and residents do about what went wrong, for whom --as names.
#include <openssl/evp.h>
#include <CLI/CLI.hpp>

#include <cmath>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/ctl/commands/ask.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/commands/text_table.h"
#include "fenfen/v1/correction.grpc.pb.h"
#include "fenfen/v1/notice.grpc.pb.h"

namespace fenfen::ctl {
namespace {

constexpr int kPageSize = 100;
constexpr int64_t kHundredthsMax = 10'000'000;

struct Args {
  std::string name, reason, asset = "reward", remedy, request_id;
  double points = 0;
  std::vector<std::string> attachments;  // files
  bool all = false;
  bool take_back = false;
};

// "DUPLICATE" as the enum has it.
absl::StatusOr<v1::CorrectionReason> ReadReason(const std::string& text) {
  v1::CorrectionReason reason = v1::CORRECTION_REASON_UNSPECIFIED;
  if (v1::CorrectionReason_Parse(absl::StrCat("CORRECTION_REASON_", text), &reason) && reason != v1::CORRECTION_REASON_UNSPECIFIED) {
    return reason;
  }
  return absl::InvalidArgumentError(absl::StrCat("没有原因代码 ", text, " / there is no reason ", text, "; see fenfenctl adjust reasons"));
}

absl::StatusOr<std::string> HashOfFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  if (!file) return absl::NotFoundError(absl::StrCat("无法读取 ", path, " / cannot read ", path));
  const std::string text = bytes.str();
  std::string hash(32, '\0');
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(hash.data()), &size, EVP_sha256(), nullptr) != 1) {
    return absl::InternalError("SHA-256");
  }
  return hash;
}

// Sets the request's id, reason and attachments.
template <typename Request>
absl::Status FillGrounds(const Args& args, Request& request) {
  const absl::StatusOr<v1::CorrectionReason> reason = ReadReason(args.reason);
  if (!reason.ok()) return reason.status();
  request.set_reason(*reason);
  for (const std::string& path : args.attachments) {
    const absl::StatusOr<std::string> hash = HashOfFile(path);
    if (!hash.ok()) return hash.status();
    request.add_attachments(*hash);
  }
  return absl::OkStatus();
}

template <typename Request>
void FillRequestId(const Args& args, Request& request) {
  static client::RequestIds& ids = *new client::RequestIds(client::RequestIds::FromSystem());
  request.set_request_id(args.request_id.empty() ? ids.Next() : args.request_id);
}

void ShowEntry(const v1::Entry& entry) { std::cout << entry.name() << '\n' << entry.reason_zh() << '\n' << entry.reason_en() << '\n'; }

std::string ShortReason(v1::CorrectionReason reason) {
  const auto* value = v1::CorrectionReason_descriptor()->FindValueByNumber(reason);
  return value == nullptr ? "" : value->options().GetExtension(v1::correction).zh();
}

void AddRow(TextTable& table, const v1::Adjustment& adjustment) {
  table.Row({adjustment.name(), v1::Adjustment::State_Name(adjustment.state()).substr(6), FormatPoints(adjustment.amount(), true),
             adjustment.asset() == v1::ASSET_CIVIC ? "文明 / civic" : "兑换 / reward", ShortReason(adjustment.reason()),
             adjustment.proposer(), adjustment.expires_on(), adjustment.decider()});
}

TextTable AdjustmentTable() {
  return TextTable({"调整 / adjustment", "状态 / state", ">分值 / points", "种类 / asset", "原因 / reason", "提出 / proposed by",
                    "有效至 / until", "审批 / decided by"});
}

int Reverse(const Context& context, const Args& args) {
  v1::ReverseEntryRequest request;
  request.set_name(args.name);
  if (absl::Status status = FillGrounds(args, request); !status.ok()) return Fail(context, status);
  FillRequestId(args, request);
  return Ask(context, &v1::CorrectionService::Stub::ReverseEntry, request,
             [](const v1::ReverseEntryResponse& reply) { ShowEntry(reply.entry()); });
}

int Propose(const Context& context, const Args& args) {
  v1::ProposeAdjustmentRequest request;
  request.set_household(Named("households", args.name));
  request.set_asset(args.asset == "civic" ? v1::ASSET_CIVIC : v1::ASSET_REWARD);
  const double hundredths = args.points * 100;
  const bool has_more_decimals = std::abs(hundredths - std::round(hundredths)) > 1e-6;
  if (has_more_decimals || std::abs(hundredths) > kHundredthsMax) {
    return Fail(context,
                absl::InvalidArgumentError("分值最多两位小数，不超过 10 万 / points have at most two decimals and are at most 100,000"));
  }
  const auto amount = static_cast<int64_t>(std::round(hundredths));
  request.set_amount(args.take_back ? -amount : amount);
  if (absl::Status status = FillGrounds(args, request); !status.ok()) return Fail(context, status);
  FillRequestId(args, request);
  return Ask(context, &v1::CorrectionService::Stub::ProposeAdjustment, request, [](const v1::ProposeAdjustmentResponse& reply) {
    std::cout << reply.adjustment().name() << '\n';
    ShowEntry(reply.entry());
  });
}

int Approve(const Context& context, const Args& args) {
  v1::ApproveAdjustmentRequest request;
  request.set_name(args.name);
  FillRequestId(args, request);
  return Ask(context, &v1::CorrectionService::Stub::ApproveAdjustment, request,
             [](const v1::ApproveAdjustmentResponse& reply) { ShowEntry(reply.entry()); });
}

int Dismiss(const Context& context, const Args& args) {
  v1::DismissAdjustmentRequest request;
  request.set_name(args.name);
  if (absl::Status status = FillGrounds(args, request); !status.ok()) return Fail(context, status);
  FillRequestId(args, request);
  return Ask(context, &v1::CorrectionService::Stub::DismissAdjustment, request,
             [](const v1::DismissAdjustmentResponse& reply) { ShowEntry(reply.entry()); });
}

int ListAdjustments(const Context& context, const Args& args) {
  v1::ListAdjustmentsRequest request;
  request.set_region(Named("regions", args.name));
  request.set_include_closed(args.all);
  request.set_page_size(kPageSize);
  return Ask(context, &v1::CorrectionService::Stub::ListAdjustments, request, [](const v1::ListAdjustmentsResponse& reply) {
    TextTable table = AdjustmentTable();
    for (const v1::Adjustment& adjustment : reply.adjustments()) AddRow(table, adjustment);
    std::cout << table.Lines();
    if (!reply.next_page_token().empty()) std::cout << "……还有更早的 / there are older ones\n";
  });
}

int ListReasons() {
  TextTable table({"代码 / code", "中文", "English"});
  const auto* reasons = v1::CorrectionReason_descriptor();
  for (int i = 1; i < reasons->value_count(); ++i) {
    const v1::CorrectionText& text = reasons->value(i)->options().GetExtension(v1::correction);
    table.Row({reasons->value(i)->name().substr(18), text.zh(), text.en()});
  }
  std::cout << table.Lines();
  return 0;
}

int MakeAppeal(const Context& context, const Args& args) {
  v1::CreateAppealRequest request;
  request.set_entry(args.name);
  if (absl::Status status = FillGrounds(args, request); !status.ok()) return Fail(context, status);
  FillRequestId(args, request);
  return Ask(context, &v1::CorrectionService::Stub::CreateAppeal, request, [](const v1::CreateAppealResponse& reply) {
    std::cout << reply.appeal().name() << '\n';
    ShowEntry(reply.entry());
  });
}

int AnswerAppeal(const Context& context, const Args& args) {
  v1::AnswerAppealRequest request;
  request.set_name(args.name);
  request.set_remedy(args.remedy);
  if (absl::Status status = FillGrounds(args, request); !status.ok()) return Fail(context, status);
  FillRequestId(args, request);
  return Ask(context, &v1::CorrectionService::Stub::AnswerAppeal, request,
             [](const v1::AnswerAppealResponse& reply) { ShowEntry(reply.entry()); });
}

template <typename Reply>
void ShowAppeals(const Reply& reply) {
  TextTable table(
      {"申诉 / appeal", "状态 / state", "原因 / reason", "记录 / entry", "答复 / answered by", "答复原因 / why", "更正 / remedy"});
  for (const v1::Appeal& appeal : reply.appeals()) {
    table.Row({appeal.name(), v1::Appeal::State_Name(appeal.state()).substr(6), ShortReason(appeal.reason()), appeal.entry(),
               appeal.answerer(), ShortReason(appeal.answer_reason()), appeal.remedy()});
  }
  std::cout << table.Lines();
  if (!reply.next_page_token().empty()) std::cout << "……还有更早的 / there are older ones\n";
}

// Of a region, or of a household where it is named as one.
int ListAppeals(const Context& context, const Args& args) {
  if (absl::StartsWith(args.name, "households/")) {
    v1::ListHouseholdAppealsRequest request;
    request.set_household(args.name);
    request.set_page_size(kPageSize);
    return Ask(context, &v1::CorrectionService::Stub::ListHouseholdAppeals, request,
               [](const v1::ListHouseholdAppealsResponse& reply) { ShowAppeals(reply); });
  }
  v1::ListAppealsRequest request;
  request.set_region(Named("regions", args.name));
  request.set_include_closed(args.all);
  request.set_page_size(kPageSize);
  return Ask(context, &v1::CorrectionService::Stub::ListAppeals, request, [](const v1::ListAppealsResponse& reply) { ShowAppeals(reply); });
}

int ListNotices(const Context& context, const Args& args) {
  v1::ListNoticesRequest request;
  request.set_household(Named("households", args.name));
  return Ask(context, &v1::NoticeService::Stub::ListNotices, request, [](const v1::ListNoticesResponse& reply) {
    for (const v1::Notice& notice : reply.notices()) {
      std::cout << notice.notice_date() << "  " << notice.text_zh() << "\n            " << notice.text_en() << '\n';
    }
  });
}

CLI::App* AddSub(CLI::App& app, const std::string& name, const std::string& help, Context* context, std::shared_ptr<Args> args,
                 int (*run)(const Context&, const Args&)) {
  CLI::App* command = app.add_subcommand(name, help);
  command->callback([context, args, run] { context->exit_code = run(*context, *args); });
  return command;
}

void AddGrounds(CLI::App* command, const std::shared_ptr<Args>& args) {
  command->add_option("--reason", args->reason, "原因代码，见 adjust reasons / the reason's code")->required();
  command->add_option("--attach", args->attachments, "附件（只上传其 SHA-256）/ files, of which only the SHA-256 is sent");
  command->add_option("--request-id", args->request_id, "重试时给出上次的请求编号 / the same again for a retry");
}

}  // namespace

void AddCorrectionCommands(CLI::App& app, Context* context) {
  const auto args = std::make_shared<Args>();
  CLI::App* reverse = AddSub(app, "reverse", "冲正一条记录 / reverse an entry", context, args, Reverse);
  reverse->add_option("ENTRY", args->name, "households/户号/entries/序号 / the entry's name")->required();
  AddGrounds(reverse, args);

  CLI::App* adjust = app.add_subcommand("adjust", "调整积分：一人提出，另一人核准 / adjustments, by two people");
  adjust->require_subcommand(1);
  CLI::App* propose = AddSub(*adjust, "propose", "提出调整 / propose one", context, args, Propose);
  propose->add_option("HOUSEHOLD", args->name, "户号 / the household's number")->required();
  propose->add_option("POINTS", args->points, "分值 / points")->required();
  propose->add_flag("--take-back", args->take_back, "收回而不是补给 / to be taken back, not given");
  propose->add_option("--asset", args->asset, "reward | civic")->check(CLI::IsMember({"reward", "civic"}))->capture_default_str();
  AddGrounds(propose, args);
  CLI::App* approve = AddSub(*adjust, "approve", "核准 / approve one", context, args, Approve);
  approve->add_option("ADJUSTMENT", args->name, "调整的名称 / its name")->required();
  CLI::App* dismiss = AddSub(*adjust, "dismiss", "不核准 / dismiss one", context, args, Dismiss);
  dismiss->add_option("ADJUSTMENT", args->name, "调整的名称 / its name")->required();
  AddGrounds(dismiss, args);
  CLI::App* list = AddSub(*adjust, "list", "一个区域待核准的调整 / those of a region that wait", context, args, ListAdjustments);
  list->add_option("REGION", args->name, "区域编码 / the region's code")->required();
  list->add_flag("--all", args->all, "包括已处理的 / decided ones too");
  adjust->add_subcommand("reasons", "原因代码 / the reasons' codes")->callback([context] { context->exit_code = ListReasons(); });

  CLI::App* appeal = app.add_subcommand("appeal", "申诉 / appeals");
  appeal->require_subcommand(1);
  CLI::App* make =
      AddSub(*appeal, "make", "对一条记录提出申诉（居民）/ appeal against an entry, as its resident", context, args, MakeAppeal);
  make->add_option("ENTRY", args->name, "households/户号/entries/序号 / the entry's name")->required();
  AddGrounds(make, args);
  CLI::App* answer =
      AddSub(*appeal, "answer", "答复：给出更正记录即成立 / answer: upheld where a remedy is named", context, args, AnswerAppeal);
  answer->add_option("APPEAL", args->name, "households/户号/appeals/序号 / its name")->required();
  answer->add_option("--remedy", args->remedy, "作为更正的冲正或调整记录 / the reversal or adjustment that put it right");
  AddGrounds(answer, args);
  CLI::App* appeals = AddSub(*appeal, "list", "一个区域待答复的申诉，或一户的全部申诉 / a region's that wait, or a household's", context,
                             args, ListAppeals);
  appeals->add_option("REGION", args->name, "区域编码，或 households/户号 / a region's code, or households/NUMBER")->required();
  appeals->add_flag("--all", args->all, "包括已答复的 / answered ones too");

  CLI::App* notices = AddSub(app, "notices", "一户即将到期的积分 / what a household should know in time", context, args, ListNotices);
  notices->add_option("HOUSEHOLD", args->name, "户号 / the household's number")->required();
}

}  // namespace fenfen::ctl
