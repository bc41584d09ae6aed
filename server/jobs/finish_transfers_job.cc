#include "server/jobs/finish_transfers_job.h"

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/points/keeping/transfer.h"
#include "server/services/transfer_flow.h"

namespace fenfen::server {
namespace {

constexpr absl::Duration kTransfersPeriod = absl::Minutes(1);
constexpr size_t kTransfersABatch = 256;

// A transfer under way in a call is finished by whoever comes first; the other finds it done.
absl::Status FinishOne(const JobContext& context, uint64_t number) {
  const absl::StatusOr<ledger::v1::Transfer> sent = ReadTransfer(context.backend.engine, SentKey(number));
  if (!sent.ok()) return sent.status();
  if (sent->state() != ledger::v1::Transfer::STATE_SENT) return absl::OkStatus();
  return FinishTransfer(context.backend.engine, *sent, context.Decision(RequestKey{}, context.clock.Now())).status();
}

absl::Status FinishAll(const JobContext& context, const Lease& lease) {
  if (context.backend.open_transfers == nullptr) return absl::OkStatus();
  size_t finished = 0;
  absl::Status first;
  for (const uint64_t number : context.backend.open_transfers->List(kTransfersABatch)) {
    if (!lease.Held()) return absl::AbortedError("the lease was lost");
    // One that cannot be finished now keeps none of the others from it.
    if (const absl::Status status = FinishOne(context, number); status.ok()) {
      ++finished;
    } else if (first.ok()) {
      first = status;
    }
  }
  if (finished > 0) context.log.Write(Log::Level::kInfo, "transfers finished", {{"transfers", absl::StrCat(finished)}});
  return first;
}

}  // namespace

TimerJob FinishTransfersJob(const JobContext& context) {
  return {"finish-transfers", kTransfersPeriod, [context](const Lease& lease) { return FinishAll(context, lease); }};
}

}  // namespace fenfen::server
