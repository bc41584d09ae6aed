// BenchServer: fenfend, and the bridge where it is asked for, as processes of their own on a prepared ledger; stopped and removed at the
// end.
//
// Not thread-safe; call from the main thread, which the children are tied to.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "clients/cpp/key_file.h"
#include "clients/ctl/bench/measure.h"
#include "clients/ctl/demo/services.h"
#include "clients/ctl/demo/workspace.h"

namespace fenfen::bench {

// What to prepare and start.
struct ServerPlan {
  uint32_t households = 0;  // enrolled one by one: the accounts 0 to households − 1, as households/1 and so on
  size_t devices = 0;
  bool bridge = false;
};

class BenchServer {
 public:
  static absl::StatusOr<std::unique_ptr<BenchServer>> Start(const Options& options, const ServerPlan& plan);
  BenchServer(const BenchServer&) = delete;
  BenchServer& operator=(const BenchServer&) = delete;

  // A connection of its own: as a device, or as the district's attendant.
  absl::StatusOr<std::unique_ptr<client::Client>> ConnectAsDevice(size_t device) const;
  absl::StatusOr<std::unique_ptr<client::Client>> ConnectAsAttendant() const;

  // HOST:PORT of the bridge.
  const std::string& http_address() const { return http_address_; }
  const std::vector<client::Ed25519Key>& device_keys() const { return device_keys_; }
  // What the journal takes for one drop, in bytes.
  size_t drop_bytes() const { return drop_bytes_; }
  const std::string& folder() const { return folder_.path(); }

 private:
  explicit BenchServer(TemporaryFolder folder);
  absl::Status PrepareLedger(const ServerPlan& plan);
  absl::Status StartServer(const std::string& bin);
  absl::Status StartBridge(const std::string& bin);

  const TemporaryFolder folder_;
  std::unique_ptr<ctl::Workspace> workspace_;
  std::vector<client::Ed25519Key> device_keys_;
  size_t drop_bytes_ = 0;
  ctl::DemoPorts ports_;
  std::string grpc_address_;
  std::string http_address_;
  const std::atomic<bool> stop_{false};
  ctl::Services services_;
};

}  // namespace fenfen::bench
