// DeviceLoad: stations' devices that upload signed batches of a thousand drops over a stream each. Drops come to a device at the rate that
// is offered, whatever the server says; what it cannot send yet waits in its queue, as on its disk. A device is up to kBatchesAhead batches
// ahead of the answers. Where the server is busy it ends its stream, waits as it was told, and goes on with the first batch that was not
// credited as a whole, byte for byte.
//
// Thread-safe where gRPC drives it; the rest is for one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/overload/fenfend.h"

namespace fenfen::overload {

// What the device knows of a drop; in its queue by sequence number.
enum class DropFate : uint8_t {
  kUnsent,
  kUnanswered,  // sent, and nobody said what became of it, or only what became of sending it again
  kAccepted,
  kRefused,  // as often as it was sent
};
struct SentDrop {
  uint32_t household = 0;
  uint32_t entry = 0;  // the sequence number that the answer named
  int32_t reward = 0;  // hundredths, likewise
  DropFate fate = DropFate::kUnsent;
  bool doubtful = false;  // it was sent once without an answer: a refusal later says nothing about that time
};

struct DeviceResult {
  double seconds = 0;
  uint64_t offered = 0;           // drops
  uint64_t accepted = 0;          // within the run's time
  uint64_t refused = 0;           // answers, all of the run
  uint64_t refused_untold = 0;    // in an answer without a time to come again
  std::vector<double> latencies;  // of batches that were accepted as a whole, from the write to the answer, in seconds
  double accepted_per_second() const { return static_cast<double>(accepted) / seconds; }
};

class DeviceLoad {
 public:
  static constexpr size_t kBatchesAhead = 8;
  static constexpr int kDropsPerBatch = 1000;

  static absl::StatusOr<std::unique_ptr<DeviceLoad>> Connect(const Fenfend& server, size_t devices, uint32_t households);
  ~DeviceLoad();

  // The first `devices` upload as fast as the server lets them.
  absl::StatusOr<DeviceResult> Closed(size_t devices, absl::Duration time);
  // All of them get drops at this rate. `meanwhile` is called some times a second.
  absl::StatusOr<DeviceResult> Open(double drops_per_second, absl::Duration time, const std::function<void()>& meanwhile);

  size_t devices() const { return devices_.size(); }
  // The drops of a device that were ever made; drop number 1 is the first.
  const std::vector<SentDrop>& drops(size_t device) const;

 private:
  class Device;
  DeviceLoad();
  absl::StatusOr<DeviceResult> Run(size_t devices, double drops_per_second, absl::Duration time, const std::function<void()>& meanwhile);

  std::vector<std::unique_ptr<Device>> devices_;
};

}  // namespace fenfen::overload
