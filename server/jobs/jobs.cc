#include "server/jobs/jobs.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fenfen::server {
namespace {

// A run that went well is for who looks closely; one that did not, for everybody.
void Report(Log& log, const TimerReport& report) {
  const std::string ms = absl::StrCat(absl::ToInt64Milliseconds(report.duration));
  if (report.status.ok()) return log.Write(Log::Level::kDebug, "timer done", {{"timer", report.name}, {"ms", ms}});
  log.Write(Log::Level::kWarn, "timer", {{"timer", report.name}, {"ms", ms}, {"detail", report.status.ToString()}});
}

TimersOptions OptionsOf(const TimersConfig& config, Log& log) {
  TimersOptions options;
  options.lease = config.lease;
  options.report = [&log](const TimerReport& report) { Report(log, report); };
  return options;
}

}  // namespace

Jobs::Jobs(Journal& journal, const TimersConfig& config, Log& log)
    : enabled_(config.enabled), timers_(journal, clock_, OptionsOf(config, log)) {}

absl::StatusOr<std::unique_ptr<Jobs>> Jobs::Make(Journal& journal, const TimersConfig& config, Log& log, std::vector<TimerJob> jobs) {
  std::map<std::string, absl::Duration> periods = config.periods;
  std::vector<std::string> names;
  std::unique_ptr<Jobs> made(new Jobs(journal, config, log));
  for (TimerJob& job : jobs) {
    names.push_back(job.name);
    if (const auto given = periods.find(job.name); given != periods.end()) {
      job.period = given->second;
      periods.erase(given);
    }
    made->timers_.Add(std::move(job));
  }
  if (!periods.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("timers.periods.", periods.begin()->first, ": there is no such job; there are: ", absl::StrJoin(names, ", ")));
  }
  return made;
}

void Jobs::Start() {
  if (enabled_) timers_.Start();
}

void Jobs::AddMetrics(Metrics& metrics) const {
  using Labelled = Metrics::Labelled;
  const auto add = [&](const char* name, const char* help, double (*figure)(const Timers::Figures&)) {
    metrics.AddGauges(name, help, [this, figure] {
      std::vector<Labelled> all;
      for (const Timers::Figures& job : timers_.figures()) all.push_back({{{"timer", job.name}}, figure(job)});
      return all;
    });
  };
  add("fenfen_timer_runs", "Runs of each timer that this server has done since its start.",
      [](const Timers::Figures& job) { return static_cast<double>(job.runs); });
  add("fenfen_timer_failures", "Runs of each timer that failed here since the start.",
      [](const Timers::Figures& job) { return static_cast<double>(job.failures); });
  add("fenfen_timer_since_done_seconds", "Since each timer was done, by whichever server, as far as this one knows; +Inf for never.",
      [](const Timers::Figures& job) { return absl::ToDoubleSeconds(job.since_done); });
  metrics.AddGauges("fenfen_timer_elsewhere", "1 for each timer whose lease another server had when this one last asked, and which.",
                    [this] {
                      std::vector<Labelled> all;
                      for (const Timers::Figures& job : timers_.figures()) {
                        if (!job.holder.empty()) all.push_back({{{"timer", job.name}, {"holder", job.holder}}, 1});
                      }
                      return all;
                    });
}

}  // namespace fenfen::server
