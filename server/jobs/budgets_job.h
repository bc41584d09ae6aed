// The job "check-budgets": writes down which budgets run low and which are used up, so that every decision knows it.
#pragma once

#include "server/jobs/jobs.h"

namespace fenfen::server {

TimerJob CheckBudgetsJob(const JobContext& context);

}  // namespace fenfen::server
