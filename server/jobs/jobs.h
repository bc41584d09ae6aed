// Jobs: what the server does by itself, again and again, run by Timers (ledger/engine/timers.h, which says what a job must keep to): its
// effects are commands of the engine whose request keys follow from what they do, so that each comes once whichever server does it.
//
//   Jobs jobs(Timers, …, Run)   in the server's beginning, once the engine has started   Jobs::Make
//   jobs->Start()               once it serves; nothing where [timers] enabled = false
//   jobs->Stop()                before the engine stops
//
// To add a job: server/jobs/<name>_job.{h,cc} with a function `TimerJob NameJob(const JobContext&)`, and one line in job_list.cc.
//
// Thread-safe after Make.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/engine/timers.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/state/redis/redis_counters.h"
#include "server/config/config.h"
#include "server/log/log.h"
#include "server/metrics/metrics.h"
#include "server/services/backend.h"

namespace fenfen::server {

// What a job works with. All of it outlives the jobs and is thread-safe; a job copies the context.
struct JobContext {
  Backend& backend;
  Journal& journal;
  RedisCounters* counters;  // nullptr where the State is not in Redis
  const CatalogueStore& catalogue;
  const Clock& clock;
  absl::TimeZone zone;
  Log& log;

  // What a command of a job goes by: the system acts, and the key says what it does. `what` tells apart requests that would share a key.
  DecisionContext Decision(const RequestKey& key, absl::Time now) const { return {key, 0, Actor{ActorKind::kSystem, 0, 0}, now, zone}; }
};

// All jobs, each with its own period (job_list.cc).
std::vector<TimerJob> AllJobs(const JobContext& context);

class Jobs {
 public:
  // INVALID_ARGUMENT naming the key where the configuration names a job that is not there. `journal`, `log` and what `jobs` use outlive
  // this.
  static absl::StatusOr<std::unique_ptr<Jobs>> Make(Journal& journal, const TimersConfig& config, Log& log, std::vector<TimerJob> jobs);
  ~Jobs() { Stop(); }

  void Start();
  // Tells a run under way to end, and waits for it. A second call does nothing.
  void Stop() { timers_.Stop(); }

  // Before serving begins.
  void AddMetrics(Metrics& metrics) const;

  Timers& timers() { return timers_; }
  bool enabled() const { return enabled_; }

 private:
  Jobs(Journal& journal, const TimersConfig& config, Log& log);

  const SteadyClock clock_;
  const bool enabled_;
  Timers timers_;
};

}  // namespace fenfen::server
