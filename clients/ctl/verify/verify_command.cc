#include "clients/ctl/verify/verify_command.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/ctl/stores/books_place.h"
#include "clients/ctl/verify/postgres_entries.h"
#include "clients/ctl/verify/verify_journal.h"
#include "fenfen/v1/audit.grpc.pb.h"

namespace fenfen::ctl {
namespace {

struct Arguments {
  std::string journal;  // a folder, a configuration or a connection string
  bool redis = false;
  std::string balances_file;
  std::string archive;
  std::string snapshots;
};

boost::json::object ToJson(const AssetTotals& totals) {
  return {{"programme", totals.programme},
          {"households", totals.household},
          {"held", totals.held},
          {"merchants", totals.merchant},
          {"expired", totals.expired},
          {"settled", totals.settled},
          {"in_transit", totals.in_transit},
          {"debt", totals.debt}};
}

boost::json::object ToJson(const Finding& finding) {
  boost::json::object json{{"what", finding.what}};
  if (!finding.file.empty()) {
    json["file"] = finding.file;
    json["offset"] = finding.offset;
  }
  if (finding.damaged_byte) json["damaged_byte"] = *finding.damaged_byte;
  if (finding.partition) json["partition"] = finding.partition->value();
  if (finding.seq != PartitionSeq(0)) json["sequence"] = finding.seq.value();
  return json;
}

void PrintJson(const VerifyReport& report) {
  boost::json::array findings;
  for (const Finding& finding : report.findings) findings.push_back(ToJson(finding));
  const double seconds = absl::ToDoubleSeconds(report.took);
  std::cout << boost::json::object{{"ok", report.findings_total == 0},
                                   {"findings_total", report.findings_total},
                                   {"findings", std::move(findings)},
                                   {"segments", report.segments},
                                   {"groups", report.groups},
                                   {"bytes", report.bytes},
                                   {"transactions", report.transactions},
                                   {"postings", report.postings},
                                   {"households", report.households},
                                   {"vouchers_reserved", report.vouchers_reserved},
                                   {"vouchers_captured", report.vouchers_captured},
                                   {"reward", ToJson(report.reward)},
                                   {"civic", ToJson(report.civic)},
                                   {"digests_equal", report.digests_equal},
                                   {"redis_digests_equal", report.redis_digests_equal},
                                   {"redis_ahead", report.redis_ahead},
                                   {"stored_digests_equal", report.stored_digests_equal},
                                   {"whole", report.whole},
                                   {"first_segment", report.first_segment},
                                   {"snapshot", report.snapshot},
                                   {"unfinished_tail", report.unfinished_tail},
                                   {"seconds", seconds},
                                   {"transactions_per_second", static_cast<double>(report.transactions) / seconds}}
            << std::endl;
}

// What was archived, and what therefore is not proved.
void PrintBeginning(const VerifyReport& report) {
  const uint32_t archived = report.first_segment - 1;
  if (report.whole) {
    std::cout << "第 1 至 " << archived << " 段在归档中，已一并核对 / segments 1 to " << archived << " are archived and were checked too\n";
    return;
  }
  std::cout
      << "第 1 至 " << archived << " 段在归档中，未读取；期初余额由快照 " << report.snapshot << " 倒推。\n"
      << "  未能证明：期初余额等于归档记录之和；归档前用过的请求编号没有再次使用；归档完好。用 --archive 可全部核对。\n"
      << "Segments 1 to " << archived << " are archived and were not read; opening balances were derived backwards from snapshot "
      << report.snapshot << ".\n"
      << "  Not proved: that the opening balances are what the archived entries come to; that no request key of theirs was used again; "
         "that the archive is whole. With --archive all is.\n";
}

void PrintText(const VerifyReport& report, bool compared, bool redis) {
  std::cout << "记录 transactions: " << report.transactions << "，家庭 households: " << report.households
            << "，兑换券 vouchers: " << report.vouchers_reserved << " 未用 open, " << report.vouchers_captured << " 已核销 captured\n"
            << "兑换积分 REWARD: 发放 issued " << FormatPoints(-report.reward.programme) << " = 家庭 households "
            << FormatPoints(report.reward.household) << " + 预留 held " << FormatPoints(report.reward.held) << " + 商户 merchants "
            << FormatPoints(report.reward.merchant) << "\n"
            << "文明积分 CIVIC: 发放 issued " << FormatPoints(-report.civic.programme) << " = 家庭 households "
            << FormatPoints(report.civic.household) << "\n";
  if (report.unfinished_tail) std::cout << "末尾有一次未完成的写入，从未被确认 / an unfinished write at the end, never acknowledged\n";
  for (const Finding& finding : report.findings) {
    std::cout << "问题 finding: " << finding.what;
    if (finding.partition) std::cout << "，分区 partition " << finding.partition->value() << " #" << finding.seq.value();
    if (!finding.file.empty()) std::cout << "，" << finding.file << " @ " << finding.offset;
    if (finding.damaged_byte) std::cout << "，损坏字节 damaged byte " << *finding.damaged_byte;
    std::cout << "\n";
  }
  if (report.findings_total > report.findings.size()) {
    std::cout << "……以及另外 " << report.findings_total - report.findings.size() << " 个问题 / and more findings\n";
  }
  if (report.first_segment > 1) PrintBeginning(report);
  if (compared) std::cout << "与服务器状态一致的分区 partitions equal to the server's state: " << report.digests_equal << "\n";
  if (redis) std::cout << "与 Redis 内容一致的分区 partitions equal to what lies in Redis: " << report.redis_digests_equal << "\n";
  if (report.redis_ahead > 0) {
    std::cout << "Redis 比日志多、尚未写入日志的分区 partitions of which Redis has what is not journaled yet: " << report.redis_ahead
              << "\n";
  }
  std::cout << (report.findings_total == 0 ? "校验通过 / everything holds" : "校验未通过 / NOT everything holds") << std::endl;
}

// household,reward,held,civic in hundredths of a point.
absl::Status WriteBalances(const std::string& path, const VerifyReport& report) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << "household,reward,held,civic\n";
  for (const HouseholdBalance& of : report.balances) {
    out << of.household.value() << ',' << of.reward << ',' << of.held << ',' << of.civic << '\n';
  }
  out.close();
  return out ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("无法写入 / cannot write ", path));
}

// Which journal is meant.
absl::StatusOr<BooksPlace> PlaceOf(const Arguments& arguments) {
  absl::StatusOr<BooksPlace> found = FindBooksPlace(arguments.journal);
  if (!found.ok()) return found.status();
  BooksPlace place = *std::move(found);
  if (!arguments.archive.empty()) place.archive = arguments.archive;
  if (!arguments.snapshots.empty()) place.snapshots = arguments.snapshots;
  if (arguments.redis && !place.redis) {
    return absl::InvalidArgumentError(
        "--redis：请给出 state.store 为 redis 的配置文件 / give a configuration whose state.store is \"redis\"");
  }
  return place;
}

// What a server says of its state.
int AskServer(const Context& context, VerifyOptions& options) {
  const absl::StatusOr<std::unique_ptr<client::Client>> client = ConnectAsOperator(context);
  if (!client.ok()) return Fail(context, client.status());
  const auto reply = (*client)->Call(&v1::AuditService::Stub::GetStateDigests, v1::GetStateDigestsRequest());
  if (!reply.ok()) {
    Fail(context, reply.error());
    return 2;
  }
  for (const v1::PartitionDigest& digest : reply->partitions()) {
    options.digests.push_back(
        {PartitionId(static_cast<uint16_t>(digest.partition())), PartitionSeq(static_cast<uint64_t>(digest.sequence())), digest.sha256()});
  }
  return 0;
}

// What lies in Redis; what does not have its form becomes a finding.
absl::Status ReadRedis(const RedisStateOptions& redis, VerifyOptions& options, std::vector<Finding>& findings) {
  const absl::StatusOr<std::vector<RedisPartitionDigest>> digests = ReadRedisDigests(redis);
  if (!digests.ok()) return digests.status();
  for (const RedisPartitionDigest& digest : *digests) {
    if (digest.problem.empty()) {
      options.digests.push_back({digest.partition, digest.seq, digest.sha256, ClaimedDigest::kRedis});
    } else {
      findings.push_back({digest.problem, "", 0, {}, digest.partition, {}});
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<VerifyReport> ReadAndFold(const BooksPlace& place, const VerifyOptions& options) {
  if (place.conninfo.empty()) return VerifyJournal(place.folder, options);
  const absl::StatusOr<std::unique_ptr<PostgresEntries>> entries = PostgresEntries::Open(place.conninfo);
  if (!entries.ok()) return entries.status();
  return VerifyEntries(**entries, options);
}

int Verify(const Context& context, const Arguments& arguments, bool with_server) {
  const absl::StatusOr<BooksPlace> place = PlaceOf(arguments);
  if (!place.ok()) return Fail(context, place.status());
  VerifyOptions options;
  options.live = true;  // a server may run, whether it is asked or not
  options.balances = !arguments.balances_file.empty();
  options.archive = place->archive;
  options.snapshots = place->snapshots;
  // Before the journal is read: what the server counts is in the journal by then.
  if (const int failed = with_server ? AskServer(context, options) : 0; failed != 0) return failed;
  std::vector<Finding> findings;
  if (arguments.redis) {
    if (absl::Status status = ReadRedis(*place->redis, options, findings); !status.ok()) return Fail(context, status);
  }
  absl::StatusOr<VerifyReport> report = ReadAndFold(*place, options);
  if (!report.ok()) return Fail(context, report.status());
  report->findings_total += findings.size();
  for (Finding& finding : findings) {
    if (report->findings.size() < VerifyReport::kFindingsMax) report->findings.push_back(std::move(finding));
  }
  if (options.balances) {
    if (const absl::Status written = WriteBalances(arguments.balances_file, *report); !written.ok()) return Fail(context, written);
  }
  if (context.json) {
    PrintJson(*report);
  } else {
    PrintText(*report, with_server, arguments.redis);
  }
  return report->findings_total == 0 ? 0 : 1;
}

}  // namespace

void AddVerifyCommand(CLI::App& app, Context* context) {
  CLI::App* command = app.add_subcommand(
      "verify", "独立核对账本：逐条检查日志并重新计算全部余额 / check the journal independently and derive every balance from it");
  auto arguments = std::make_shared<Arguments>();
  command
      ->add_option(
          "journal", arguments->journal,
          "日志目录如 data/journal，或服务器配置文件，或 PostgreSQL 连接串 / the journal's folder, or the server's configuration, or a "
          "connection string of PostgreSQL")
      ->required();
  command->add_flag("--redis", arguments->redis, "也核对 Redis 里的内容（需给出配置文件）/ also what lies in Redis; with a configuration");
  command->add_option("--balances", arguments->balances_file,
                      "把每户余额写成 CSV，单位：百分之一分 / write each household's balances as CSV, in hundredths of a point");
  command->add_option("--archive", arguments->archive, "归档目录，如 data/archive / the folder that old segments were moved to");
  command->add_option("--snapshots", arguments->snapshots,
                      "快照目录，默认在日志目录旁 / the folder of the snapshots; beside the journal's if not given");
  command->footer(
      "给出 --server 和 --operator-key 时，也与运行中的服务器核对 / with --server and --operator-key also against a running server\n"
      "退出码：0 通过，1 有问题，2 无法读取 / exit code: 0 holds, 1 findings, 2 cannot be read");
  const CLI::Option* server = app.get_option("--server");
  command->callback([context, arguments, server] { context->exit_code = Verify(*context, *arguments, server->count() > 0); });
}

}  // namespace fenfen::ctl
