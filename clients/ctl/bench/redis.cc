// fenfenctl bench redis: the Redis State beside the bare commit function, and two shards beside one.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/ctl/bench/benchmarks.h"
#include "clients/ctl/bench/ledger.h"
#include "clients/ctl/bench/redis_shard.h"
#include "ledger/core/limits.h"

namespace fenfen::bench {
namespace {

constexpr double kGoalState = 0.9;
constexpr double kGoalDrops = 50'000;
constexpr double kGoalTwoShards = 1.7;
// About so many drops a second; a round is measured by as many as take its time at that.
constexpr double kRedisExpected = 60'000;

double OwnCpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Processor seconds that the machine's processors were busy so far, all together; 0 where it does not say.
double MachineCpuSeconds() {
  std::ifstream file("/proc/stat");
  std::string name;
  file >> name;
  double busy = 0, ticks = 0;
  // user, nice, system, idle, iowait, irq, softirq, steal
  for (int field = 0; field < 8 && file >> ticks; ++field) busy += field == 3 || field == 4 ? 0 : ticks;
  return busy / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// What each process takes of the processors while one side of a comparison runs, over all of its rounds.
class Phase {
 public:
  Phase(std::string name, std::vector<const RedisShard*> shards)
      : name_(std::move(name)), shards_(std::move(shards)), of_shards_(shards_.size()) {}

  absl::StatusOr<double> Run(absl::FunctionRef<absl::StatusOr<double>()> round) {
    std::vector<double> before;
    for (const RedisShard* shard : shards_) before.push_back(shard->CpuSeconds());
    const double own = OwnCpuSeconds(), machine = MachineCpuSeconds(), begin = MonotonicSeconds();
    const absl::StatusOr<double> rate = round();
    seconds_ += MonotonicSeconds() - begin;
    machine_ += MachineCpuSeconds() - machine;
    own_ += OwnCpuSeconds() - own;
    for (size_t n = 0; n < shards_.size(); ++n) of_shards_[n] += shards_[n]->CpuSeconds() - before[n];
    return rate;
  }
  ProcessorUse Use() const {
    ProcessorUse use{name_, {{"fenfenctl", own_ / seconds_}}};
    for (const double seconds : of_shards_) use.shares.push_back({"redis", seconds / seconds_});
    // Whatever else runs on this machine has a part in what limits.
    use.shares.push_back({"others", std::max(0.0, machine_ / seconds_ - use.sum())});
    return use;
  }

 private:
  const std::string name_;
  const std::vector<const RedisShard*> shards_;
  std::vector<double> of_shards_;  // processor seconds
  double own_ = 0;
  double machine_ = 0;
  double seconds_ = 0;
};

class RedisBench {
 public:
  static absl::StatusOr<std::unique_ptr<RedisBench>> Open(const Options& options, Report& report) {
    absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make(options.folder);
    if (!folder.ok()) return folder.status();
    std::unique_ptr<RedisBench> bench(new RedisBench(options, report, *std::move(folder)));
    // The catalogue, as the engine would have it.
    const absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(bench->folder_.path(), {std::string(32, 'k')});
    if (!ledger.ok()) return ledger.status();
    bench->setting_ = (*ledger)->Setting();
    return bench;
  }

  // The State against the bare commit function, at one setting of the append-only file. The State keeps copies of the households that come,
  // or, where none is `cached`, loads each batch's before it decides; the bare driver has decided everything ahead.
  absl::Status Commit(const std::string& append_only, bool cached) {
    const std::string setting = append_only == "no" ? "no-aof" : append_only;
    const std::string name = absl::StrCat(cached ? "redis/commit/" : "redis/load-and-commit/", setting, "/batch-", limits::kExecuteMax);
    const std::string drops = absl::StrCat("redis/drops-a-shard/", setting);
    if (!options_.Wants(name) && !(cached && options_.Wants(drops))) return absl::OkStatus();
    report_.Say(name);
    MemoryState model;
    DropSource ours(setting_, households_, 1), bare(setting_, households_, 2);
    const auto our_shard = Start("ours-" + setting, append_only, ours, nullptr, cached ? kCachedRecords : 1);
    if (!our_shard.ok()) return our_shard.status();
    const auto bare_shard = Start("bare-" + setting, append_only, bare, &model);
    if (!bare_shard.ok()) return bare_shard.status();
    const absl::StatusOr<std::vector<FenceToken>> fences = (*bare_shard)->Fences();
    if (!fences.ok()) return fences.status();
    const absl::StatusOr<Pair> pair = Alternate(
        options_.rounds,
        [&]() -> absl::StatusOr<double> {
          const auto calls = CommitCalls(bare.Drops(batches_), RedisShard::kDeployment, *fences, model);
          if (!calls.ok()) return calls.status();
          return (*bare_shard)->RunBare(*calls);
        },
        [&] { return (*our_shard)->Run(ours.Drops(batches_)); });
    services_.StopAll();
    if (!pair.ok()) return pair.status();
    Line line{.name = name, .value = pair->ours, .unit = "drops/s", .bare = pair->bare, .goal = kGoalState};
    // The bare function has nothing to load.
    if (!cached) line.goal.reset();
    report_.Add(line);
    if (append_only == "always" || !cached) return absl::OkStatus();
    line.name = drops;
    line.goal = kGoalDrops;
    line.goal_is_value = true;
    report_.Add(line);
    return absl::OkStatus();
  }

  // Two servers, each with half of the partitions, against one with all of them.
  absl::Status TwoShards() {
    const std::string name = "redis/two-shards-against-one";
    if (!options_.Wants(name)) return absl::OkStatus();
    report_.Say(name);
    DropSource both(setting_, households_, 3), alone(setting_, households_, 4);
    // Three servers, so that each sees one run of sequence numbers.
    const auto one = Start("one", "no", alone, nullptr);
    if (!one.ok()) return one.status();
    const auto even = Start("even", "no", both, nullptr);
    if (!even.ok()) return even.status();
    DropSource again(setting_, households_, 3);
    const auto odd = Start("odd", "no", again, nullptr);
    if (!odd.ok()) return odd.status();
    Phase with_one("one shard", {one->get()}), with_two("two shards", {even->get(), odd->get()});
    const absl::StatusOr<Pair> pair = Alternate(
        options_.rounds,
        [&] {
          std::vector<DropBatch> batches = alone.Drops(batches_);
          return with_one.Run([&] { return (*one)->Run(std::move(batches)); });
        },
        [&] {
          std::vector<DropBatch> batches = both.Drops(batches_);
          return with_two.Run([&] { return RunHalves(**even, **odd, std::move(batches)); });
        });
    services_.StopAll();
    if (!pair.ok()) return pair.status();
    Line line{.name = name, .value = pair->ours, .unit = "drops/s", .bare = pair->bare, .goal = kGoalTwoShards};
    // What limits: where all processors are busy already with one shard, two can only share them.
    line.processors = {with_one.Use(), with_two.Use()};
    report_.Add(line);
    return absl::OkStatus();
  }

 private:
  RedisBench(const Options& options, Report& report, TemporaryFolder folder)
      : options_(options),
        report_(report),
        folder_(std::move(folder)),
        // So many in a partition that Redis keeps them in hash tables, as in a district, and not in lists that it searches.
        households_(options.quick ? 2'560 : 100'000),
        batches_(static_cast<size_t>(std::max(64.0, absl::ToDoubleSeconds(options.round()) * kRedisExpected / limits::kExecuteMax))),
        services_([](const std::string&) {}, &stop_) {}

  absl::StatusOr<std::unique_ptr<RedisShard>> Start(const std::string& name, const std::string& append_only, DropSource& source,
                                                    MemoryState* model, size_t cached_records = kCachedRecords) {
    absl::StatusOr<std::unique_ptr<RedisShard>> shard = RedisShard::Start(services_, folder_.path(), name, append_only);
    if (!shard.ok()) return shard;
    if (absl::Status filled = (*shard)->Fill(source.Beginning(), model, cached_records); !filled.ok()) return filled;
    return shard;
  }

  static absl::StatusOr<double> RunHalves(RedisShard& even, RedisShard& odd, std::vector<DropBatch> batches) {
    const auto of_even = std::make_shared<RedisShard::InFlight>(), of_odd = std::make_shared<RedisShard::InFlight>();
    size_t drops = 0;
    const double begin = MonotonicSeconds();
    for (DropBatch& batch : batches) {
      drops += batch.works.size();
      const bool is_even = batch.partition.value() % 2 == 0;
      (is_even ? even : odd).Begin(std::move(batch), is_even ? of_even : of_odd);
    }
    const absl::Status first = of_even->AwaitAll(), second = of_odd->AwaitAll();
    if (!first.ok()) return first;
    if (!second.ok()) return second;
    return static_cast<double>(drops) / (MonotonicSeconds() - begin);
  }

  const Options& options_;
  Report& report_;
  const TemporaryFolder folder_;
  const uint32_t households_;
  const size_t batches_;  // of a round
  std::atomic<bool> stop_{false};
  ctl::Services services_;
  DropSetting setting_;
};

}  // namespace

absl::Status RunRedis(const Options& options, Report& report) {
  const absl::StatusOr<std::unique_ptr<RedisBench>> bench = RedisBench::Open(options, report);
  if (!bench.ok()) return bench.status();
  for (const char* append_only : {"no", "everysec", "always"}) {
    if (absl::Status status = (*bench)->Commit(append_only, true); !status.ok()) return status;
  }
  if (absl::Status status = (*bench)->Commit("no", false); !status.ok()) return status;
  if (absl::Status status = (*bench)->TwoShards(); !status.ok()) return status;
  return RunPostgresJournal(options, report);
}

}  // namespace fenfen::bench
