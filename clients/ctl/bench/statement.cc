#include "clients/ctl/bench/statement.h"

#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/bench/children.h"
#include "clients/ctl/bench/ledger.h"
#include "clients/ctl/bench/load.h"

namespace fenfen::bench {
namespace {

constexpr double kGoalMillis = 5;
const size_t kUncompressedSegments = FileJournalOptions().uncompressed_segments;
// The journal may run ahead of its compression by so many segments of 64 MiB: the disk holds few more than the compressed ones.
constexpr uint64_t kSegmentsAhead = 24;
constexpr absl::Duration kCompressedMax = absl::Minutes(30);
constexpr uint32_t kAtOnce = 100'000;

struct Plan {
  uint32_t households;
  uint32_t drops;  // of each
  int pages;       // read
  uint64_t entries() const { return uint64_t{households} * (drops + 1); }
};

// Waits until so few full segments are left to compress.
absl::Status AwaitCompressed(const Ledger& ledger, uint64_t segments_left) {
  for (const absl::Time until = absl::Now() + kCompressedMax; absl::Now() < until; absl::SleepFor(absl::Milliseconds(20))) {
    const FileJournalMetrics metrics = ledger.journal_metrics();
    if (metrics.failed) return absl::UnavailableError("账本写入失败 / the journal failed");
    if (metrics.segments_sealed <= metrics.segments_compressed + kUncompressedSegments + segments_left) return absl::OkStatus();
  }
  return absl::DeadlineExceededError("账本没有压缩完 / the journal is not compressed");
}

// Every household's drops, one round after another, so that no two of them lie near each other.
absl::Status WriteLedger(const std::string& folder, const Plan& plan, Report& report) {
  absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(folder, {std::string(32, 'k')});
  if (!ledger.ok()) return ledger.status();
  if (absl::Status status = (*ledger)->Enrol(plan.households, /*named=*/true); !status.ok()) return status;
  uint64_t sequence = 0;
  for (uint32_t round = 0; round < plan.drops; ++round) {
    const DropSetting setting = (*ledger)->Setting();
    for (uint32_t first = 0; first < plan.households; first += kAtOnce) {
      const auto drop = [&](uint32_t account) { return DropCommand(first + account, 0, ++sequence, setting); };
      absl::Status status = SubmitForEach((*ledger)->engine(), std::min(kAtOnce, plan.households - first), drop);
      if (status.ok()) status = AwaitCompressed(**ledger, kSegmentsAhead);
      if (!status.ok()) return status;
    }
    if (round % 10 == 9) report.Say(absl::StrCat("statement：", uint64_t{plan.households} * (round + 2), " 条 / entries"));
  }
  absl::Status status = AwaitCompressed(**ledger, 0);
  if (status.ok()) status = (*ledger)->TakeSnapshot();
  if (status.ok()) status = (*ledger)->Close();
  return status;
}

Plan PlanFor(const Options& options) {
  if (options.quick) return {1'000, 24, 20};
  return options.full ? Plan{1'000'000, 99, 2'000} : Plan{100'000, 29, 1'000};
}

}  // namespace

absl::Status RunStatement(const Options& options, Report& report) {
  const Plan plan = PlanFor(options);
  const absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make(options.folder);
  if (!folder.ok()) return folder.status();
  report.Say(absl::StrCat("statement：写 ", plan.entries(), " 条 / writing entries"));
  if (absl::Status status = WriteLedger(folder->path(), plan, report); !status.ok()) return status;
  report.Say("statement：读第一页 / reading first pages");
  const absl::StatusOr<std::string> printed =
      RunOwn(folder->path(), "read-statements",
             {"--ledger", folder->path(), "--households", absl::StrCat(plan.households), "--pages", absl::StrCat(plan.pages)});
  if (!printed.ok()) return printed.status();
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(*printed, error);
  if (error || !value.is_object()) return absl::InternalError(absl::StrCat("read-statements: ", *printed));
  const auto number = [&value](const char* name) { return value.at(name).to_number<double>(); };
  for (const char* quantile : {"p50", "p99"}) {
    Line line{.name = absl::StrCat("statement/first-page/", plan.entries(), "-entries/", quantile),
              .value = number(quantile),
              .unit = "ms",
              .bare = number(absl::StrCat("bare_", quantile).c_str()),
              .goal = std::nullopt,
              .lower_is_better = true,
              .goal_is_value = true};
    if (absl::string_view(quantile) == "p99") line.goal = kGoalMillis;
    report.Add(line);
  }
  return absl::OkStatus();
}

}  // namespace fenfen::bench
