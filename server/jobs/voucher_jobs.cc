#include "server/jobs/voucher_jobs.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/points/spending/voucher_end.h"
#include "ledger/points/stored_message.h"
#include "server/jobs/batch.h"
#include "server/services/stock_commands.h"

namespace fenfen::server {
namespace {

constexpr absl::Duration kExpiryPeriod = absl::Minutes(10);
constexpr absl::Duration kStockPeriod = absl::Seconds(20);
constexpr size_t kVouchersABatch = 512;

// A key of today's: whatever was left for long is not too old for it, and what was done is seen from the record.
DecisionContext Today(const JobContext& context, absl::Time now, absl::string_view about) {
  const absl::Time day = absl::FromCivil(absl::ToCivilDay(now, context.zone), context.zone);
  return context.Decision(DerivedKey(day, about), now);
}

// Nothing to do where another did it before.
absl::Status DoneAlready(const absl::Status& status) { return absl::IsAlreadyExists(status) ? absl::OkStatus() : status; }

// The household of a voucher, which never changes.
absl::StatusOr<VoucherRecord> Look(const JobContext& context, VoucherId voucher) {
  absl::StatusOr<VoucherRecord> record;
  const absl::Status read = context.backend.engine.ReadAndWait(PartitionOf(voucher), [&](const View& view) {
    const absl::StatusOr<Versioned<VoucherRecord>> found = ReadVoucher(view, voucher);
    if (found.ok()) {
      record = found->record;
    } else {
      record = found.status();
    }
  });
  if (!read.ok()) return read;
  return record;
}

absl::Status GiveBack(const JobContext& context, CatalogueId offer, uint64_t hold, TransactionKind kind, absl::Time now) {
  const absl::string_view what = kind == TransactionKind::kStockGive ? "stock-give/" : "stock-taken/";
  return DoneAlready(context.backend.engine
                         .SubmitAndWait(StockMoveCommand(offer, hold, kind, context.catalogue.Snapshot(),
                                                         Today(context, now, absl::StrCat(what, absl::Hex(hold)))))
                         .status());
}

absl::Status ExpireVouchers(const JobContext& context, const Lease& lease) {
  const absl::Time now = context.clock.Now();
  size_t expired = 0;
  std::optional<Reservations::Due> last;
  for (;;) {
    const std::vector<Reservations::Due> due = context.backend.reservations.VouchersDue(now, kVouchersABatch, last);
    if (due.empty()) break;
    last = due.back();
    std::vector<Command> commands;
    for (const auto& [time, id] : due) {
      const VoucherId voucher(id);
      const absl::StatusOr<VoucherRecord> record = Look(context, voucher);
      if (!record.ok()) return record.status();
      const DecisionContext decision = Today(context, now, absl::StrCat("voucher-expiry/", id));
      Command command{PartitionOf(voucher), decision.key, decision.fingerprint,
                      VoucherEndReads(record->household, voucher, record->merchant), nullptr};
      command.decide = [household = record->household, voucher, decision](const View& view) {
        return DecideVoucherExpiry(view, household, voucher, decision);
      };
      commands.push_back(std::move(command));
    }
    const auto outcomes = SubmitInBatches(context.backend.engine, lease, std::move(commands));
    if (!outcomes.ok()) return outcomes.status();
    for (const absl::StatusOr<Outcome>& outcome : *outcomes) {
      if (absl::Status status = DoneAlready(outcome.status()); !status.ok()) return status;
      expired += outcome.ok() && !outcome->replayed ? 1 : 0;
    }
  }
  if (expired > 0) context.log.Write(Log::Level::kInfo, "vouchers expired", {{"vouchers", absl::StrCat(expired)}});
  return absl::OkStatus();
}

// What became of the reservation that a hold was made for; from its records alone.
absl::Status FinishHold(const JobContext& context, uint64_t id, absl::Time now) {
  absl::StatusOr<StoredMessage<ledger::v1::StockHold>> stored;
  const absl::Status read = context.backend.engine.ReadAndWait(PartitionOfHold(id), [&](const View& view) {
    stored = ReadMessage<ledger::v1::StockHold>(view, {RecordKind::kStockHold, id});
  });
  if (!read.ok()) return read;
  if (!stored.ok()) return stored.status();
  const ledger::v1::StockHold& hold = stored->message;
  if (!stored->found() || hold.state() == ledger::v1::StockHold::STATE_GIVEN) return absl::OkStatus();
  const CatalogueId offer(hold.offer());
  absl::StatusOr<VoucherRecord> voucher = Look(context, VoucherId(hold.voucher()));
  if (!voucher.ok() && RefusalOf(voucher.status()).reason == Reason::REASON_VOUCHER_UNKNOWN) {
    // From here on none comes to be; one that came in between is seen by the next look.
    const DecisionContext decision = Today(context, now, absl::StrCat("stock-void/", absl::Hex(id)));
    const absl::Status voided =
        context.backend.engine.SubmitAndWait(VoidCommand(hold, id, context.catalogue.Snapshot(), decision)).status();
    if (!DoneAlready(voided).ok()) return voided;
    voucher = Look(context, VoucherId(hold.voucher()));
  }
  if (!voucher.ok()) return voucher.status();
  const bool lives = voucher->state == VoucherState::kReserved || voucher->state == VoucherState::kCaptured;
  // A voucher of another hold: the same request was repeated after the offer's stock was counted anew.
  const bool of_this = voucher->hold == id;
  return GiveBack(context, offer, id, lives && of_this ? TransactionKind::kStockTaken : TransactionKind::kStockGive, now);
}

absl::Status FinishStock(const JobContext& context, const Lease& lease) {
  const absl::Time now = context.clock.Now();
  for (const uint64_t hold : context.backend.reservations.HoldsDue(now)) {
    if (!lease.Held()) return LeaseLost();
    if (absl::Status status = FinishHold(context, hold, now); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

TimerJob ExpireVouchersJob(const JobContext& context) {
  return {"expire-vouchers", kExpiryPeriod, [context](const Lease& lease) { return ExpireVouchers(context, lease); }};
}

TimerJob FinishStockJob(const JobContext& context) {
  return {"finish-stock", kStockPeriod, [context](const Lease& lease) { return FinishStock(context, lease); }};
}

}  // namespace fenfen::server
