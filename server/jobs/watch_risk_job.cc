#include "server/jobs/watch_risk_job.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/trust/cases.h"
#include "server/jobs/batch.h"
#include "server/services/risk_backend.h"

namespace fenfen::server {
namespace {

constexpr absl::Duration kRiskPeriod = absl::Minutes(10);
// Cases that one run opens; the most pressing first, so that what is left waits for the next.
constexpr size_t kCasesARun = 500;

// Refusals that say there is nothing to do.
bool IsKnown(const absl::Status& status) {
  const Reason reason = RefusalOf(status).reason;
  return reason == Reason::REASON_RISK_CASE_KNOWN || reason == Reason::REASON_RISK_CASES_TOO_MANY ||
         reason == Reason::REASON_HOUSEHOLD_CLOSED || reason == Reason::REASON_HOUSEHOLD_UNKNOWN;
}

class WatchRun {
 public:
  WatchRun(const JobContext& context, const Lease& lease)
      : context_(context),
        lease_(lease),
        now_(context.clock.Now()),
        rules_(context.backend.risk->rules.Snapshot()),
        catalogue_(context.catalogue.Snapshot()) {}

  absl::Status Run() {
    const std::vector<Signal> signals = Signals();
    std::vector<Command> commands;
    for (const Signal& signal : signals) {
      if (!IsNew(signal)) continue;
      const RequestKey key = HoldKey(signal, DayNumberOf(now_, context_.zone), context_.zone);
      Command command{PartitionOf(signal.household), key, 0, CaseReads(signal.household), nullptr};
      command.decide = [signal, rules = rules_, decision = context_.Decision(key, now_)](const View& view) {
        return DecideHold(view, signal, *rules, decision);
      };
      commands.push_back(std::move(command));
      if (commands.size() == kCasesARun) break;
    }
    absl::StatusOr<std::vector<absl::StatusOr<Outcome>>> outcomes = SubmitInBatches(context_.backend.engine, lease_, std::move(commands));
    if (!outcomes.ok()) return outcomes.status();
    size_t opened = 0;
    for (const absl::StatusOr<Outcome>& outcome : *outcomes) {
      if (!outcome.ok() && !IsKnown(outcome.status())) return outcome.status();
      opened += outcome.ok() && !outcome->replayed ? 1 : 0;
    }
    if (opened > 0) context_.log.Write(Log::Level::kInfo, "risk cases opened", {{"cases", absl::StrCat(opened)}});
    return absl::OkStatus();
  }

 private:
  // The most pressing first.
  std::vector<Signal> Signals() const {
    const RiskBackend& risk = *context_.backend.risk;
    const int64_t begin_ms = WindowBeginMs(*rules_, now_, context_.zone);
    const Sightings::Reading reading = risk.sightings.Read([&](const Sighting& seen) { return seen.time_ms >= begin_ms; });
    std::vector<Signal> signals = FindSignals(reading, *rules_, *catalogue_, context_.zone, [&](uint64_t subject) -> size_t {
      const Directory& directory = context_.backend.directory;
      if (!directory.MayBeSeveral(subject)) return 1;
      std::set<HouseholdId> households;
      for (const auto& [household, member] : directory.BySubject(subject)) households.insert(household);
      return households.size();
    });
    std::stable_sort(signals.begin(), signals.end(), [this](const Signal& a, const Signal& b) { return PriorityOf(a) > PriorityOf(b); });
    return signals;
  }
  int PriorityOf(const Signal& signal) const {
    const v1::RiskRule* rule = RuleFor(*rules_, signal.signal);
    return rule == nullptr ? 0 : rule->priority();
  }

  // A look beforehand, so that what is known takes no place among the cases of a run; the decision asks again.
  bool IsNew(const Signal& signal) const {
    absl::Status known;
    const DecisionContext decision = context_.Decision({}, now_);
    const absl::Status read = context_.backend.engine.ReadAndWait(
        PartitionOf(signal.household), [&](const View& view) { known = DecideHold(view, signal, *rules_, decision).status(); });
    return !read.ok() || known.ok() || !IsKnown(known);
  }

  const JobContext& context_;
  const Lease& lease_;
  const absl::Time now_;
  const std::shared_ptr<const v1::RiskRules> rules_;
  const std::shared_ptr<const Catalogue> catalogue_;
};

}  // namespace

TimerJob WatchRiskJob(const JobContext& context) {
  return {"watch-risk", kRiskPeriod, [context](const Lease& lease) { return WatchRun(context, lease).Run(); }};
}

}  // namespace fenfen::server
