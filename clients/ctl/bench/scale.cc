// fenfenctl bench scale: what a drop costs the more households there are. Every household gets as many drops, one a round, since a drop
// costs the more the more its household dropped on the day. In time on processors: ten thousand drops are over before the disk's share of
// the time says anything.
#include <ctime>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/ctl/bench/benchmarks.h"
#include "clients/ctl/bench/ledger.h"
#include "clients/ctl/bench/load.h"

namespace fenfen::bench {
namespace {

constexpr double kGoalRatio = 1.5;
// Households are gone through in steps of it, so that neighbours in memory do not come one after another. No power of ten has a divisor of
// its.
constexpr uint64_t kStride = 611'953;

double ProcessorSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// A ledger of one size.
class Size {
 public:
  static absl::StatusOr<std::unique_ptr<Size>> Open(const Options& options, uint32_t households) {
    absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make(options.folder);
    if (!folder.ok()) return folder.status();
    std::unique_ptr<Size> size(new Size(*std::move(folder), households));
    absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(size->folder_.path(), {std::string(32, 'k')});
    if (!ledger.ok()) return ledger.status();
    size->ledger_ = *std::move(ledger);
    if (absl::Status status = size->ledger_->Seed(households); !status.ok()) return status;
    return size;
  }

  // Nanoseconds a drop, durable, in large batches: of one more drop for each household.
  absl::StatusOr<double> Cost() {
    const DropSetting setting = ledger_->Setting();
    const auto drop = [&](uint32_t turn) {
      const auto account = static_cast<uint32_t>(turn * kStride % households_);
      return DropCommand(account, 0, ++sequence_, setting);
    };
    const double begin = ProcessorSeconds();
    if (absl::Status status = SubmitForEach(ledger_->engine(), households_, drop); !status.ok()) return status;
    return 1e9 * (ProcessorSeconds() - begin) / households_;
  }

 private:
  Size(TemporaryFolder folder, uint32_t households) : folder_(std::move(folder)), households_(households) {}

  const TemporaryFolder folder_;
  const uint32_t households_;
  uint64_t sequence_ = 0;
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace

absl::Status RunScale(const Options& options, Report& report) {
  std::vector<uint32_t> households = {10'000, 100'000, 1'000'000};
  if (options.full) households.push_back(10'000'000);
  if (options.quick) households = {1'000, 10'000};
  for (size_t i = 1; i < households.size(); ++i) {
    report.Say(absl::StrCat("scale：", households[i], " 户 / households"));
    // Both new, so that both have the same behind them.
    const absl::StatusOr<std::unique_ptr<Size>> smallest = Size::Open(options, households.front());
    if (!smallest.ok()) return smallest.status();
    const absl::StatusOr<std::unique_ptr<Size>> size = Size::Open(options, households[i]);
    if (!size.ok()) return size.status();
    const absl::StatusOr<Pair> pair = Alternate(
        options.rounds, [&] { return (*smallest)->Cost(); }, [&] { return (*size)->Cost(); });
    if (!pair.ok()) return pair.status();
    report.Add({.name = absl::StrCat("scale/drop/", households[i], "-against-", households.front(), "-households"),
                .value = pair->ours,
                .unit = "ns",
                .bare = pair->bare,
                .goal = kGoalRatio,
                .lower_is_better = true});
  }
  return absl::OkStatus();
}

}  // namespace fenfen::bench
