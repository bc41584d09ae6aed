// The devices of the district in the history: the agent's own queue and uploads (clients/station), with the stage's clock. What they have
// queued and uploaded is what the agent goes on from later. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_HISTORY_DEVICES_H_
#define FENFEN_CLIENTS_CTL_DEMO_HISTORY_DEVICES_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/ctl/demo/history/stage.h"
#include "clients/station/device.h"

namespace fenfen::ctl {

// What became of an upload.
struct UploadReport {
  int64_t credited = 0, rejected = 0;
};

class Devices {
 public:
  // Those of a fleet's folder. The stage outlives them.
  static absl::StatusOr<std::unique_ptr<Devices>> Open(const std::string& fleet, Stage* stage);

  // Queues drops, lines as DropLine makes them, in each device's order, and uploads them all.
  absl::StatusOr<UploadReport> Upload(const std::vector<std::string>& lines, const std::atomic<bool>& stop);

 private:
  Devices(std::vector<station::Device> devices, Stage* stage) : devices_(std::move(devices)), stage_(stage) {}
  const std::vector<station::Device> devices_;
  Stage* const stage_;
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_HISTORY_DEVICES_H_
