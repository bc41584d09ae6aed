#include "server/jobs/settlement_job.h"

#include "server/jobs/batch.h"
#include "server/services/settlement_service.h"

namespace fenfen::server {
namespace {

constexpr absl::Duration kSettlementPeriod = absl::Seconds(30);

absl::Status EnterSettlements(const JobContext& context, const Lease& lease) {
  // Keys of today's: what was left for long is not too old for them, and what was entered is seen from the records.
  const absl::Time now = context.clock.Now();
  DecisionContext decision = context.Decision({}, now);
  decision.now = absl::FromCivil(absl::ToCivilDay(now, context.zone), context.zone);
  for (const SettlementBook::Item& paid : context.backend.settlements.Paid()) {
    const auto parts = SubmitInBatches(context.backend.engine, lease, EnterSettlementCommands(*paid, decision));
    if (!parts.ok()) return parts.status();
    for (const absl::StatusOr<Outcome>& part : *parts) {
      if (!part.ok() && !absl::IsAlreadyExists(part.status())) return part.status();
    }
    const absl::Status entered = context.backend.engine.SubmitAndWait(SettlementEnteredCommand(*paid, decision)).status();
    if (!entered.ok()) return entered;
  }
  return absl::OkStatus();
}

}  // namespace

TimerJob EnterSettlementsJob(const JobContext& context) {
  return {"enter-settlements", kSettlementPeriod, [context](const Lease& lease) { return EnterSettlements(context, lease); }};
}

}  // namespace fenfen::server
