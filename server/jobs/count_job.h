// The job that counts: brings the leaderboards and roll-ups in Redis (RedisCounters) up to the journal, partition by partition.
#pragma once

#include "server/jobs/jobs.h"

namespace fenfen::server {

// Every second. With context.counters.
TimerJob CountJob(const JobContext& context);

}  // namespace fenfen::server
