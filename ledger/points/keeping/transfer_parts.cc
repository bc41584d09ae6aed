#include "ledger/points/keeping/transfer_parts.h"

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/entry.h"
#include "ledger/points/stored_message.h"

namespace fenfen {
namespace {

// Three numbers of one hash: the transfer's own, that of its record at the other household, that of a household's count.
constexpr uint64_t kTaken = 0x7461'6b65'6e00'0000;
constexpr uint64_t kGiven = 0x6769'7665'6e00'0000;

}  // namespace

uint64_t TransferNumberFor(HouseholdId from, const RequestKey& key) { return RecordNumber(PartitionOf(from), HashOf(key, from)); }
RecordKey SentKey(uint64_t number) { return {RecordKind::kTransfer, number}; }
RecordKey TakenKey(uint64_t number, HouseholdId to) {
  return {RecordKind::kTransfer, RecordNumber(PartitionOf(to), MixBits(number ^ kTaken))};
}
RecordKey GivenKey(HouseholdId household) {
  return {RecordKind::kTransfer, RecordNumber(PartitionOf(household), MixBits(household.value() ^ kGiven))};
}

ReadSet TransferOutReads(HouseholdId from, uint64_t number) {
  ReadSet reads = HouseholdReads(from);
  reads.records.push_back(SentKey(number));
  reads.records.push_back(GivenKey(from));
  reads.accounts.push_back(HeldAccount(from));
  return reads;
}

ReadSet TransferInReads(const ledger::v1::Transfer& sent) {
  const HouseholdId to(sent.to());
  ReadSet reads = HouseholdReads(to);
  reads.records.push_back(TakenKey(sent.number(), to));
  return reads;
}

ReadSet TransferBackReads(const ledger::v1::Transfer& sent) { return TransferOutReads(HouseholdId(sent.from()), sent.number()); }

std::vector<Lot> LotsOf(const ledger::v1::Transfer& transfer) {
  std::vector<Lot> lots;
  for (const ledger::v1::TransferLot& lot : transfer.lots()) lots.push_back({lot.expires_day(), Points(lot.amount())});
  return lots;
}

Points SumOf(const ledger::v1::Transfer& transfer) {
  int64_t sum = 0;
  for (const ledger::v1::TransferLot& lot : transfer.lots()) sum += lot.amount();
  return Points(sum);
}

void SetLots(const std::vector<Lot>& lots, ledger::v1::Transfer& transfer) {
  for (const Lot& lot : lots) {
    ledger::v1::TransferLot& out = *transfer.add_lots();
    out.set_expires_day(lot.expires_day);
    out.set_amount(lot.amount.hundredths());
  }
}

ledger::v1::KeepingFacts TransferFactsOf(const ledger::v1::Transfer& transfer) {
  ledger::v1::KeepingFacts facts;
  ledger::v1::Transfer& out = *facts.mutable_transfer()->mutable_transfer();
  out = transfer;
  out.clear_former();
  out.clear_card_hash();
  out.clear_door_hash();
  for (ledger::v1::TransferMember& member : *out.mutable_members()) member.clear_subject_hash();
  return facts;
}

void Finish(Transaction& transaction, HouseholdId id, const Versioned<HouseholdRecord>& household, const RecordKey& key,
            PartitionSeq version, const ledger::v1::Transfer& transfer, const Purse& purse, ledger::v1::KeepingFacts facts) {
  transaction.changes.push_back({KeyOf(id), household.version, EncodeHousehold(household.record)});
  transaction.changes.push_back({key, version, SerialiseMessage(transfer)});
  FactsWhy why;
  why.after = purse.After();
  *why.facts.mutable_keeping() = std::move(facts);
  transaction.why = EncodeWhy(why);
}

absl::StatusOr<ledger::v1::Transfer> DecodeTransfer(absl::string_view bytes) {
  ledger::v1::Transfer transfer;
  if (transfer.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return transfer;
  return absl::DataLossError("transfer record: the stored bytes do not have its form");
}

absl::StatusOr<ledger::v1::Transfer> TransferIn(const Transaction& transaction) {
  for (const RecordChange& change : transaction.changes) {
    if (change.key.kind != RecordKind::kTransfer) continue;
    absl::StatusOr<ledger::v1::Transfer> transfer = DecodeTransfer(change.bytes);
    if (!transfer.ok() || transfer->number() != 0) return transfer;
  }
  return absl::NotFoundError("the transaction is no transfer's");
}

absl::Status RefusalOf(const ledger::v1::Transfer& transfer) {
  const auto reason = static_cast<Reason>(transfer.reason());
  const std::string other = HouseholdName(HouseholdId(transfer.to()));
  absl::string_view field = "to";
  if (transfer.purpose() == ledger::v1::Transfer::PURPOSE_MERGE) field = "into";
  if (transfer.purpose() == ledger::v1::Transfer::PURPOSE_SPLIT) field = "number";
  // What the sentences of the reasons ask for; how much the other household owes is not for the giver to know.
  return Refuse(reason,
                {{"household", other},
                 {"limit", absl::StrCat(limits::kMembersMax)},
                 {"debt", "—"},
                 {"detail", absl::StrCat("户号已有人用 / taken: ", other)}},
                field);
}

}  // namespace fenfen
