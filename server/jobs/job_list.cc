// The list of all jobs.
#include "server/jobs/award_job.h"
#include "server/jobs/budgets_job.h"
#include "server/jobs/close_boards_job.h"
#include "server/jobs/count_job.h"
#include "server/jobs/expire_lots_job.h"
#include "server/jobs/finish_transfers_job.h"
#include "server/jobs/jobs.h"
#include "server/jobs/pending_drops_job.h"
#include "server/jobs/settlement_job.h"
#include "server/jobs/voucher_jobs.h"
#include "server/jobs/watch_risk_job.h"

namespace fenfen::server {

// In the order in which they run where several are due.
std::vector<TimerJob> AllJobs(const JobContext& context) {
  std::vector<TimerJob> jobs = {
      FinishStockJob(context),     EnterSettlementsJob(context), ExpireVouchersJob(context), ExpireLotsJob(context),
      FinishTransfersJob(context), CloseBoardsJob(context),      AwardJob(context),          DecideDropsJob(context),
      WatchRiskJob(context),       CheckBudgetsJob(context),
  };
  if (context.counters != nullptr) jobs.push_back(CountJob(context));
  return jobs;
}

}  // namespace fenfen::server
