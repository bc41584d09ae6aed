#include "server/jobs/pending_drops_job.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/verification/release.h"
#include "server/jobs/batch.h"

namespace fenfen::server {
namespace {

constexpr absl::Duration kPendingPeriod = absl::Minutes(1);
constexpr size_t kDropsABatch = 4096;

// Of the day on which it is tried, so that it is never too old; that it was not decided on another is seen from the record.
RequestKey DecisionKey(const JobContext& context, absl::Time now, uint64_t id) {
  const absl::Time today = absl::FromCivil(absl::ToCivilDay(now, context.zone), context.zone);
  return DerivedKey(today, absl::StrCat("decide-drop/", absl::Hex(id)));
}

Command CommandFor(const JobContext& context, const PendingDrops::Found& found, absl::Time now) {
  const uint64_t id = found.place.second;
  const HouseholdId household = found.waiting.household;
  const RequestKey key = DecisionKey(context, now, id);
  Command command{PartitionOf(household), key, 0, PendingReads(household, id, found.waiting.bag), nullptr};
  command.decide = [household, id, catalogue = context.catalogue.Snapshot(), decision = context.Decision(key, now)](const View& view) {
    return DecideDue(view, household, id, *catalogue, decision);
  };
  return command;
}

absl::Status DecideAll(const JobContext& context, const Lease& lease) {
  const absl::Time now = context.clock.Now();
  int64_t released = 0;
  int64_t rejected = 0;
  absl::Status first;
  for (bool more = true; more && first.ok();) {
    const std::vector<PendingDrops::Found> due = context.backend.pending_drops->Due(now, kDropsABatch);
    more = false;
    std::vector<Command> commands;
    for (const PendingDrops::Found& found : due) commands.push_back(CommandFor(context, found, now));
    const absl::StatusOr<std::vector<absl::StatusOr<Outcome>>> outcomes =
        SubmitInBatches(context.backend.engine, lease, std::move(commands));
    if (!outcomes.ok()) return outcomes.status();
    for (const absl::StatusOr<Outcome>& outcome : *outcomes) {
      if (!outcome.ok()) {
        // Decided by a person or another server since it was looked at. Any other error keeps none of the others from it.
        if (RefusalOf(outcome.status()).reason != Reason::REASON_PENDING_DROP_DECIDED) first.Update(outcome.status());
      } else if (!outcome->replayed) {
        ++(outcome->committed.transaction.kind == TransactionKind::kRelease ? released : rejected);
        more = due.size() == kDropsABatch;
      }
    }
  }
  if (released + rejected > 0) {
    context.log.Write(Log::Level::kInfo, "drops decided", {{"released", absl::StrCat(released)}, {"rejected", absl::StrCat(rejected)}});
  }
  return first;
}

}  // namespace

TimerJob DecideDropsJob(const JobContext& context) {
  return {"decide-drops", kPendingPeriod, [context](const Lease& lease) { return DecideAll(context, lease); }};
}

}  // namespace fenfen::server
