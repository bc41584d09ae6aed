// Fenfend: a prepared district in a folder of its own, removed at the end, and the real server on it, as a process of its own on
// processors of its own: all but the last are the server's, the last is the load generator's, so that neither takes the other's time and
// what the server can do is the same while it is measured and while it is overloaded.
//
//   auto server = Fenfend::Start({.bin = "build/release/bin", .households = 50'000, .devices = 64});
//   … (*server)->address() …
//   (*server)->Stop()
//
// Not thread-safe; call from the main thread, which the child is tied to.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "clients/cpp/key_file.h"
#include "clients/ctl/bench/measure.h"
#include "clients/ctl/demo/services.h"
#include "clients/ctl/demo/workspace.h"

namespace fenfen::overload {

struct ServerPlan {
  std::string bin;     // where fenfend and fenfenctl are
  std::string folder;  // where the temporary folder is made
  uint32_t households = 0;
  size_t devices = 0;
  // Every fdatasync takes so much longer, by strace; zero for the disk as it is.
  absl::Duration sync_delay;
  // Of `[limits]`; 0 for the server's own.
  size_t batches_max = 0;
};

class Fenfend {
 public:
  // Enrols the households 1 to N, and starts the server. What keeps it from starting is in the error.
  static absl::StatusOr<std::unique_ptr<Fenfend>> Start(const ServerPlan& plan);
  Fenfend(const Fenfend&) = delete;
  Fenfend& operator=(const Fenfend&) = delete;

  // HOST:PORT of its gRPC.
  const std::string& address() const { return address_; }
  // A token of the district's attendant, who records drops.
  absl::StatusOr<std::string> AttendantToken() const;
  absl::StatusOr<std::unique_ptr<client::Client>> ConnectAsDevice(size_t device) const;
  const std::vector<client::Ed25519Key>& device_keys() const { return device_keys_; }
  std::string journal() const { return workspace_->Path("data/journal"); }

  // What the process holds in memory now.
  absl::StatusOr<uint64_t> ResidentBytes() const;
  // `fenfenctl verify` on the journal, with the running server's word on its state. An error with what it found.
  absl::Status Verify() const;
  // Stops in order. INTERNAL where it does not end well.
  absl::Status Stop();

 private:
  Fenfend(bench::TemporaryFolder folder, ServerPlan plan);
  absl::Status Prepare();
  absl::Status Launch();

  const bench::TemporaryFolder folder_;
  const ServerPlan plan_;
  std::unique_ptr<ctl::Workspace> workspace_;
  std::vector<client::Ed25519Key> device_keys_;
  std::string address_;
  pid_t pid_ = -1;  // the server's; a tracer may be its parent
  const std::atomic<bool> stop_{false};
  ctl::Services services_;
};

}  // namespace fenfen::overload
