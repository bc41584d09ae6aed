// Runner: takes a ledger through a script, as a client does that keeps to the rules: a bounded number of commits in flight, and what is
// refused with a retry delay is submitted again under the same key after that delay.
//
//   const RunResult result = RunSteps(*ledger, script, 8, [](int step) { … acknowledged … });
//   if (!result.stopped.ok()) …  // the first refusal that no retry helps
#pragma once

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "tests/faults/ledger.h"
#include "tests/faults/script.h"

namespace fenfen::faults {

struct RunResult {
  std::vector<bool> acknowledged;  // by step
  std::vector<bool> replayed;      // by step: acknowledged as an effect that was there before
  int overloaded = 0;              // refusals with OVERLOADED; each told when to retry
  int storage_full = 0;            // with STORAGE_FULL; likewise
  int waiting_most = 0;            // commits that the engine had taken and not answered yet
  absl::Status snapshots;          // the first failure of one
  absl::Status stopped;            // OK: all was acknowledged
};

// Where to give up instead of retrying.
struct RunLimits {
  int in_flight = 1;            // 1 to a tenth of the script
  bool stop_when_full = false;  // STORAGE_FULL ends the run
  int from = 0;                 // the first step; those before it are there
  int snapshot_every = 0;       // steps; 0 for no snapshots
};

// Submits every step from `limits.from` on. `acknowledged` is called for each as it is acknowledged, one at a time, on any thread.
RunResult RunSteps(Ledger& ledger, const Script& script, const RunLimits& limits, absl::FunctionRef<void(int step)> acknowledged);

}  // namespace fenfen::faults
