// fenfenctl bench scale: what a drop costs the more households there are.
#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/ctl/bench/benchmarks.h"
#include "clients/ctl/bench/ledger.h"
#include "clients/ctl/bench/load.h"

namespace fenfen::bench {
namespace {

constexpr double kGoalRatio = 1.5;
constexpr size_t kBatch = 8190;
constexpr int kClients = 2;

// A ledger of one size.
class Size {
 public:
  static absl::StatusOr<std::unique_ptr<Size>> Open(const Options& options, uint32_t households) {
    absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make(options.folder);
    if (!folder.ok()) return folder.status();
    std::unique_ptr<Size> size(new Size(*std::move(folder), households));
    absl::StatusOr<std::unique_ptr<Ledger>> ledger =
        Ledger::Open(size->folder_.path(), std::vector<std::string>(kClients, std::string(32, 'k')));
    if (!ledger.ok()) return ledger.status();
    size->ledger_ = *std::move(ledger);
    if (absl::Status status = size->ledger_->Seed(households); !status.ok()) return status;
    return size;
  }

  // Nanoseconds a drop, durable, in large batches.
  absl::StatusOr<double> Cost(absl::Duration time) {
    const auto make = [this](int client, size_t count) {
      const DropSetting setting = ledger_->Setting();
      uint64_t& sequence = sequences_[static_cast<size_t>(client)];
      std::vector<Command> commands;
      commands.reserve(count);
      for (size_t i = 0; i < count; ++i) {
        const uint32_t account = picks_.At((static_cast<uint64_t>(client) << 18) + sequence++).from;
        commands.push_back(DropCommand(account, static_cast<size_t>(client), sequence, setting));
      }
      return commands;
    };
    const absl::StatusOr<double> rate = RunLoad(ledger_->engine(), {.clients = kClients, .batch = kBatch, .time = time}, make);
    if (!rate.ok()) return rate.status();
    return 1e9 / *rate;
  }

 private:
  Size(TemporaryFolder folder, uint32_t households)
      : folder_(std::move(folder)), picks_(households, Spread::kUniform), sequences_(kClients) {}

  const TemporaryFolder folder_;
  const Picks picks_;
  std::vector<uint64_t> sequences_;
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace

absl::Status RunScale(const Options& options, Report& report) {
  std::vector<uint32_t> households = {10'000, 100'000, 1'000'000};
  if (options.full) households.push_back(10'000'000);
  if (options.quick) households = {1'000, 10'000};
  report.Say("scale：准备最小的一份 / making the smallest");
  absl::StatusOr<std::unique_ptr<Size>> smallest = Size::Open(options, households.front());
  if (!smallest.ok()) return smallest.status();
  for (size_t i = 1; i < households.size(); ++i) {
    report.Say(absl::StrCat("scale：", households[i], " 户 / households"));
    absl::StatusOr<std::unique_ptr<Size>> size = Size::Open(options, households[i]);
    if (!size.ok()) return size.status();
    const absl::StatusOr<Pair> pair = Alternate(
        options.rounds, [&] { return (*smallest)->Cost(options.round()); }, [&] { return (*size)->Cost(options.round()); });
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
