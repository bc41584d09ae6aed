#include "ledger/points/keeping/card.h"

#include "ledger/core/errors.h"
#include "ledger/points/keeping/household_people.h"

namespace fenfen {
namespace {

using ledger::v1::CardFacts;

Transaction Change(const View& view, HouseholdId id, Versioned<HouseholdRecord>& found, uint64_t card_hash, CardFacts::Change change,
                   const DecisionContext& context) {
  ledger::v1::KeepingFacts facts;
  facts.mutable_card()->set_change(change);
  *facts.mutable_card()->mutable_former() = FormerNamesOf(found.record);
  found.record.card_hash = card_hash;
  return PeopleTransaction(TransactionKind::kCardChange, view, id, found, facts, context);
}

}  // namespace

absl::StatusOr<Transaction> DecideCardIssue(const View& view, HouseholdId id, uint64_t card_hash, const DecisionContext& context) {
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadOpenHousehold(view, id);
  if (!found.ok()) return found.status();
  const uint64_t before = found->record.card_hash;
  if (before == card_hash) {
    return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", "已是这张卡 / it is the present card"}}, "card");
  }
  return Change(view, id, *found, card_hash, before == 0 ? CardFacts::CHANGE_ISSUED : CardFacts::CHANGE_REISSUED, context);
}

absl::StatusOr<Transaction> DecideCardRevocation(const View& view, HouseholdId id, const DecisionContext& context) {
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadOpenHousehold(view, id);
  if (!found.ok()) return found.status();
  if (context.actor.kind == ActorKind::kMember && !IsPresent(found->record, static_cast<uint32_t>(context.actor.sub))) {
    return Refuse(Reason::REASON_MEMBER_UNKNOWN);
  }
  if (found->record.card_hash == 0) return Refuse(Reason::REASON_CARD_ABSENT);
  return Change(view, id, *found, 0, CardFacts::CHANGE_REVOKED, context);
}

}  // namespace fenfen
