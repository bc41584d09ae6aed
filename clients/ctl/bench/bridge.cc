// fenfenctl bench bridge: public reads that the bridge keeps in memory, beside a bare Boost.Beast server.
#include <atomic>
#include <fstream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "clients/ctl/bench/benchmarks.h"
#include "clients/ctl/bench/children.h"
#include "clients/ctl/bench/http_load.h"
#include "clients/ctl/bench/server.h"

namespace fenfen::bench {
namespace {

constexpr char kPath[] = "/v1/offers";
constexpr int kConnections = 32;
constexpr double kGoalRatio = 0.5;

class BridgeBench {
 public:
  BridgeBench() : services_([](const std::string&) {}, &stop_) {}

  absl::Status Start(const Options& options) {
    absl::StatusOr<std::unique_ptr<BenchServer>> server = BenchServer::Start(options, {.households = 1, .devices = 1, .bridge = true});
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    absl::StatusOr<std::unique_ptr<HttpLoad>> sample = HttpLoad::Connect(server_->http_address(), kPath, 1);
    if (!sample.ok()) return sample.status();
    const absl::StatusOr<std::string> body = (*sample)->Once();
    if (!body.ok()) return body.status();
    body_bytes_ = body->size();
    // With a body of ours to give, so that both carry as much.
    const std::string body_file = absl::StrCat(server_->folder(), "/body");
    std::ofstream(body_file, std::ios::binary) << *body;
    const ctl::Service hello = OwnService(server_->folder(), "serve-hello", {"--reply", body_file});
    if (absl::Status status = services_.Start(hello); !status.ok()) return status;
    const absl::StatusOr<std::string> address = ReadyField(hello.ready_file, "http");
    if (!address.ok()) return address.status();
    absl::StatusOr<std::unique_ptr<HttpLoad>> bare = HttpLoad::Connect(*address, "/", kConnections);
    if (!bare.ok()) return bare.status();
    bare_ = *std::move(bare);
    absl::StatusOr<std::unique_ptr<HttpLoad>> ours = HttpLoad::Connect(server_->http_address(), kPath, kConnections);
    if (!ours.ok()) return ours.status();
    ours_ = *std::move(ours);
    return absl::OkStatus();
  }

  absl::StatusOr<Pair> Rates(const Options& options) {
    return Alternate(
        options.rounds, [&] { return bare_->Run(options.round()); }, [&] { return ours_->Run(options.round()); });
  }
  size_t body_bytes() const { return body_bytes_; }

 private:
  const std::atomic<bool> stop_{false};
  std::unique_ptr<BenchServer> server_;
  ctl::Services services_;  // after the server, in whose folder it writes
  std::unique_ptr<HttpLoad> bare_;
  std::unique_ptr<HttpLoad> ours_;
  size_t body_bytes_ = 0;
};

}  // namespace

absl::Status RunBridge(const Options& options, Report& report) {
  report.Say("启动 fenfend、fenfen-bridge 和裸 Beast 服务器 / starting fenfend, fenfen-bridge and a bare Beast server");
  BridgeBench bench;
  if (absl::Status status = bench.Start(options); !status.ok()) return status;
  report.Say("bridge");
  const absl::StatusOr<Pair> pair = bench.Rates(options);
  if (!pair.ok()) return pair.status();
  report.Add({.name = absl::StrCat("bridge/cached-read/", kConnections, "-connections/", bench.body_bytes(), "-bytes"),
              .value = pair->ours,
              .unit = "requests/s",
              .bare = pair->bare,
              .goal = kGoalRatio});
  return absl::OkStatus();
}

}  // namespace fenfen::bench
