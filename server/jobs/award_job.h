// Awards (奖励): gives households what the badges and quests that they reached are worth, a few minutes after they did.
#pragma once

#include "server/jobs/jobs.h"

namespace fenfen::server {

TimerJob AwardJob(const JobContext& context);

}  // namespace fenfen::server
