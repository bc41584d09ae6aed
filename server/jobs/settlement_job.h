// The job "enter-settlements": enters paid statements in the partitions where a crash or a fault kept that from being done.
#pragma once

#include "server/jobs/jobs.h"

namespace fenfen::server {

TimerJob EnterSettlementsJob(const JobContext& context);

}  // namespace fenfen::server
