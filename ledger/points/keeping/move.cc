#include "ledger/points/keeping/move.h"

#include "ledger/core/errors.h"
#include "ledger/points/keeping/household_people.h"

namespace fenfen {

absl::StatusOr<Transaction> DecideMove(const View& view, const MoveTo& to, const Catalogue& catalogue, const DecisionContext& context) {
  if (catalogue.Find<v1::Region>(to.region) == nullptr) return Refuse(Reason::REASON_REGION_UNKNOWN, {}, "region");
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadOpenHousehold(view, to.household);
  if (!found.ok()) return found.status();
  HouseholdRecord& household = found->record;
  if (household.region == to.region && household.door_hash == to.door_hash) {
    return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", "已住在这里 / it lives there already"}}, "region");
  }
  ledger::v1::KeepingFacts facts;
  ledger::v1::MoveFacts& move = *facts.mutable_move();
  move.set_region_before(household.region.value());
  move.set_region_after(to.region.value());
  *move.mutable_former() = FormerNamesOf(household);
  household.region = to.region;
  household.door_hash = to.door_hash;
  return PeopleTransaction(TransactionKind::kMove, view, to.household, *found, facts, context);
}

}  // namespace fenfen
