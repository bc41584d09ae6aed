// The job "close-boards": writes what boards came to, once their period and the time for late drops are over (ledger/points/game/
// board_close.h). Each board and period is closed once, whichever server does it.
#pragma once

#include "server/jobs/jobs.h"

namespace fenfen::server {

TimerJob CloseBoardsJob(const JobContext& context);

}  // namespace fenfen::server
