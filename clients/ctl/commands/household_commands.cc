// fenfenctl balance, statement, trace, find, station-code: what staff and auditors may see, for whom --as names.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "clients/ctl/commands/ask.h"
#include "clients/ctl/commands/commands.h"
#include "clients/ctl/commands/text_table.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/station.grpc.pb.h"

namespace fenfen::ctl {

namespace {

// Times are shown as the district reads them, eight hours ahead of UTC.
std::string LocalTime(const google::protobuf::Timestamp& time) {
  const absl::Time instant = absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", instant, absl::FixedTimeZone(8 * 3600));
}

absl::string_view KindZh(v1::EntryKind kind) {
  static const absl::flat_hash_map<int, absl::string_view>& names = *new absl::flat_hash_map<int, absl::string_view>({
      {v1::ENTRY_KIND_ENROLMENT, "登记"},
      {v1::ENTRY_KIND_DROP, "投放"},
      {v1::ENTRY_KIND_RESERVATION, "兑换"},
      {v1::ENTRY_KIND_CAPTURE, "核销"},
      {v1::ENTRY_KIND_PENDING_DROP, "待核验"},
      {v1::ENTRY_KIND_RELEASE, "入账"},
      {v1::ENTRY_KIND_REJECTION, "未通过"},
      {v1::ENTRY_KIND_BAG_ISSUE, "领袋"},
      {v1::ENTRY_KIND_EXPIRY, "过期"},
      {v1::ENTRY_KIND_MEMBERSHIP, "成员"},
      {v1::ENTRY_KIND_CARD_CHANGE, "积分卡"},
      {v1::ENTRY_KIND_MOVE, "搬迁"},
      {v1::ENTRY_KIND_TRANSFER_OUT, "转出"},
      {v1::ENTRY_KIND_TRANSFER_IN, "转入"},
      {v1::ENTRY_KIND_TRANSFER_BACK, "退回"},
      {v1::ENTRY_KIND_VOUCHER_CANCEL, "取消兑换"},
      {v1::ENTRY_KIND_VOUCHER_EXPIRY, "券过期"},
      {v1::ENTRY_KIND_REFUND, "退款"},
      {v1::ENTRY_KIND_REVERSAL, "冲正"},
      {v1::ENTRY_KIND_ADJUSTMENT_PROPOSAL, "拟调整"},
      {v1::ENTRY_KIND_ADJUSTMENT, "调整"},
      {v1::ENTRY_KIND_ADJUSTMENT_DISMISSAL, "未调整"},
      {v1::ENTRY_KIND_APPEAL, "申诉"},
      {v1::ENTRY_KIND_APPEAL_ANSWER, "申诉答复"},
      {v1::ENTRY_KIND_PREFERENCE, "设置"},
      {v1::ENTRY_KIND_FREEZE, "保连"},
      {v1::ENTRY_KIND_TEAM, "队伍"},
      {v1::ENTRY_KIND_HOLD, "待核查"},
      {v1::ENTRY_KIND_HOLD_END, "核查完"},
      {v1::ENTRY_KIND_REINSPECTION, "复查"},
  });
  const auto found = names.find(kind);
  return found == names.end() ? "其他" : found->second;
}

int ShowBalance(const Context& context, const std::string& household) {
  v1::GetBalanceRequest request;
  request.set_household(Named("households", household));
  return Ask(context, &v1::HouseholdService::Stub::GetBalance, request, [&](const v1::GetBalanceResponse& reply) {
    const v1::Balance& balance = reply.balance();
    std::cout << request.household() << '\n';
    TextTable sums({"", ">积分 / points"});
    sums.Row({"兑换积分，可用 / reward", FormatPoints(balance.reward())});
    sums.Row({"兑换积分，已预留 / held", FormatPoints(balance.held())});
    sums.Row({"文明积分 / civic", FormatPoints(balance.civic())});
    sums.Row({"今日获得 / earned today", FormatPoints(balance.earned_today())});
    std::cout << sums.Lines();
    if (balance.lots().empty()) return;
    TextTable lots({"有效期至 / expires", ">积分 / points"});
    for (const v1::Lot& lot : balance.lots()) lots.Row({lot.expires_on(), FormatPoints(lot.amount())});
    std::cout << '\n' << lots.Lines();
  });
}

int ShowStatement(const Context& context, const std::string& household, int limit) {
  const absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsPerson(context);
  if (!client.ok()) return Fail(context, client.status());
  v1::ListEntriesRequest request;
  request.set_household(Named("households", household));
  v1::ListEntriesResponse all;
  do {
    request.set_page_size(std::min(100, limit - all.entries_size()));
    const auto page = (*client)->Call(&v1::HouseholdService::Stub::ListEntries, request);
    if (!page.ok()) return Fail(context, page.error());
    all.MergeFrom(*page);
    all.set_next_page_token(page->next_page_token());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty() && all.entries_size() < limit);
  if (context.json) {
    PrintJson(all);
    return 0;
  }
  TextTable table({"时间 / time", "类型", ">兑换 / reward", ">文明 / civic", ">余额 / after", "记录 / entry", "原因 / reason"});
  for (const v1::Entry& entry : all.entries()) {
    table.Row({LocalTime(entry.event_time()), std::string(KindZh(entry.kind())), FormatPoints(entry.reward(), true),
               FormatPoints(entry.civic(), true), FormatPoints(entry.reward_after()), entry.name().substr(entry.name().rfind('/') + 1),
               entry.reason_zh()});
  }
  std::cout << table.Lines();
  if (!all.next_page_token().empty()) std::cout << "……还有更早的记录，用 --limit 查看 / there are older entries; see --limit\n";
  return 0;
}

int ShowTrace(const Context& context, const std::string& name) {
  v1::TraceEntryRequest request;
  request.set_name(name);
  return Ask(context, &v1::HouseholdService::Stub::TraceEntry, request, [](const v1::TraceEntryResponse& reply) {
    const v1::EntryTrace& trace = reply.trace();
    const v1::Entry& entry = trace.entry();
    std::cout << entry.name() << "  " << KindZh(entry.kind()) << "\n" << entry.reason_zh() << "\n" << entry.reason_en() << "\n\n";
    TextTable facts({"项 / what", "值 / value"});
    facts.Row({"发生 / event time", LocalTime(entry.event_time())});
    facts.Row({"入账 / record time", LocalTime(entry.record_time())});
    facts.Row({"经手 / actor", trace.actor()});
    facts.Row({"请求 / request key", trace.request_key()});
    if (!entry.rule().empty())
      facts.Row({"规则 / rule", absl::StrCat(entry.rule(), "，第 ", entry.rule_version(), " 版 / version ", entry.rule_version())});
    for (const auto& [key, value] : trace.facts()) facts.Row({key, value});
    facts.Row({"分区与序号 / partition and sequence", absl::StrCat(trace.partition(), " / ", trace.sequence())});
    facts.Row({"日志位置 / in the journal",
               absl::StrCat(trace.journal_segment(), " @ ", trace.journal_offset(), "  crc32c ", trace.journal_crc32c())});
    TextTable postings({"账户 / account", "积分种类 / asset", ">金额 / amount"});
    for (const v1::Posting& posting : trace.postings()) {
      postings.Row(
          {posting.account(), posting.asset() == v1::ASSET_CIVIC ? "文明 / civic" : "兑换 / reward", FormatPoints(posting.amount(), true)});
    }
    std::cout << facts.Lines() << '\n' << postings.Lines();
  });
}

struct FindArgs {
  std::string region, number, card, door;
};

int Find(const Context& context, const FindArgs& args) {
  v1::FindHouseholdRequest request;
  request.set_region(Named("regions", args.region));
  if (!args.number.empty()) request.set_number(args.number);
  if (!args.card.empty()) request.set_card(args.card);
  if (!args.door.empty()) request.set_door(args.door);
  if (request.key_case() == v1::FindHouseholdRequest::KEY_NOT_SET) {
    return Fail(context, absl::InvalidArgumentError("请给出 --number、--card 或 --door 之一 / give --number, --card or --door"));
  }
  return Ask(context, &v1::HouseholdService::Stub::FindHousehold, request, [](const v1::FindHouseholdResponse& reply) {
    const v1::Household& household = reply.household();
    std::cout << household.name() << "  " << household.region_display_name() << "（" << household.region() << "）\n";
    for (const v1::Member& member : household.members()) {
      std::cout << "  " << member.name() << (member.has_wechat() ? "  微信 / WeChat" : "  卡 / card") << '\n';
    }
  });
}

int ShowStationCode(const Context& context, const std::string& station) {
  v1::GetStationCodeRequest request;
  request.set_station(Named("stations", station));
  return Ask(context, &v1::StationService::Stub::GetStationCode, request, [](const v1::GetStationCodeResponse& reply) {
    std::cout << reply.station_display_name() << '\n'
              << reply.code() << "\n下一个码 / next code: " << LocalTime(reply.next_code_time()) << std::endl;
  });
}

}  // namespace

void AddHouseholdCommands(CLI::App& app, Context* context) {
  auto name = std::make_shared<std::string>();
  CLI::App* balance = app.add_subcommand("balance", "一户的余额（需 --as 与 --key）/ a household's balance");
  balance->add_option("HOUSEHOLD", *name, "户号 / the household's number")->required();
  balance->callback([context, name] { context->exit_code = ShowBalance(*context, *name); });

  auto limit = std::make_shared<int>(50);
  CLI::App* statement = app.add_subcommand("statement", "一户的积分明细，新的在前 / a household's entries, newest first");
  statement->add_option("HOUSEHOLD", *name, "户号 / the household's number")->required();
  statement->add_option("--limit", *limit, "最多条数 / at most so many")->capture_default_str()->check(CLI::Range(1, 100'000));
  statement->callback([context, name, limit] { context->exit_code = ShowStatement(*context, *name, *limit); });

  CLI::App* trace = app.add_subcommand("trace", "追溯一条记录到事件和日志 / an entry down to its event and its place in the journal");
  trace->add_option("ENTRY", *name, "households/户号/entries/序号 / the entry's name")->required();
  trace->callback([context, name] { context->exit_code = ShowTrace(*context, *name); });

  auto find_args = std::make_shared<FindArgs>();
  CLI::App* find = app.add_subcommand("find", "在区域内查找家庭 / find a household within a region");
  find->add_option("REGION", find_args->region, "区域编码 / the region's code")->required();
  find->add_option("--number", find_args->number, "户号 / its number");
  find->add_option("--card", find_args->card, "卡号 / its card");
  find->add_option("--door", find_args->door, "门牌（区域须为小区）/ its door; the region is then the estate");
  find->callback([context, find_args] { context->exit_code = Find(*context, *find_args); });

  CLI::App* code = app.add_subcommand("station-code", "站点当前的码 / a station's present code");
  code->add_option("STATION", *name, "站点编号 / the station's id")->required();
  code->callback([context, name] { context->exit_code = ShowStationCode(*context, *name); });
}

}  // namespace fenfen::ctl
