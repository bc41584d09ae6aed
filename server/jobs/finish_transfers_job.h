// The job "finish-transfers": sees through what has left a household and neither arrived nor come back, because a call or a server ended
// between (ledger/points/keeping/transfer.h).
#pragma once

#include "server/jobs/jobs.h"

namespace fenfen::server {

// Once a minute. Nothing to do where the server keeps no list of open transfers.
TimerJob FinishTransfersJob(const JobContext& context);

}  // namespace fenfen::server
