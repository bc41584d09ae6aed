// The job "decide-drops": releases or rejects the drops whose time has come (ledger/points/verification/release.h), once each.
#pragma once

#include "server/jobs/jobs.h"

namespace fenfen::server {

// Once a minute. With context.backend.pending_drops.
TimerJob DecideDropsJob(const JobContext& context);

}  // namespace fenfen::server
