// The demo's folder: keys, configuration, the district's files, and a record of what is done, so that a second start goes on from there.
//
//   demo.json       what the district is and how far it is set up
//   keys/           operator.*.pem, bridge.*.pem, codes.key, lookups.key, subject.key, wechat.secret; made once
//   fenfend.toml, bridge.toml, people.json    written anew at every start, since ports may change
//   import/         the district as CSV files
//   fleet/          a folder a device, as fenfen-station hosts it
//   data/           the server's journal
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

// Where fenfend keeps its counters; the journal lies in files either way.
enum class DemoMode { kEmbedded, kRedis };

// Where the programs listen; empty is a free port.
struct DemoPorts {
  std::string grpc, http, sandbox, metrics;  // HOST:PORT
};

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
  // Before WriteConfigs. A folder may be gone on with in another mode: the journal is the same.
  void set_mode(DemoMode mode) { mode_ = mode; }
  DemoMode mode() const { return mode_; }
  // The demo's own Redis listens here and nowhere else.
  std::string RedisSocket() const;
  // Writes fenfend.toml and bridge.toml for these ports.
  absl::Status WriteConfigs(const DemoPorts& ports, const std::string& static_folder) const;

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  Workspace(std::string folder, int lock_fd) : folder_(std::move(folder)), lock_fd_(lock_fd) {}
  absl::Status MakeKeys() const;
  absl::Status ReadRecord(const DistrictPlan& plan);
  absl::Status WriteRecord() const;

  const std::string folder_;
  const int lock_fd_;
  DemoRecord record_;
  DemoMode mode_ = DemoMode::kEmbedded;
};

// Chooses ports that are free. Those without a wish come from below the range that the system gives to outgoing connections, and each is
// kept occupied until the picker goes, so that no two get the same.
class PortPicker {
 public:
  PortPicker() = default;
  ~PortPicker();
  PortPicker(const PortPicker&) = delete;
  PortPicker& operator=(const PortPicker&) = delete;

  // HOST:PORT with the wanted port, or with another where that is 0 or taken; `taken` says that it was taken.
  std::string Pick(const std::string& wanted, bool* taken);

 private:
  std::vector<int> held_;  // listening sockets
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_WORKSPACE_H_
