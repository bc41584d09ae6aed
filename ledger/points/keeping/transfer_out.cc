// What leaves a household: a gift, a merge, a split.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/keeping/transfer_parts.h"
#include "ledger/points/lots.h"
#include "ledger/points/stored_message.h"

namespace fenfen {
namespace {

using Found = Versioned<HouseholdRecord>;
using Handover = ledger::v1::Transfer;

absl::Status CheckNoDebt(const HouseholdRecord& household) {
  if (household.debt == Points(0)) return absl::OkStatus();
  return Refuse(Reason::REASON_HOUSEHOLD_IN_DEBT, {{"debt", FormatPoints(household.debt)}});
}

// Only who is there and no minor gives away a household's points.
absl::Status CheckGiver(const Actor& actor, const HouseholdRecord& household) {
  if (actor.kind != ActorKind::kMember) return absl::OkStatus();
  const auto member = static_cast<uint32_t>(actor.sub);
  if (!IsPresent(household, member)) return Refuse(Reason::REASON_MEMBER_UNKNOWN);
  return household.members[member - 1].role == MemberRole::kMinor ? Refuse(Reason::REASON_ROLE_NOT_ALLOWED) : absl::OkStatus();
}

// Counts the gift into the day's; GIFT_LIMIT_REACHED. Where the rules say nothing of gifts there are none.
absl::Status CountGift(Handover::Given& given, int32_t today, Points amount, const Catalogue& catalogue) {
  if (given.day() != today) {
    given.set_day(today);
    given.set_gifts(0);
    given.set_amount(0);
  }
  const v1::RuleSet* rules = catalogue.rules();
  const v1::GiftLimits& limits = rules == nullptr ? v1::GiftLimits::default_instance() : rules->gift_limits();
  if (given.gifts() >= limits.daily_gifts() || amount.hundredths() > limits.daily_amount() - given.amount()) {
    return Refuse(Reason::REASON_GIFT_LIMIT_REACHED,
                  {{"gifts", absl::StrCat(limits.daily_gifts())},
                   {"points", FormatPoints(Points(limits.daily_amount()))},
                   {"given", FormatPoints(Points(given.amount()))}},
                  "amount");
  }
  given.set_gifts(given.gifts() + 1);
  given.set_amount(given.amount() + amount.hundredths());
  return absl::OkStatus();
}

Handover Begin(HouseholdId from, HouseholdId to, Handover::Purpose purpose, const DecisionContext& context) {
  Handover transfer;
  transfer.set_number(TransferNumberFor(from, context.key));
  transfer.set_purpose(purpose);
  transfer.set_state(Handover::STATE_SENT);
  transfer.set_from(from.value());
  transfer.set_to(to.value());
  transfer.set_send_time(absl::ToUnixMicros(context.now));
  return transfer;
}

// The member goes along: gone from here.
void Take(HouseholdRecord& household, uint32_t number, Handover& transfer) {
  Member& member = household.members[number - 1];
  ledger::v1::TransferMember& out = *transfer.add_members();
  out.set_number(number);
  out.set_subject_hash(member.subject_hash);
  out.set_role(static_cast<uint32_t>(member.role));
  member = {0, MemberRole::kLeft};
}

// Two keys of one household with one hash of 56 bits: the client tries again with a new key.
absl::Status CheckFree(const View& view, uint64_t number) {
  return view.Record(SentKey(number)) ? Refuse(Reason::REASON_REQUEST_ID_REUSED) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<Transaction> DecideGift(const View& view, const GiftFacts& facts, const Catalogue& catalogue,
                                       const DecisionContext& context) {
  if (facts.from == facts.to) return Malformed("to", "不能转给自己家 / not to itself");
  if (facts.amount <= Points(0)) return Malformed("amount", "> 0");
  absl::StatusOr<Found> found = ReadOpenHousehold(view, facts.from);
  if (!found.ok()) return found.status();
  if (absl::Status status = CheckGiver(context.actor, found->record); !status.ok()) return status;
  if (absl::Status status = CheckNoDebt(found->record); !status.ok()) return status;
  const int32_t today = DayNumberOf(context.now, context.zone);
  absl::StatusOr<StoredMessage<Handover>> given = ReadMessage<Handover>(view, GivenKey(facts.from));
  if (!given.ok()) return given.status();
  if (absl::Status status = CountGift(*given->message.mutable_given(), today, facts.amount, catalogue); !status.ok()) return status;
  Handover transfer = Begin(facts.from, facts.to, Handover::PURPOSE_GIFT, context);
  if (absl::Status status = CheckFree(view, transfer.number()); !status.ok()) return status;

  Transaction transaction = BeginTransaction(TransactionKind::kTransferOut, context, context.now);
  Purse purse(view, facts.from, found->record, transaction);
  const absl::StatusOr<std::vector<Lot>> lots = purse.Spend(InTransit(Asset::kReward, transfer.number()), facts.amount, today);
  if (!lots.ok()) return lots.status();
  SetLots(*lots, transfer);
  Finish(transaction, facts.from, *found, SentKey(transfer.number()), PartitionSeq(0), transfer, purse, TransferFactsOf(transfer));
  transaction.changes.push_back({GivenKey(facts.from), given->version, SerialiseMessage(given->message)});
  return transaction;
}

absl::StatusOr<Transaction> DecideMerge(const View& view, const MergeFacts& facts, const Catalogue& catalogue,
                                        const DecisionContext& context) {
  if (facts.from == facts.to) return Malformed("into", "不能并入自己 / not into itself");
  absl::StatusOr<Found> found = ReadHousehold(view, facts.from);
  if (!found.ok()) return found.status();
  HouseholdRecord& household = found->record;
  // What has come to a closed household since, a refund maybe, may follow to where the rest went.
  const bool has_points = !household.lots.empty() || view.Balance(CivicAccount(facts.from)) > Points(0);
  const bool follows = household.merged_into == facts.to || (facts.via != HouseholdId(0) && household.merged_into == facts.via);
  if (!follows || !has_points) {
    if (absl::Status status = CheckOpen(household); !status.ok()) return status;
  }
  if (absl::Status status = CheckNoDebt(household); !status.ok()) return status;
  if (view.Balance(HeldAccount(facts.from)) != Points(0)) return Refuse(Reason::REASON_VOUCHERS_OPEN);
  Handover transfer = Begin(facts.from, facts.to, Handover::PURPOSE_MERGE, context);
  if (absl::Status status = CheckFree(view, transfer.number()); !status.ok()) return status;
  *transfer.mutable_former() = FormerNamesOf(household);

  Transaction transaction = BeginTransaction(TransactionKind::kTransferOut, context, context.now);
  const int32_t today = DayNumberOf(context.now, context.zone);
  Purse purse(view, facts.from, household, transaction);
  purse.Expire({AccountKind::kExpired, Asset::kReward, catalogue.TownOf(household.region).value()}, today);
  const absl::StatusOr<std::vector<Lot>> lots =
      purse.Spend(InTransit(Asset::kReward, transfer.number()), Spendable(household.lots, today), today);
  if (!lots.ok()) return lots.status();
  SetLots(*lots, transfer);
  transfer.set_civic(purse.After().civic.hundredths());
  purse.Civic(InTransit(Asset::kCivic, transfer.number()), -purse.After().civic);
  for (uint32_t number = 1; number <= household.members.size(); ++number) {
    if (household.members[number - 1].role != MemberRole::kLeft) Take(household, number, transfer);
  }
  household.card_hash = 0;
  household.door_hash = 0;
  household.merged_into = facts.to;
  ledger::v1::KeepingFacts why = TransferFactsOf(transfer);
  *why.mutable_transfer()->mutable_former() = transfer.former();
  Finish(transaction, facts.from, *found, SentKey(transfer.number()), PartitionSeq(0), transfer, purse, std::move(why));
  return transaction;
}

absl::StatusOr<Transaction> DecideSplit(const View& view, const SplitFacts& facts, const Catalogue& catalogue,
                                        const DecisionContext& context) {
  if (facts.to.value() == 0 || facts.to.value() > limits::kHouseholdIdMax || facts.to == facts.from) {
    return Malformed("number", absl::StrCat("1–", limits::kHouseholdIdMax));
  }
  if (facts.amount < Points(0)) return Malformed("amount", "≥ 0");
  if (catalogue.Find<v1::Region>(facts.region) == nullptr) return Refuse(Reason::REASON_REGION_UNKNOWN, {}, "region");
  absl::StatusOr<Found> found = ReadOpenHousehold(view, facts.from);
  if (!found.ok()) return found.status();
  HouseholdRecord& household = found->record;
  if (!IsPresent(household, facts.member)) return Refuse(Reason::REASON_MEMBER_UNKNOWN, {}, "member");
  if (absl::Status status = CheckNoDebt(household); !status.ok()) return status;
  Handover transfer = Begin(facts.from, facts.to, Handover::PURPOSE_SPLIT, context);
  if (absl::Status status = CheckFree(view, transfer.number()); !status.ok()) return status;
  *transfer.mutable_former() = FormerNamesOf(household);
  transfer.set_region(facts.region.value());
  transfer.set_card_hash(facts.card_hash);
  transfer.set_door_hash(facts.door_hash);
  NameHead(household);
  const bool was_head = household.members[facts.member - 1].role == MemberRole::kHead;
  Take(household, facts.member, transfer);
  if (absl::Status status = KeepHead(household, was_head, facts.next_head); !status.ok()) return status;

  Transaction transaction = BeginTransaction(TransactionKind::kTransferOut, context, context.now);
  Purse purse(view, facts.from, household, transaction);
  const absl::StatusOr<std::vector<Lot>> lots =
      purse.Spend(InTransit(Asset::kReward, transfer.number()), facts.amount, DayNumberOf(context.now, context.zone));
  if (!lots.ok()) return lots.status();
  SetLots(*lots, transfer);
  ledger::v1::KeepingFacts why = TransferFactsOf(transfer);
  *why.mutable_transfer()->mutable_former() = transfer.former();
  Finish(transaction, facts.from, *found, SentKey(transfer.number()), PartitionSeq(0), transfer, purse, std::move(why));
  return transaction;
}

}  // namespace fenfen
