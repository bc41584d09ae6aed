// Trials: the overloads that are tried, each on a server of its own.
//
//   unary        RecordDrop over several connections: the processors are what is short
//   devices      signed batches of a thousand drops over a stream each: likewise
//   slow-disk, slow-disk-devices      the same while every fdatasync takes long: the disk is what is short, and the limits are met
//
// A trial measures what the server can do in a closed loop, offers three times that in an open one, measures again, and looks at goodput,
// memory, the time of accepted calls and what refused calls were told. Where a figure is out of its bound the trial is tried again, at most
// kTriesMax times in all, on the same server: a small machine has other things to do at times. In the end the journal is judged, once for
// all tries: no try excuses a loss.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fenfen::overload {

struct TrialOptions {
  std::string bin;      // where fenfend and fenfenctl are
  std::string folder;   // where temporary folders are made
  absl::Duration time;  // of the overload
};

inline constexpr int kTriesMax = 3;

// Each prints what it finds, a line a step. An error says what does not hold.
absl::Status TryUnary(const TrialOptions& options);
absl::Status TryDevices(const TrialOptions& options);
absl::Status TrySlowDisk(const TrialOptions& options);
absl::Status TrySlowDiskDevices(const TrialOptions& options);

}  // namespace fenfen::overload
