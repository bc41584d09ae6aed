#include "clients/ctl/demo/redis_nodes.h"

#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "clients/cpp/key_file.h"
#include "clients/ctl/demo/district_files.h"
#include "clients/ctl/demo/port.h"

namespace fenfen::ctl {

namespace {

constexpr char kServerProgram[] = "/usr/bin/redis-server";  // Debian's
constexpr char kClientProgram[] = "/usr/bin/redis-cli";
constexpr absl::Duration kAnswerMax = absl::Seconds(20);
constexpr absl::Duration kJoinMax = absl::Seconds(60);
constexpr absl::Duration kWholeMax = absl::Seconds(60);
// A replica takes over some three seconds after its master was last heard of.
constexpr int kNodeTimeoutMs = 2'000;
constexpr absl::Duration kRestartAfter = absl::Seconds(10);

// redis-cli with the nodes' password, which is nobody's to see in a list of processes.
class Cli {
 public:
  Cli(const Workspace& workspace, const DemoPorts& ports, const std::atomic<bool>& stop)
      : workspace_(workspace), ports_(ports), stop_(stop) {
    const absl::StatusOr<std::string> password = client::ReadKeyFile(workspace.Path("keys/redis.secret"), /*secret=*/true);
    if (password.ok()) password_ = std::string(absl::StripAsciiWhitespace(*password));
  }

  const std::string& password() const { return password_; }
  absl::StatusOr<std::string> Run(std::vector<std::string> arguments, absl::Duration patience) const {
    ChildOptions options;
    options.arguments = {kClientProgram};
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
    options.environment = {absl::StrCat("REDISCLI_AUTH=", password_)};
    options.log_file = workspace_.Path("log/redis-cli.log");
    return RunProgram(std::move(options), stop_, patience);
  }
  // What a node says; empty where it does not answer.
  std::string Ask(size_t node, std::initializer_list<std::string> command) const {
    std::vector<std::string> arguments = {"-h", "127.0.0.1", "-p", PortOf(ports_.redis[node])};
    arguments.insert(arguments.end(), command.begin(), command.end());
    const absl::StatusOr<std::string> said = Run(std::move(arguments), kAnswerMax);
    return said.ok() ? *said : "";
  }

 private:
  const Workspace& workspace_;
  const DemoPorts& ports_;
  const std::atomic<bool>& stop_;
  std::string password_;
};

// Every slot is served, and nobody's replica is missing.
bool IsWhole(const Cli& cli) {
  size_t followed = 0, following = 0;
  for (size_t node = 0; node < kRedisNodes; ++node) {
    if (!absl::StrContains(cli.Ask(node, {"CLUSTER", "INFO"}), "cluster_state:ok")) return false;
    const std::string replication = cli.Ask(node, {"INFO", "replication"});
    followed += absl::StrContains(replication, "role:master") && absl::StrContains(replication, "connected_slaves:1") ? 1 : 0;
    following += absl::StrContains(replication, "master_link_status:up") ? 1 : 0;
  }
  return followed == kRedisNodes / 2 && following == kRedisNodes / 2;
}

absl::StatusOr<Service> NodeService(const Workspace& workspace, const DemoPorts& ports, const std::string& password, size_t node) {
  const std::string name = absl::StrCat("redis-", node + 1);
  const std::string folder = workspace.Path(name);
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (!error) std::filesystem::create_directories(folder, error);
  // The password is in there.
  if (!error) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error) return absl::ErrnoToStatus(error.value(), folder);
  const std::string config = absl::StrCat(folder, "/redis.conf");
  const absl::Status written = ReplaceFile(
      config, absl::StrCat("bind 127.0.0.1\nport ", PortOf(ports.redis[node]), "\ncluster-enabled yes\ncluster-port ",
                           PortOf(ports.redis_bus[node]), "\ncluster-node-timeout ", kNodeTimeoutMs,
                           "\ncluster-require-full-coverage no\nappendonly yes\nmaxmemory-policy noeviction\naof-load-truncated no\ndir ",
                           folder, "\nrequirepass ", password, "\nmasterauth ", password, "\n"));
  if (!written.ok()) return written;
  Service service;
  service.name = name;
  service.options.arguments = {kServerProgram, config};
  service.options.log_file = workspace.Path(absl::StrCat("log/", name, ".log"));
  service.address = ports.redis[node];
  service.ready = [address = service.address] { return Accepts(address); };
  service.restart_after = kRestartAfter;
  return service;
}

}  // namespace

absl::Status StartRedisNodes(const Workspace& workspace, const DemoPorts& ports, Services* services, const std::atomic<bool>& stop) {
  const Cli cli(workspace, ports, stop);
  std::vector<std::string> join = {"--cluster", "create"};
  for (size_t node = 0; node < kRedisNodes; ++node) {
    const absl::StatusOr<Service> service = NodeService(workspace, ports, cli.password(), node);
    if (!service.ok()) return service.status();
    if (absl::Status status = services->Start(*service); !status.ok()) return status;
    join.push_back(ports.redis[node]);
  }
  for (const char* more : {"--cluster-replicas", "1", "--cluster-yes"}) join.emplace_back(more);
  if (const auto joined = cli.Run(std::move(join), kJoinMax); !joined.ok()) return joined.status();
  const absl::Time deadline = absl::Now() + kWholeMax;
  while (!IsWhole(cli)) {
    if (stop) return absl::CancelledError("stopped");
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat("Redis 集群 60 秒内未就绪 / the Redis Cluster was not whole within 60 s: ", cli.Ask(0, {"CLUSTER", "NODES"})));
    }
    absl::SleepFor(absl::Milliseconds(50));
  }
  return absl::OkStatus();
}

std::vector<size_t> RedisMasters(const Workspace& workspace, const DemoPorts& ports, const std::atomic<bool>& stop) {
  const Cli cli(workspace, ports, stop);
  std::vector<size_t> masters;
  for (size_t node = 0; node < ports.redis.size(); ++node) {
    if (absl::StrContains(cli.Ask(node, {"INFO", "replication"}), "role:master")) masters.push_back(node);
  }
  return masters;
}

}  // namespace fenfen::ctl
