#include "server/jobs/budgets_job.h"

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/limits.h"
#include "ledger/points/budget/budget.h"
#include "ledger/points/budget/month.h"
#include "server/services/budget_backend.h"

namespace fenfen::server {
namespace {

// A budget that stops is passed by what is credited within this, the projection's delay and the catalogue's way to all servers.
constexpr absl::Duration kBudgetsPeriod = absl::Seconds(5);

absl::Status WriteDown(const JobContext& context, const BudgetStore::Stored& stored, int64_t issued, absl::Time now) {
  const BudgetFinding finding{stored.budget.name(), stored.version, issued};
  const RequestKey key = BudgetFindingKey(finding, now, context.zone);
  Command command{kCataloguePartition, key, 0, BudgetFindingReads(finding), nullptr};
  command.decide = [finding, decision = context.Decision(key, now)](const View& view) {
    return DecideBudgetFinding(view, finding, decision);
  };
  const absl::Status written = context.backend.engine.SubmitAndWait(std::move(command)).status();
  if (absl::IsAlreadyExists(written)) return absl::OkStatus();  // another did, or it was set anew
  if (written.ok()) {
    const bool used_up = issued >= stored.budget.limit();
    context.log.Write(Log::Level::kWarn, used_up ? "budget used up" : "budget runs low",
                      {{"budget", stored.budget.name()}, {"issued", absl::StrCat(issued)}, {"limit", absl::StrCat(stored.budget.limit())}});
  }
  return written;
}

absl::Status CheckBudgets(const JobContext& context, const Lease& lease) {
  if (context.backend.budgets == nullptr) return absl::OkStatus();
  const absl::Time now = context.clock.Now();
  const int32_t first = MonthOfDay(DayNumberOf(now, context.zone) - kBudgetDaysAfter);
  const int32_t last = MonthOfDay(DayNumberOf(now + limits::kClockAheadMax, context.zone));
  for (const BudgetStore::Stored& stored : context.backend.budgets->budgets.OfMonths(first, last)) {
    if (!lease.Held()) return absl::AbortedError("the lease is another's");
    const int64_t issued =
        context.backend.budgets->issued.OfDays(CatalogueIdOf(stored.region), FirstDayOf(stored.month), LastDayOf(stored.month));
    if (!IsNews(stored.budget, issued)) continue;
    if (absl::Status status = WriteDown(context, stored, issued, now); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

TimerJob CheckBudgetsJob(const JobContext& context) {
  return {"check-budgets", kBudgetsPeriod, [context](const Lease& lease) { return CheckBudgets(context, lease); }};
}

}  // namespace fenfen::server
