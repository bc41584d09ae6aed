// fenfenctl bench stream: signed batches of drops to a server of its own, beside the bare durable core.
#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/bench/bare_core.h"
#include "clients/ctl/bench/benchmarks.h"
#include "clients/ctl/bench/device_load.h"
#include "clients/ctl/bench/ledger.h"
#include "clients/ctl/bench/server.h"
#include "ledger/core/limits.h"

namespace fenfen::bench {
namespace {

constexpr size_t kDevices = 8;
constexpr int kDropsPerBatch = 1000;
constexpr size_t kBareBatch = 8190;
constexpr size_t kFileBytes = 16u << 20;
constexpr double kGoalPerSecond = 400'000;
constexpr double kStreamGoalRatio = 0.5;
// Drops are signed before the clock starts, so how many are needed is guessed, and how long they take is measured.
constexpr double kExpectedPerSecond = 300'000;

class StreamBench {
 public:
  absl::Status Start(const Options& options) {
    households_ = options.quick ? 1'000 : 1'000'000;  // as many as the bare core of `core` has
    absl::StatusOr<std::unique_ptr<BenchServer>> server =
        BenchServer::Start(options, {.households = households_, .devices = kDevices, .bridge = false});
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    for (size_t n = 0; n < kDevices; ++n) {
      absl::StatusOr<std::unique_ptr<client::Client>> client = server_->ConnectAsDevice(n);
      if (!client.ok()) return client.status();
      devices_.push_back(std::make_unique<DeviceLoad>(DeviceName(n), server_->device_keys()[n], *std::move(client)));
    }
    absl::StatusOr<std::unique_ptr<ZeroedFile>> file = ZeroedFile::Make(absl::StrCat(server_->folder(), "/bare"), kFileBytes);
    if (!file.ok()) return file.status();
    file_ = *std::move(file);
    bare_ = std::make_unique<BareCore>(*file_, households_);
    return absl::OkStatus();
  }

  absl::StatusOr<double> Bare(absl::Duration time) {
    return bare_->Run(Picks(households_, Spread::kUniform), kBareBatch, server_->drop_bytes(), time);
  }

  absl::StatusOr<double> Ours(absl::Duration time) {
    const double drops = kExpectedPerSecond * absl::ToDoubleSeconds(time);
    const size_t batches = std::max<size_t>(2, static_cast<size_t>(drops / kDropsPerBatch / kDevices));
    for (const auto& device : devices_) device->Prepare(batches, kDropsPerBatch, households_, absl::Now());
    const double begin = MonotonicSeconds();
    // A busy server asks to come again, and the waiting counts.
    for (bool again = false;; again = true) {
      std::vector<DeviceLoad*> going;
      for (const auto& device : devices_) {
        if (!device->Finished()) going.push_back(device.get());
      }
      if (going.empty()) break;
      if (again) absl::SleepFor(limits::kRetryDelayWhenBusy);
      for (DeviceLoad* device : going) device->Begin();
      absl::Status status;
      for (DeviceLoad* device : going) status.Update(device->Wait());
      if (!status.ok()) return status;
    }
    const double seconds = MonotonicSeconds() - begin;
    return static_cast<double>(batches * kDropsPerBatch * kDevices) / seconds;
  }

 private:
  uint32_t households_ = 0;
  std::unique_ptr<BenchServer> server_;
  std::vector<std::unique_ptr<DeviceLoad>> devices_;
  std::unique_ptr<ZeroedFile> file_;
  std::unique_ptr<BareCore> bare_;
};

}  // namespace

absl::Status RunStream(const Options& options, Report& report) {
  report.Say("启动 fenfend，准备签名的批次 / starting fenfend, signing batches");
  StreamBench bench;
  if (absl::Status status = bench.Start(options); !status.ok()) return status;
  // Connections are made and memory is fetched once in a server's life.
  if (absl::StatusOr<double> warm = bench.Ours(absl::ZeroDuration()); !warm.ok()) return warm.status();
  report.Say("stream");
  const absl::StatusOr<Pair> pair = Alternate(
      options.rounds, [&] { return bench.Bare(options.round()); }, [&] { return bench.Ours(options.round()); });
  if (!pair.ok()) return pair.status();
  const std::string name = absl::StrCat("stream/drops/", kDevices, "-devices/", kDropsPerBatch, "-a-message");
  Line line{.name = name, .value = pair->ours, .unit = "drops/s", .bare = pair->bare, .goal = kGoalPerSecond, .goal_is_value = true};
  report.Add(line);
  line.name += "/against-bare";
  line.goal = kStreamGoalRatio;
  line.goal_is_value = false;
  report.Add(line);
  return absl::OkStatus();
}

}  // namespace fenfen::bench
