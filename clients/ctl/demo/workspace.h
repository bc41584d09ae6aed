// The demo's folder: keys, configuration, the district's files, and a record of what is done, so that a second start goes on from there.
//
//   demo.json       what the district is and how far it is set up
//   keys/           operator.*.pem, bridge.*.pem, codes.key, lookups.key, subject.key, wechat.secret; made once
//   fenfend.toml, bridge.toml, people.json    written anew at every start, since ports may change
//   fenfend-1.toml, fenfend-2.toml            in a cluster, in place of the first
//   import/         the district as CSV files
//   fleet/          a folder a device, as fenfen-station hosts it
//   data/           the server's journal; data-1/, data-2/ in a cluster, without one
//   redis/          the Redis of the mode `redis`
//   redis-1/ …      those of `cluster`, made anew at every start
//   postgres/       the journal of the mode `cluster` (postgres_pair.h)
//   services.json   what runs
//   tokens.sh       tokens to try things with
//   log/            a file a program
//
// One process at a time: the folder is locked. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_WORKSPACE_H_
#define FENFEN_CLIENTS_CTL_DEMO_WORKSPACE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/ctl/demo/district.h"

namespace fenfen::ctl {

inline constexpr char kDemoAppId[] = "wxfenfendemo00001";

// How far the set-up is.
enum class DemoStep { kNew = 0, kGenerated = 1, kImported = 2, kQueued = 3, kReplayed = 4 };

// What demo.json holds.
struct DemoRecord {
  DistrictPlan plan;
  DemoStep step = DemoStep::kNew;
  std::string day;  // YYYY-MM-DD, of the replayed drops
};

// Where fenfend keeps counters and journal: in memory and files, in a Redis and files, or, two of them, in a Redis Cluster and PostgreSQL.
enum class DemoMode { kEmbedded, kRedis, kCluster };

// Where the programs listen: HOST:PORT each; empty is a free port.
struct DemoPorts {
  std::string grpc, http, sandbox, metrics;
  // Of a cluster alone.
  std::vector<std::string> servers = {};    // gRPC of the servers after the first
  std::vector<std::string> redis = {};      // the nodes
  std::vector<std::string> redis_bus = {};  // what they talk over among themselves
  std::vector<std::string> postgres = {};   // primary and standby, in whichever order

  // gRPC of all servers.
  std::vector<std::string> Servers() const;
};

// "fenfend", or "fenfend-1" for the first of several.
std::string ServerName(DemoMode mode, size_t n);

// The folder.
class Workspace {
 public:
  // Makes or opens the folder, locks it, makes missing keys, and reads the record; `plan` is for a new one. FailedPrecondition if another
  // process holds it; InvalidArgument for a record that cannot be read.
  static absl::StatusOr<std::unique_ptr<Workspace>> Open(const std::string& folder, const DistrictPlan& plan);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const DemoRecord& record() const { return record_; }
  // Notes a step, durably.
  absl::Status Reached(DemoStep step, const std::string& day);
  // Before WriteConfigs. A folder may be gone on with in another mode with the same journal: embedded or Redis. FailedPrecondition
  // otherwise.
  absl::Status ChooseMode(DemoMode mode);
  DemoMode mode() const { return mode_; }
  // The demo's own Redis listens here and nowhere else.
  std::string RedisSocket() const;
  // How the servers of a cluster reach the journal: a libpq connection string.
  std::string PostgresConnection(const DemoPorts& ports) const;
  // Removes the journal, what the stores hold, and the devices' queues: of a set-up that was interrupted before anybody used it, and that
  // begins anew. Before anything runs.
  absl::Status ForgetLedger() const;
  // Keeps a device's queue as it is now, and brings it back to that; without a kept one, to nothing. No agent runs.
  absl::Status KeepQueue(const std::string& device) const;
  absl::Status RestoreQueue(const std::string& device) const;
  // Writes the servers' and the bridge's configuration for these ports.
  absl::Status WriteConfigs(const DemoPorts& ports, const std::string& static_folder) const;

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  Workspace(std::string folder, int lock_fd) : folder_(std::move(folder)), lock_fd_(lock_fd) {}
  absl::Status MakeKeys() const;
  absl::Status ReadRecord(const DistrictPlan& plan);
  absl::Status WriteRecord() const;
  std::string StoresConfig(const DemoPorts& ports) const;
  absl::Status WriteServerConfig(const DemoPorts& ports, size_t n) const;

  const std::string folder_;
  const int lock_fd_;
  DemoRecord record_;
  DemoMode mode_ = DemoMode::kEmbedded;
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_WORKSPACE_H_
