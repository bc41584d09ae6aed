#include "server/jobs/expire_lots_job.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/points/keeping/expiry.h"
#include "server/jobs/batch.h"

namespace fenfen::server {
namespace {

constexpr absl::Duration kLotsPeriod = absl::Hours(1);

// One run. Two servers that do it at once, or one that begins anew, meet at the request keys: a household and a day.
class ExpiryRun {
 public:
  ExpiryRun(const JobContext& context, const Lease& lease) : context_(context), lease_(lease), now_(context.clock.Now()) {}

  absl::Status Run() {
    const int32_t today = DayNumberOf(now_, context_.zone);
    const absl::Status walked = WalkHouseholds(
        context_, lease_,
        [&](HouseholdId household, const HouseholdRecord& record) {
          if (HasExpired(record, today)) due_.insert(household);
        },
        [this] { return ExpireDue(); });
    if (expired_ > 0) {
      context_.log.Write(Log::Level::kInfo, "lots expired",
                         {{"households", absl::StrCat(expired_)}, {"points", FormatPoints(Points(points_))}});
    }
    return walked;
  }

 private:
  absl::Status ExpireDue() {
    std::vector<Command> commands;
    for (const HouseholdId household : due_) {
      const RequestKey key = ExpiryKey(household, now_, context_.zone);
      Command command{PartitionOf(household), key, 0, ExpiryReads(household), nullptr};
      command.decide = [household, catalogue = context_.catalogue.Snapshot(), decision = context_.Decision(key, now_)](const View& view) {
        return DecideExpiry(view, household, *catalogue, decision);
      };
      commands.push_back(std::move(command));
    }
    due_.clear();
    absl::StatusOr<std::vector<absl::StatusOr<Outcome>>> outcomes = SubmitInBatches(context_.backend.engine, lease_, std::move(commands));
    if (!outcomes.ok()) return outcomes.status();
    for (const absl::StatusOr<Outcome>& outcome : *outcomes) {
      // Spent, or expired by another, since it was looked at.
      if (!outcome.ok() && RefusalOf(outcome.status()).reason == Reason::REASON_NOTHING_EXPIRED) continue;
      if (!outcome.ok()) return outcome.status();
      if (!outcome->replayed) Count(outcome->committed.transaction);
    }
    return absl::OkStatus();
  }

  void Count(const Transaction& transaction) {
    ++expired_;
    for (const Posting& posting : transaction.postings) {
      if (posting.account.kind == AccountKind::kExpired) points_ += posting.amount.hundredths();
    }
  }

  const JobContext& context_;
  const Lease& lease_;
  const absl::Time now_;
  std::set<HouseholdId> due_;  // of the batch
  int64_t expired_ = 0;        // households, here
  int64_t points_ = 0;         // hundredths
};

}  // namespace

TimerJob ExpireLotsJob(const JobContext& context) {
  return {"expire-lots", kLotsPeriod, [context](const Lease& lease) { return ExpiryRun(context, lease).Run(); }};
}

}  // namespace fenfen::server
