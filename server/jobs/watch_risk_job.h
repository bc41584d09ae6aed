// Looks at the drops of the last days for risk signals, and opens a case for each. A case's request key is its household, signal, subject
// and day, so that whoever runs it opens it once.
#pragma once

#include "server/jobs/jobs.h"

namespace fenfen::server {

TimerJob WatchRiskJob(const JobContext& context);

}  // namespace fenfen::server
