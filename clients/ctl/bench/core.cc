// fenfenctl bench core: the ledger in this process beside the bare durable core.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/bench/bare_core.h"
#include "clients/ctl/bench/benchmarks.h"
#include "clients/ctl/bench/ledger.h"
#include "clients/ctl/bench/load.h"

namespace fenfen::bench {
namespace {

constexpr size_t kFileBytes = 16u << 20;  // holds the largest batch several times
constexpr double kGoalTransfers = 0.85;
constexpr double kGoalDrops = 0.5;  // a drop's rules, caps, lots and reasons are more than a transfer
constexpr size_t kGoalBatch = 1024;
constexpr uint32_t kGoalAccounts = 1'000'000;
constexpr int kClientsMax = 3;

// What one client goes on with from batch to batch.
struct Client {
  explicit Client(uint64_t number) : keys(number), turn(number << 18) {}
  KeySource keys;
  uint64_t turn;
  uint64_t sequence = 0;
};

// A ledger with its clients and the bare core, both with the same accounts.
class CoreBench {
 public:
  static absl::StatusOr<std::unique_ptr<CoreBench>> Open(const Options& options, Report& report, uint32_t accounts) {
    absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make(options.folder);
    if (!folder.ok()) return folder.status();
    report.Say(absl::StrCat("准备 ", accounts, " 个账户 / making accounts"));
    std::unique_ptr<CoreBench> bench(new CoreBench(options, report, *std::move(folder), accounts));
    absl::StatusOr<std::unique_ptr<ZeroedFile>> file = ZeroedFile::Make(absl::StrCat(bench->folder_.path(), "/bare"), kFileBytes);
    if (!file.ok()) return file.status();
    bench->file_ = *std::move(file);
    bench->bare_ = std::make_unique<BareCore>(*bench->file_, accounts);
    const std::vector<std::string> keys(kClientsMax, std::string(32, 'k'));
    absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(bench->folder_.path(), keys);
    if (!ledger.ok()) return ledger.status();
    bench->ledger_ = *std::move(ledger);
    for (uint64_t number = 0; number < kClientsMax; ++number) bench->clients_.push_back(std::make_unique<Client>(number));
    if (absl::Status status = bench->ledger_->Seed(accounts); !status.ok()) return status;
    return bench;
  }

  absl::Status Transfers(Spread spread, size_t batch) {
    const Picks picks(accounts_, spread);
    const auto make = [&](int number, size_t count) {
      Client& client = *clients_[static_cast<size_t>(number)];
      client.keys.Tick();
      const absl::Time now = absl::Now();
      std::vector<Command> commands;
      commands.reserve(count);
      for (size_t i = 0; i < count; ++i) commands.push_back(TransferCommand(picks.At(client.turn++), client.keys.Next(), now));
      return commands;
    };
    return Measure("transfers", kGoalTransfers, picks, spread, batch, make);
  }

  absl::Status Drops(Spread spread, size_t batch) {
    const Picks picks(accounts_, spread);
    const auto make = [&](int number, size_t count) {
      Client& client = *clients_[static_cast<size_t>(number)];
      const DropSetting setting = ledger_->Setting();
      std::vector<Command> commands;
      commands.reserve(count);
      for (size_t i = 0; i < count; ++i) {
        const uint32_t account = picks.At(client.turn++).from;
        commands.push_back(DropCommand(account, static_cast<size_t>(number), ++client.sequence, setting));
      }
      return commands;
    };
    return Measure("drops", kGoalDrops, picks, spread, batch, make);
  }

 private:
  CoreBench(const Options& options, Report& report, TemporaryFolder folder, uint32_t accounts)
      : options_(options), report_(report), accounts_(accounts), folder_(std::move(folder)) {}

  absl::Status Measure(const char* what, double goal, const Picks& picks, Spread spread, size_t batch, MakeBatch make) {
    const char* const spread_name = spread == Spread::kUniform ? "uniform" : "hot";
    const std::string name = absl::StrCat("core/", what, "/", accounts_, "-accounts/", spread_name, "/batch-", batch);
    if (!options_.Wants(name)) return absl::OkStatus();
    report_.Say(name);
    Engine& engine = ledger_->engine();
    // One of a kind, to know its bytes.
    std::vector<Command> sample = make(0, 1);
    const PartitionId partition = sample.front().partition;
    if (absl::Status status = SubmitAllAndWait(engine, std::move(sample)); !status.ok()) return status;
    const absl::StatusOr<size_t> stored_bytes = ledger_->StoredBytesOfLast(partition);
    if (!stored_bytes.ok()) return stored_bytes.status();
    // While one batch becomes durable the other is decided; a single command waits for itself alone.
    const Load load{batch == 1 ? 1 : kClientsMax, batch, options_.round()};
    const absl::StatusOr<Pair> pair = Alternate(
        options_.rounds, [&] { return bare_->Run(picks, batch, *stored_bytes, options_.round()); },
        [&] { return RunLoad(engine, load, make); });
    if (!pair.ok()) return pair.status();
    Line line{.name = name, .value = pair->ours, .unit = absl::StrCat(what, "/s"), .bare = pair->bare, .goal = std::nullopt};
    if (batch >= kGoalBatch && accounts_ == kGoalAccounts) line.goal = goal;
    report_.Add(line);
    return absl::OkStatus();
  }

  const Options options_;
  Report& report_;
  const uint32_t accounts_;
  const TemporaryFolder folder_;
  std::unique_ptr<ZeroedFile> file_;
  std::unique_ptr<BareCore> bare_;
  std::unique_ptr<Ledger> ledger_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace

absl::Status RunCore(const Options& options, Report& report) {
  const uint32_t few = options.quick ? 1'000 : 10'000;
  const uint32_t many = options.quick ? 10'000 : kGoalAccounts;
  for (const uint32_t accounts : {few, many}) {
    absl::StatusOr<std::unique_ptr<CoreBench>> bench = CoreBench::Open(options, report, accounts);
    if (!bench.ok()) return bench.status();
    std::vector<size_t> batches = {8190};
    if (accounts == many) batches = {1, 64, 1024, 8190};
    absl::Status status;
    for (const size_t batch : batches) {
      if (status.ok()) status = (*bench)->Transfers(Spread::kUniform, batch);
    }
    if (status.ok()) status = (*bench)->Transfers(Spread::kHot, 8190);
    if (!status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<CoreBench>> bench = CoreBench::Open(options, report, many);
  if (!bench.ok()) return bench.status();
  for (const size_t batch : {size_t{1}, size_t{64}, size_t{1024}, size_t{8190}}) {
    if (absl::Status status = (*bench)->Drops(Spread::kUniform, batch); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace fenfen::bench
