// The jobs of vouchers: "expire-vouchers" returns the points of vouchers whose date has passed, "finish-stock" settles or gives back the
// stock of reservations that a crash cut short, and of vouchers that ended. What is done is seen from the records, so each comes once.
#pragma once

#include "server/jobs/jobs.h"

namespace fenfen::server {

TimerJob ExpireVouchersJob(const JobContext& context);
TimerJob FinishStockJob(const JobContext& context);

}  // namespace fenfen::server
