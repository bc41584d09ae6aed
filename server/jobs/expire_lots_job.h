// The job "expire-lots": takes lots that are past their day out of all households (ledger/points/keeping/expiry.h), once each on a civil
// day.
#pragma once

#include "server/jobs/jobs.h"

namespace fenfen::server {

// Looks through all households, once an hour: what is past its day cannot be spent from midnight on, whenever it is taken.
TimerJob ExpireLotsJob(const JobContext& context);

}  // namespace fenfen::server
