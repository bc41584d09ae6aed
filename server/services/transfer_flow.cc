#include "server/services/transfer_flow.h"

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/points/keeping/transfer.h"
#include "ledger/points/stored_message.h"

namespace fenfen::server {
namespace {

using ledger::v1::Transfer;

// A half's key is of the day on which it is tried, since it may come late; whether it was made on another day its record tells.
DecisionContext HalfOf(const DecisionContext& base, absl::string_view half, uint64_t number) {
  const absl::Time day = absl::FromCivil(absl::ToCivilDay(base.now, base.zone), base.zone);
  return {DerivedKey(day, absl::StrCat("transfer-", half, "/", number)), 0, Actor{}, base.now, base.zone};
}

bool WasDecided(const absl::Status& status) { return !status.ok() && RefusalOf(status).reason == Reason::REASON_TRANSFER_DECIDED; }

absl::StatusOr<Transfer> Take(Engine& engine, const Transfer& sent, const DecisionContext& base) {
  const HouseholdId to(sent.to());
  const DecisionContext context = HalfOf(base, "in", sent.number());
  Command command{PartitionOf(to), context.key, context.fingerprint, TransferInReads(sent), nullptr};
  command.decide = [sent, context](const View& view) { return DecideTransferIn(view, sent, context); };
  const absl::StatusOr<Outcome> outcome = engine.SubmitAndWait(std::move(command));
  if (WasDecided(outcome.status())) return ReadTransfer(engine, TakenKey(sent.number(), to));
  if (!outcome.ok()) return outcome.status();
  return TransferIn(outcome->committed.transaction);
}

}  // namespace

absl::StatusOr<Transfer> ReadTransfer(Engine& engine, const RecordKey& key) {
  absl::StatusOr<Transfer> transfer = absl::NotFoundError("no such transfer");
  const PartitionId partition(static_cast<uint16_t>(key.id >> 56));
  const absl::Status read = engine.ReadAndWait(partition, [&](const View& view) {
    const std::optional<RecordView> record = view.Record(key);
    if (record) transfer = DecodeTransfer(record->bytes);
  });
  if (!read.ok()) return read;
  return transfer;
}

absl::StatusOr<Transfer> FinishTransfer(Engine& engine, const Transfer& sent, const DecisionContext& base) {
  absl::StatusOr<Transfer> taken = Take(engine, sent, base);
  if (!taken.ok() || taken->state() == Transfer::STATE_ARRIVED) return taken;
  const DecisionContext context = HalfOf(base, "back", sent.number());
  Command command{PartitionOf(HouseholdId(sent.from())), context.key, context.fingerprint, TransferBackReads(sent), nullptr};
  command.decide = [refused = *taken, context](const View& view) { return DecideTransferBack(view, refused, context); };
  const absl::StatusOr<Outcome> outcome = engine.SubmitAndWait(std::move(command));
  if (WasDecided(outcome.status())) return ReadTransfer(engine, SentKey(sent.number()));
  if (!outcome.ok()) return outcome.status();
  return TransferIn(outcome->committed.transaction);
}

std::optional<OpenTransfers::Step> TransferStepIn(absl::string_view transfer_record) {
  const absl::StatusOr<Transfer> transfer = DecodeTransfer(transfer_record);
  if (!transfer.ok() || transfer->number() == 0) return std::nullopt;
  switch (transfer->state()) {
    case Transfer::STATE_SENT:
      return OpenTransfers::Step{transfer->number(), OpenTransfers::Stage::kSent};
    case Transfer::STATE_ARRIVED:
      return OpenTransfers::Step{transfer->number(), OpenTransfers::Stage::kArrived};
    case Transfer::STATE_RETURNED:
      return OpenTransfers::Step{transfer->number(), OpenTransfers::Stage::kReturned};
    default:
      return std::nullopt;
  }
}

}  // namespace fenfen::server
