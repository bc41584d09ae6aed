// What becomes of a transfer: it arrives, or it is refused and comes back.
#include <algorithm>

#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/keeping/transfer_parts.h"
#include "ledger/points/stored_message.h"

namespace fenfen {
namespace {

using Found = Versioned<HouseholdRecord>;
using Handover = ledger::v1::Transfer;

bool HasSubject(const HouseholdRecord& household, uint64_t subject_hash) {
  const auto is_it = [subject_hash](const Member& member) { return member.subject_hash == subject_hash; };
  return subject_hash != 0 && std::any_of(household.members.begin(), household.members.end(), is_it);
}

// How many members would be added: one who is in both households is not.
size_t Newcomers(const HouseholdRecord& household, const Handover& sent) {
  size_t count = 0;
  for (const ledger::v1::TransferMember& member : sent.members()) count += HasSubject(household, member.subject_hash()) ? 0 : 1;
  return count;
}

// Why the household cannot take it; REASON_UNSPECIFIED where it can.
Reason Hindrance(const absl::StatusOr<Found>& found, const Handover& sent) {
  if (sent.purpose() == Handover::PURPOSE_SPLIT) return found.ok() ? Reason::REASON_FIELD_MALFORMED : Reason::REASON_UNSPECIFIED;
  if (!found.ok()) return Reason::REASON_HOUSEHOLD_UNKNOWN;
  const HouseholdRecord& household = found->record;
  if (household.merged_into != HouseholdId(0)) return Reason::REASON_HOUSEHOLD_CLOSED;
  if (household.debt > Points(0)) return Reason::REASON_HOUSEHOLD_IN_DEBT;
  const size_t members = household.members.size() + Newcomers(household, sent);
  return members > static_cast<size_t>(limits::kMembersMax) ? Reason::REASON_HOUSEHOLD_FULL : Reason::REASON_UNSPECIFIED;
}

void AddMembers(HouseholdRecord& household, const Handover& sent) {
  NameHead(household);
  for (const ledger::v1::TransferMember& member : sent.members()) {
    if (HasSubject(household, member.subject_hash())) continue;
    auto role = static_cast<MemberRole>(member.role());
    if (role == MemberRole::kHead) role = MemberRole::kAdult;
    if (sent.purpose() == Handover::PURPOSE_SPLIT) role = MemberRole::kHead;
    household.members.push_back({member.subject_hash(), role});
  }
}

}  // namespace

absl::StatusOr<Transaction> DecideTransferIn(const View& view, const Handover& sent, const DecisionContext& context) {
  const HouseholdId to(sent.to());
  const RecordKey key = TakenKey(sent.number(), to);
  if (view.Record(key)) return Refuse(Reason::REASON_TRANSFER_DECIDED);
  absl::StatusOr<Found> found = ReadHousehold(view, to);
  if (!found.ok() && RefusalOf(found.status()).reason != Reason::REASON_HOUSEHOLD_UNKNOWN) return found.status();
  Handover taken = sent;
  taken.clear_former();
  Transaction transaction = BeginTransaction(TransactionKind::kTransferIn, context, context.now);
  if (const Reason hindrance = Hindrance(found, sent); hindrance != Reason::REASON_UNSPECIFIED) {
    taken.set_state(Handover::STATE_REFUSED);
    taken.set_reason(static_cast<int32_t>(hindrance));
    // No entry of the household: nothing happened to it.
    FactsWhy why;
    *why.facts.mutable_keeping() = TransferFactsOf(taken);
    transaction.changes.push_back({key, PartitionSeq(0), SerialiseMessage(taken)});
    transaction.why = EncodeWhy(why);
    return transaction;
  }

  Found household;
  if (found.ok()) {
    household = *std::move(found);
  } else {
    household.record.region = CatalogueId(sent.region());
    household.record.card_hash = sent.card_hash();
    household.record.door_hash = sent.door_hash();
    household.record.create_time = context.now;
  }
  taken.set_state(Handover::STATE_ARRIVED);
  ledger::v1::KeepingFacts facts = TransferFactsOf(taken);
  if (sent.purpose() == Handover::PURPOSE_SPLIT) {
    // Of the number nothing was known before.
    facts.mutable_transfer()->mutable_former();
  } else if (sent.members_size() > 0) {
    *facts.mutable_transfer()->mutable_former() = FormerNamesOf(household.record);
  }
  if (sent.members_size() > 0) AddMembers(household.record, sent);
  Purse purse(view, to, household.record, transaction);
  purse.Return(OnItsWay(Asset::kReward, sent.number()), LotsOf(sent));
  purse.Civic(OnItsWay(Asset::kCivic, sent.number()), Points(sent.civic()));
  Finish(transaction, to, household, key, PartitionSeq(0), taken, purse, std::move(facts));
  return transaction;
}

absl::StatusOr<Transaction> DecideTransferBack(const View& view, const Handover& refused, const DecisionContext& context) {
  const HouseholdId from(refused.from());
  const RecordKey key = SentKey(refused.number());
  absl::StatusOr<StoredMessage<Handover>> sent = ReadMessage<Handover>(view, key);
  if (!sent.ok()) return sent.status();
  Handover& transfer = sent->message;
  if (!sent->found() || transfer.state() != Handover::STATE_SENT || refused.state() != Handover::STATE_REFUSED) {
    return Refuse(Reason::REASON_TRANSFER_DECIDED);
  }
  absl::StatusOr<Found> found = ReadHousehold(view, from);
  if (!found.ok()) return found.status();
  HouseholdRecord& household = found->record;
  transfer.set_state(Handover::STATE_RETURNED);
  transfer.set_reason(refused.reason());
  ledger::v1::KeepingFacts facts = TransferFactsOf(transfer);
  if (transfer.members_size() > 0) *facts.mutable_transfer()->mutable_former() = FormerNamesOf(household);
  for (const ledger::v1::TransferMember& member : transfer.members()) {
    household.members[member.number() - 1] = {member.subject_hash(), static_cast<MemberRole>(member.role())};
  }
  // One that was closed before and only sent what came later stays closed.
  if (transfer.purpose() == Handover::PURPOSE_MERGE && transfer.members_size() > 0) {
    household.card_hash = transfer.former().card_hash();
    household.door_hash = transfer.former().door_hash();
    household.merged_into = HouseholdId(0);
  }
  Transaction transaction = BeginTransaction(TransactionKind::kTransferBack, context, context.now);
  Purse purse(view, from, household, transaction);
  purse.Return(InTransit(Asset::kReward, transfer.number()), LotsOf(transfer));
  purse.Civic(InTransit(Asset::kCivic, transfer.number()), Points(transfer.civic()));
  Finish(transaction, from, *found, key, sent->version, transfer, purse, std::move(facts));
  return transaction;
}

}  // namespace fenfen
