// fenfenctl risk …: the queue of risk cases, samples for re-inspection, what was collected from stations, for the staff that --as names;
// thresholds as the operator. docs/formats/risk.md says how one reads the queue.
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>
#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/cpp/request_id.h"
#include "clients/ctl/commands/ask.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/commands/text_table.h"
#include "fenfen/v1/risk.grpc.pb.h"

namespace fenfen::ctl {
namespace {

using Service = v1::RiskService::Stub;

constexpr int kPageSize = 100;

struct Args {
  std::string name, day, region, reason, signal, seed, first_day, last_day, file;
  int size = 20;
  std::vector<std::string> weights;  // CATEGORY=GRAMS
  bool all = false, wrong = false, by_category = false, csv = false;
};

std::string NewRequestId() {
  client::RequestIds ids = client::RequestIds::FromSystem();
  return ids.Next();
}

// "DUPLICATE" as the enum has it; unset for none.
absl::StatusOr<v1::CorrectionReason> ReadReason(const std::string& text) {
  v1::CorrectionReason reason = v1::CORRECTION_REASON_UNSPECIFIED;
  if (text.empty() || v1::CorrectionReason_Parse(absl::StrCat("CORRECTION_REASON_", text), &reason)) return reason;
  return absl::InvalidArgumentError(absl::StrCat("没有原因代码 ", text, " / there is no reason ", text, "; see fenfenctl adjust reasons"));
}

void ShowEntry(const v1::Entry& entry) { std::cout << entry.name() << '\n' << entry.reason_zh() << '\n' << entry.reason_en() << '\n'; }

std::string StateOf(const v1::RiskCase& one) { return v1::RiskCase::State_Name(one.state()).substr(6); }
std::string SignalOf(const v1::RiskCase& one) { return v1::RiskSignal_Name(one.signal()).substr(12); }

int List(const Context& context, const Args& args) {
  v1::ListRiskCasesRequest request;
  request.set_region(Named("regions", args.region));
  request.set_include_closed(args.all);
  request.set_page_size(kPageSize);
  v1::RiskSignal signal = v1::RISK_SIGNAL_UNSPECIFIED;
  if (!args.signal.empty() && !v1::RiskSignal_Parse(absl::StrCat("RISK_SIGNAL_", args.signal), &signal)) {
    return Fail(context, absl::InvalidArgumentError(absl::StrCat("没有这种信号 / no such signal: ", args.signal)));
  }
  request.set_signal(signal);
  const absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsPerson(context);
  if (!client.ok()) return Fail(context, client.status());
  TextTable table({"核查 / case", ">优先 / priority", "信号 / signal", "状态 / state", "日期 / day", "情况 / what was seen"});
  int open = 0;
  do {
    const auto reply = (*client)->Call(&Service::ListRiskCases, request);
    if (!reply.ok()) return Fail(context, reply.error());
    if (context.json) PrintJson(*reply);
    for (const v1::RiskCase& one : reply->risk_cases()) {
      table.Row({one.name(), absl::StrCat(one.priority()), SignalOf(one), StateOf(one), one.day(), one.reason_zh()});
    }
    open = reply->open_count();
    request.set_page_token(reply->next_page_token());
  } while (!request.page_token().empty());
  if (!context.json) std::cout << table.Lines() << "待处理 / open: " << open << '\n';
  return 0;
}

void ShowCase(const v1::RiskCase& one) {
  std::cout << one.name() << "  " << SignalOf(one) << "  " << StateOf(one) << "  优先 / priority " << one.priority() << '\n'
            << one.reason_zh() << '\n'
            << one.reason_en() << '\n'
            << "对象 / about: " << one.subject() << '\n';
  for (const std::string& entry : one.entries()) std::cout << "依据 / rests on: " << entry << '\n';
  if (one.entry_count() > one.entries_size()) std::cout << "共 / in all: " << one.entry_count() << '\n';
  if (one.has_hold_until()) {
    std::cout << "单次兑换最多 / one redemption at most: " << FormatPoints(one.hold_limit()) << "，最迟到 / until at the latest "
              << google::protobuf::util::TimeUtil::ToString(one.hold_until()) << '\n';
  }
  if (!one.decider().empty()) {
    std::cout << "处理人 / decided by: " << one.decider() << "  " << v1::CorrectionReason_Name(one.decide_reason()).substr(18) << '\n';
  }
}

int Show(const Context& context, const Args& args) {
  v1::GetRiskCaseRequest request;
  request.set_name(args.name);
  return Ask(context, &Service::GetRiskCase, request, [](const v1::GetRiskCaseResponse& reply) { ShowCase(reply.risk_case()); });
}

int Decide(const Context& context, const Args& args, v1::RiskCase::State decision) {
  const absl::StatusOr<v1::CorrectionReason> reason = ReadReason(args.reason);
  if (!reason.ok()) return Fail(context, reason.status());
  v1::DecideRiskCaseRequest request;
  request.set_name(args.name);
  request.set_request_id(NewRequestId());
  request.set_decision(decision);
  request.set_reason(*reason);
  return Ask(context, &Service::DecideRiskCase, request, [](const v1::DecideRiskCaseResponse& reply) {
    ShowCase(reply.risk_case());
    ShowEntry(reply.entry());
  });
}

void ShowSample(const v1::Reinspection& sample) {
  std::cout << sample.region() << "  " << sample.day() << "  种子 / seed " << sample.seed_hex()
            << (sample.seed_drawn() ? "（服务器抽取 / drawn by the server）" : "（给定 / given）") << '\n';
  TextTable table({"记录 / entry", "结果 / found", "原因 / why", "复查人 / by"});
  for (const v1::ReinspectedEntry& one : sample.sample()) {
    const std::string why = one.reason() == 0 ? "" : v1::CorrectionReason_Name(one.reason()).substr(18);
    table.Row({one.entry(), v1::ReinspectedEntry::State_Name(one.state()).substr(6), why, one.inspector()});
  }
  std::cout << table.Lines() << "样本 / sample " << sample.sample_size() << " / " << sample.population() << "，已查 / looked into "
            << sample.inspected() << "，相符 / right " << sample.correct() << "，相符率 / match rate ";
  if (sample.has_match_permille()) {
    std::cout << sample.match_permille() / 10 << '.' << sample.match_permille() % 10 << "%\n";
  } else {
    std::cout << "无数据 / no data\n";
  }
}

int Draw(const Context& context, const Args& args) {
  v1::DrawReinspectionRequest request;
  request.set_region(Named("regions", args.region));
  request.set_request_id(NewRequestId());
  request.set_day(args.day);
  request.set_size(args.size);
  request.set_seed(args.seed);
  return Ask(context, &Service::DrawReinspection, request,
             [](const v1::DrawReinspectionResponse& reply) { ShowSample(reply.reinspection()); });
}

int Sample(const Context& context, const Args& args) {
  v1::GetReinspectionRequest request;
  request.set_region(Named("regions", args.region));
  request.set_day(args.day);
  return Ask(context, &Service::GetReinspection, request,
             [](const v1::GetReinspectionResponse& reply) { ShowSample(reply.reinspection()); });
}

int Result(const Context& context, const Args& args) {
  const absl::StatusOr<v1::CorrectionReason> reason = ReadReason(args.reason);
  if (!reason.ok()) return Fail(context, reason.status());
  v1::RecordReinspectionRequest request;
  request.set_entry(args.name);
  request.set_request_id(NewRequestId());
  request.set_region(Named("regions", args.region));
  request.set_day(args.day);
  request.set_correct(!args.wrong);
  request.set_reason(*reason);
  return Ask(context, &Service::RecordReinspection, request, [](const v1::RecordReinspectionResponse& reply) { ShowEntry(reply.entry()); });
}

int Collect(const Context& context, const Args& args) {
  v1::RecordCollectionsRequest request;
  request.set_station(Named("stations", args.name));
  request.set_request_id(NewRequestId());
  request.set_day(args.day);
  for (const std::string& text : args.weights) {
    const std::vector<std::string> parts = absl::StrSplit(text, '=');
    v1::Category category = v1::CATEGORY_UNSPECIFIED;
    int64_t grams = 0;
    if (parts.size() != 2 || !v1::Category_Parse(absl::StrCat("CATEGORY_", parts[0]), &category) || !absl::SimpleAtoi(parts[1], &grams)) {
      return Fail(context, absl::InvalidArgumentError(absl::StrCat("应为 FOOD=80000（克）/ should be FOOD=80000, in grams: ", text)));
    }
    v1::CollectedWeight& weight = *request.add_weights();
    weight.set_category(category);
    weight.set_grams(grams);
  }
  return Ask(context, &Service::RecordCollections, request, [](const v1::RecordCollectionsResponse& reply) {
    for (const v1::CollectedWeight& weight : reply.weights()) {
      std::cout << v1::Category_Name(weight.category()).substr(9) << "  " << weight.grams() << " g\n";
    }
  });
}

// "12.3%" of 123; empty is no data.
std::string Permille(bool has, int64_t value) { return has ? absl::StrCat(value / 10, ".", value % 10, "%") : "无数据 / no data"; }

void AddReportRow(const v1::StationReport& row, bool csv, TextTable& table) {
  const std::string category = row.category() == v1::CATEGORY_UNSPECIFIED ? "" : v1::Category_Name(row.category()).substr(9);
  const std::string collected = row.has_collected_grams() ? absl::StrCat(row.collected_grams()) : "";
  if (csv) {
    std::cout << row.station() << ',' << category << ',' << row.drops() << ',' << FormatPoints(row.reward()) << ',' << row.claimed_grams()
              << ',' << collected << ',' << (row.has_claimed_permille() ? absl::StrCat(row.claimed_permille()) : "") << ','
              << (row.has_reward_per_kg() ? FormatPoints(row.reward_per_kg()) : "") << ',' << row.collected_days() << '\n';
    return;
  }
  table.Row({row.station(), category, absl::StrCat(row.drops()), FormatPoints(row.reward()), absl::StrCat(row.claimed_grams()),
             collected.empty() ? "无数据 / no data" : collected, Permille(row.has_claimed_permille(), row.claimed_permille()),
             row.has_reward_per_kg() ? FormatPoints(row.reward_per_kg()) : "", absl::StrCat(row.collected_days())});
}

int Stations(const Context& context, const Args& args) {
  v1::ReportStationsRequest request;
  request.set_region(Named("regions", args.region));
  request.set_first_day(args.first_day);
  request.set_last_day(args.last_day);
  request.set_by_category(args.by_category);
  request.set_page_size(kPageSize);
  const absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsPerson(context);
  if (!client.ok()) return Fail(context, client.status());
  TextTable table({"站点 / station", "类别 / category", ">投放 / drops", ">积分 / points", ">投放克数 / claimed g",
                   ">收运克数 / collected g", ">投放比收运 / claimed per collected", ">每公斤积分 / points a kg", ">收运天数 / days"});
  if (args.csv) std::cout << "station,category,drops,points,claimed_grams,collected_grams,claimed_permille,points_per_kg,collected_days\n";
  do {
    const auto reply = (*client)->Call(&Service::ReportStations, request);
    if (!reply.ok()) return Fail(context, reply.error());
    if (context.json) PrintJson(*reply);
    for (const v1::StationReport& row : reply->rows()) AddReportRow(row, args.csv, table);
    request.set_page_token(reply->next_page_token());
  } while (!request.page_token().empty());
  if (!context.json && !args.csv) std::cout << table.Lines();
  return 0;
}

int ShowRules(const Context& context) {
  return AskWith(context, ConnectAsOperator(context), &Service::GetRiskRules, v1::GetRiskRulesRequest(),
                 [](const v1::GetRiskRulesResponse& reply) {
                   google::protobuf::util::JsonPrintOptions options;
                   options.add_whitespace = true;
                   std::string text;
                   if (google::protobuf::util::MessageToJsonString(reply.rules(), &text, options).ok()) std::cout << text;
                 });
}

int SetRules(const Context& context, const Args& args) {
  std::ifstream file(args.file, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Fail(context, absl::NotFoundError(absl::StrCat("读不了 / cannot read ", args.file)));
  v1::SetRiskRulesRequest request;
  request.set_request_id(NewRequestId());
  const auto parsed = google::protobuf::util::JsonStringToMessage(text.str(), request.mutable_rules());
  if (!parsed.ok()) {
    return Fail(context,
                absl::InvalidArgumentError(absl::StrCat(args.file, ": ", std::string(parsed.message().data(), parsed.message().size()))));
  }
  return AskWith(context, ConnectAsOperator(context), &Service::SetRiskRules, request,
                 [](const v1::SetRiskRulesResponse& reply) { std::cout << "信号 / signals " << reply.rules().rules_size() << '\n'; });
}

void AddCases(CLI::App& risk, Context* context, const std::shared_ptr<Args>& args) {
  CLI::App* list = risk.add_subcommand("list", "待核查的情况，最要紧的在前 / cases that wait for a person, the most pressing first");
  list->add_option("region", args->region, "REGION")->required();
  list->add_flag("--all", args->all, "连同已处理的 / decided ones, too");
  list->add_option("--signal", args->signal, "VELOCITY, TRAVEL, WEIGHT, PAIR, IDENTITY, TWO_PLACES, SHARED_CODE, CLOSED_STATION");
  list->callback([context, args] { context->exit_code = List(*context, *args); });
  CLI::App* show = risk.add_subcommand("show", "一项核查及其依据 / one case and what it rests on");
  show->add_option("case", args->name, "households/N/riskCases/N")->required();
  show->callback([context, args] { context->exit_code = Show(*context, *args); });
  CLI::App* decide = risk.add_subcommand("decide", "处理一项核查；积分不会因此变动 / decide a case; no points move");
  decide->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, v1::RiskCase::State decision) {
    CLI::App* command = decide->add_subcommand(name, help);
    command->add_option("case", args->name, "households/N/riskCases/N")->required();
    command->add_option("--reason", args->reason, "原因代码，如 RECORD_RIGHT / a reason code")->required();
    command->callback([context, args, decision] { context->exit_code = Decide(*context, *args, decision); });
  };
  add("clear", "没有问题 / there is an innocent explanation", v1::RiskCase::STATE_CLEARED);
  add("confirm", "属实 / it is as it looked", v1::RiskCase::STATE_CONFIRMED);
}

void AddInspection(CLI::App& risk, Context* context, const std::shared_ptr<Args>& args) {
  CLI::App* draw = risk.add_subcommand("draw", "随机抽取一天的投放复查，每地每天一次 / draw a day's sample, once a region and day");
  draw->add_option("region", args->region, "REGION")->required();
  draw->add_option("day", args->day, "YYYY-MM-DD")->required();
  draw->add_option("--size", args->size, "1–500")->capture_default_str();
  draw->add_option("--seed", args->seed, "公开的种子，默认由服务器抽取 / a public seed; drawn by the server by default");
  draw->callback([context, args] { context->exit_code = Draw(*context, *args); });
  CLI::App* sample = risk.add_subcommand("sample", "样本、结果和相符率 / a sample, what was found, and the match rate");
  sample->add_option("region", args->region, "REGION")->required();
  sample->add_option("day", args->day, "YYYY-MM-DD")->required();
  sample->callback([context, args] { context->exit_code = Sample(*context, *args); });
  CLI::App* result = risk.add_subcommand("result", "登记一条复查结果 / note what was found for one drop");
  result->add_option("entry", args->name, "households/N/entries/N")->required();
  result->add_option("--region", args->region, "样本的区域 / the sample's region")->required();
  result->add_option("--day", args->day, "样本的日期 / the sample's day")->required();
  result->add_flag("--wrong", args->wrong, "与记录不符 / not as recorded");
  result->add_option("--reason", args->reason, "不符的原因代码 / why not");
  result->callback([context, args] { context->exit_code = Result(*context, *args); });
}

void AddStations(CLI::App& risk, Context* context, const std::shared_ptr<Args>& args) {
  CLI::App* collect = risk.add_subcommand("collect", "登记一个站点一天收运的重量 / what was collected from a station on a day");
  collect->add_option("station", args->name, "STATION")->required();
  collect->add_option("day", args->day, "YYYY-MM-DD")->required();
  collect->add_option("weights", args->weights, "FOOD=80000 …（克，负数为更正 / grams, below zero to take back）")->required();
  collect->callback([context, args] { context->exit_code = Collect(*context, *args); });
  CLI::App* stations = risk.add_subcommand("stations", "积分对照收运的公斤数 / points against kilograms collected, by station");
  stations->add_option("region", args->region, "REGION")->required();
  stations->add_option("--from", args->first_day, "YYYY-MM-DD")->required();
  stations->add_option("--to", args->last_day, "YYYY-MM-DD")->required();
  stations->add_flag("--by-category", args->by_category, "分类别 / a row for each category");
  stations->add_flag("--csv", args->csv, "CSV");
  stations->callback([context, args] { context->exit_code = Stations(*context, *args); });
}

}  // namespace

void AddRiskCommands(CLI::App& app, Context* context) {
  const auto args = std::make_shared<Args>();
  CLI::App* risk = app.add_subcommand("risk", "风险核查、抽查、收运对照（需 --as 与 --key）/ risk cases, re-inspection, collections");
  risk->require_subcommand(1);
  AddCases(*risk, context, args);
  AddInspection(*risk, context, args);
  AddStations(*risk, context, args);
  risk->add_subcommand("rules", "现行阈值，JSON（需 --operator-key）/ the thresholds in force, as JSON")->callback([context] {
    context->exit_code = ShowRules(*context);
  });
  CLI::App* set = risk->add_subcommand("set", "用 JSON 文件整体更换阈值（需 --operator-key）/ set the thresholds anew from a JSON file");
  set->add_option("file", args->file, "RISK_RULES.json")->required();
  set->callback([context, args] { context->exit_code = SetRules(*context, *args); });
}

}  // namespace fenfen::ctl
