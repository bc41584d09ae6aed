// The demo's month of history, played before any other server begins: through the real server, run in this process with a clock that is
// moved from day to day, by its own gRPC calls, tokens, devices' signed batches and timers. Nothing here decides what anything earns or
// whether it is allowed, and nothing is written but by the server: the journal is the one that fenfend would have written in those days,
// in whichever stores the workspace's configuration names.
//
//   opening    two pilot days months before, whose points lapse within the history and soon after it
//   days       PlayDay for each: the areas of areas.h in turn, with the timers at night
//
// The same district, seed and last day give the same history, but for keys and codes, which are secrets. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_HISTORY_HISTORY_H_
#define FENFEN_CLIENTS_CTL_DEMO_HISTORY_HISTORY_H_

#include "absl/status/status.h"
#include "clients/ctl/demo/demo.h"

namespace fenfen::ctl {

// Imports the district and plays its history. The ledger must be empty. An error names the day and what could not be done.
absl::Status PlayHistory(const HistoryRequest& request);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_HISTORY_HISTORY_H_
