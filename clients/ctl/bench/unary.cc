// fenfenctl bench unary: RecordDrop at a server of its own, beside a server of the same service that does nothing.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/ctl/bench/bare_core.h"
#include "clients/ctl/bench/benchmarks.h"
#include "clients/ctl/bench/children.h"
#include "clients/ctl/bench/server.h"
#include "clients/ctl/bench/unary_load.h"

namespace fenfen::bench {
namespace {

constexpr int kGoalInFlight = 64;
constexpr double kUnaryGoalRatio = 0.80;
// One call may take as long as an empty one and one and a half syncs: its own, and half of one that is under way.
constexpr double kSyncsAllowed = 1.5;
constexpr double kGoalLatency = 1.0;
constexpr size_t kSyncFileBytes = 4u << 20;

class UnaryBench {
 public:
  UnaryBench() : services_([](const std::string&) {}, &stop_) {}

  absl::Status Start(const Options& options) {
    const uint32_t households = options.quick ? 1'000 : 100'000;
    absl::StatusOr<std::unique_ptr<BenchServer>> server =
        BenchServer::Start(options, {.households = households, .devices = 1, .bridge = false});
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    absl::StatusOr<std::unique_ptr<client::Client>> client = server_->ConnectAsAttendant();
    if (!client.ok()) return client.status();
    ours_ = std::make_unique<UnaryLoad>(*std::move(client), households);
    const absl::StatusOr<v1::RecordDropResponse> reply = ours_->Once();
    if (!reply.ok()) return reply.status();
    // With a reply of ours to give, so that all carry as much.
    const std::string reply_file = absl::StrCat(server_->folder(), "/reply");
    std::ofstream(reply_file, std::ios::binary) << reply->SerializeAsString();
    absl::StatusOr<std::unique_ptr<UnaryLoad>> bare = StartEcho({"--reply", reply_file}, "echo", households);
    if (!bare.ok()) return bare.status();
    bare_ = *std::move(bare);
    const std::string sync_file = absl::StrCat(server_->folder(), "/echoed");
    absl::StatusOr<std::unique_ptr<UnaryLoad>> durable =
        StartEcho({"--reply", reply_file, "--sync-file", sync_file}, "durable-echo", households);
    if (!durable.ok()) return durable.status();
    durable_ = *std::move(durable);
    absl::StatusOr<std::unique_ptr<ZeroedFile>> file = ZeroedFile::Make(absl::StrCat(server_->folder(), "/sync"), kSyncFileBytes);
    if (!file.ok()) return file.status();
    file_ = *std::move(file);
    // Connections are made and memory is fetched once in a server's life.
    absl::Status status = ours_->Run(kGoalInFlight, options.round() / 4).status();
    status.Update(bare_->Run(kGoalInFlight, options.round() / 4).status());
    status.Update(durable_->Run(kGoalInFlight, options.round() / 4).status());
    return status;
  }

  enum class Echo { kAtOnce, kDurable };

  absl::StatusOr<Pair> Rates(const Options& options, int in_flight, Echo echo) {
    UnaryLoad& bare = echo == Echo::kAtOnce ? *bare_ : *durable_;
    const auto rate = [&](UnaryLoad& load) -> absl::StatusOr<double> {
      const absl::StatusOr<UnaryResult> result = load.Run(in_flight, options.round());
      if (!result.ok()) return result.status();
      return result->calls_per_second;
    };
    return Alternate(
        options.rounds, [&] { return rate(bare); }, [&] { return rate(*ours_); });
  }

  // Microseconds of a call at the median, one at a time; bare: an empty call and the syncs that are allowed.
  absl::StatusOr<Pair> Latencies(const Options& options) {
    const auto bare = [&]() -> absl::StatusOr<double> {
      const absl::StatusOr<UnaryResult> echo = bare_->Run(1, options.round() / 2);
      if (!echo.ok()) return echo.status();
      const absl::StatusOr<double> sync = file_->MedianSync(options.round() / 2);
      if (!sync.ok()) return sync.status();
      return (echo->median_seconds + kSyncsAllowed * *sync) * 1e6;
    };
    const auto ours = [&]() -> absl::StatusOr<double> {
      const absl::StatusOr<UnaryResult> result = ours_->Run(1, options.round());
      if (!result.ok()) return result.status();
      return result->median_seconds * 1e6;
    };
    return Alternate(options.rounds, bare, ours);
  }

 private:
  absl::StatusOr<std::unique_ptr<UnaryLoad>> StartEcho(const std::vector<std::string>& arguments, const std::string& name,
                                                       uint32_t households) {
    const std::string folder = absl::StrCat(server_->folder(), "/", name);
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return absl::ErrnoToStatus(error.value(), folder);
    const ctl::Service service = OwnService(folder, "serve-echo", arguments);
    if (absl::Status status = services_.Start(service); !status.ok()) return status;
    const absl::StatusOr<std::string> address = ReadyField(service.ready_file, "grpc");
    if (!address.ok()) return address.status();
    client::ClientOptions options;
    options.target = *address;
    absl::StatusOr<std::unique_ptr<client::Client>> client = client::Client::Connect(std::move(options));
    if (!client.ok()) return client.status();
    return std::make_unique<UnaryLoad>(*std::move(client), households);
  }

  const std::atomic<bool> stop_{false};
  std::unique_ptr<BenchServer> server_;
  ctl::Services services_;  // after the server, in whose folder it writes
  std::unique_ptr<UnaryLoad> ours_;
  std::unique_ptr<UnaryLoad> bare_;
  std::unique_ptr<UnaryLoad> durable_;
  std::unique_ptr<ZeroedFile> file_;
};

}  // namespace

absl::Status RunUnary(const Options& options, Report& report) {
  report.Say("启动 fenfend 和空服务器 / starting fenfend and an empty server");
  UnaryBench bench;
  if (absl::Status status = bench.Start(options); !status.ok()) return status;
  for (const UnaryBench::Echo echo : {UnaryBench::Echo::kAtOnce, UnaryBench::Echo::kDurable}) {
    for (const int in_flight : {1, 16, kGoalInFlight}) {
      const bool durable = echo == UnaryBench::Echo::kDurable;
      const std::string name = absl::StrCat("unary/record-drop/", in_flight, "-in-flight", durable ? "/against-durable-echo" : "");
      if (!options.Wants(name)) continue;
      report.Say(name);
      const absl::StatusOr<Pair> pair = bench.Rates(options, in_flight, echo);
      if (!pair.ok()) return pair.status();
      Line line{.name = name, .value = pair->ours, .unit = "calls/s", .bare = pair->bare, .goal = std::nullopt};
      if (in_flight == kGoalInFlight && !durable) line.goal = kUnaryGoalRatio;
      report.Add(line);
    }
  }
  const char* const latency = "unary/record-drop/1-in-flight/p50";
  if (!options.Wants(latency)) return absl::OkStatus();
  const absl::StatusOr<Pair> pair = bench.Latencies(options);
  if (!pair.ok()) return pair.status();
  report.Add({.name = latency, .value = pair->ours, .unit = "us", .bare = pair->bare, .goal = kGoalLatency, .lower_is_better = true});
  return absl::OkStatus();
}

}  // namespace fenfen::bench
