#include "clients/ctl/demo/history/devices.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/station/enqueue.h"
#include "clients/station/upload/fleet.h"

namespace fenfen::ctl {

namespace {

constexpr int kThreads = 8;
constexpr int kBatchMax = 50;
constexpr absl::Duration kPoll = absl::Milliseconds(5);

// The stage's clock stands still during an upload, and the agent's pauses would never end by it: the agent's goes on from there.
client::Clock GoingOn(const Stage& stage) {
  return [from = stage.now(), since = absl::Now()] { return from + (absl::Now() - since); };
}

}  // namespace

absl::StatusOr<std::unique_ptr<Devices>> Devices::Open(const std::string& fleet, Stage* stage) {
  absl::StatusOr<std::vector<station::Device>> devices = station::LoadFleet(fleet);
  if (!devices.ok()) return devices.status();
  return std::unique_ptr<Devices>(new Devices(*std::move(devices), stage));
}

absl::StatusOr<UploadReport> Devices::Upload(const std::vector<std::string>& lines, const std::atomic<bool>& stop) {
  station::QueueLimits limits;
  limits.batch_events_max = kBatchMax;
  station::Enqueuer enqueuer(devices_, limits, stage_->Clock());
  for (const std::string& line : lines) enqueuer.Line(line);
  enqueuer.Commit();
  if (enqueuer.report().refused > 0) return absl::InvalidArgumentError(enqueuer.report().faults.front());
  station::FleetOptions options;
  options.threads = kThreads;
  options.drain = true;
  options.poll = kPoll;
  absl::StatusOr<std::unique_ptr<station::Fleet>> fleet = station::Fleet::Open(devices_, stage_->bare_client(), GoingOn(*stage_), options);
  if (!fleet.ok()) return fleet.status();
  UploadReport report;
  std::string trouble;
  const bool taken = (*fleet)->Run(stop, [&](const station::FleetProgress& progress) {
    report = {progress.credited, progress.rejected};
    trouble = progress.last_trouble;
  });
  if (stop) return absl::CancelledError("stopped");
  if (!taken) return absl::AbortedError(absl::StrCat("a device is not accepted: ", trouble));
  return report;
}

}  // namespace fenfen::ctl
