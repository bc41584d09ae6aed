#include "ledger/points/verification/bag.h"

#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/budget/month.h"
#include "ledger/points/keeping/household_people.h"
#include "ledger/points/purse.h"
#include "ledger/points/stored_message.h"
#include "ledger/points/verification/release.h"

namespace fenfen {
namespace {

using ledger::v1::Bag;
using ledger::v1::PendingDrop;

// The count of a household's bags of a month.
RecordKey CounterKey(HouseholdId household) {
  return BagKey(RecordNumber(PartitionOf(household), StableHash(absl::StrCat("bags of household ", household.value()))));
}

absl::StatusOr<StoredMessage<Bag>> ReadBag(const View& view, uint64_t bag) {
  absl::StatusOr<StoredMessage<Bag>> stored = ReadMessage<Bag>(view, BagKey(bag));
  if (stored.ok() && (!stored->found() || stored->message.state() == Bag::STATE_COUNTER)) {
    return Refuse(Reason::REASON_BAG_UNKNOWN, {}, "tag");
  }
  return stored;
}

// Why a bag cannot be used any more. OK for one that is handed out, or put in.
absl::Status CheckUsable(const Bag& bag, const DecisionContext& context) {
  const std::string time = MinuteText(bag.change_micros(), context.zone);
  if (bag.state() == Bag::STATE_REVOKED) return Refuse(Reason::REASON_BAG_REVOKED, {{"time", time}}, "tag");
  if (bag.state() == Bag::STATE_DONE) return Refuse(Reason::REASON_BAG_USED, {{"time", time}}, "tag");
  return absl::OkStatus();
}

// A bag of the household that is in its hands.
absl::StatusOr<StoredMessage<Bag>> ReadInHand(const View& view, HouseholdId household, uint64_t bag, const DecisionContext& context) {
  if (PartitionOfBag(bag) != PartitionOf(household)) return Refuse(Reason::REASON_BAG_OTHER_HOUSEHOLD, {}, "tag");
  absl::StatusOr<StoredMessage<Bag>> stored = ReadBag(view, bag);
  if (!stored.ok()) return stored;
  if (stored->message.household() != household.value()) return Refuse(Reason::REASON_BAG_OTHER_HOUSEHOLD, {}, "tag");
  if (absl::Status status = CheckUsable(stored->message, context); !status.ok()) return status;
  if (stored->message.state() == Bag::STATE_PUT_IN) {
    return Refuse(Reason::REASON_BAG_USED, {{"time", MinuteText(stored->message.change_micros(), context.zone)}}, "tag");
  }
  return stored;
}

RecordChange Moved(uint64_t id, StoredMessage<Bag>& bag, Bag::State state, const DecisionContext& context) {
  bag.message.set_state(state);
  bag.message.set_change_micros(absl::ToUnixMicros(context.now));
  return {BagKey(id), bag.version, SerialiseMessage(bag.message)};
}

// An entry that posts nothing.
Transaction BagEntry(const View& view, HouseholdId household, const Versioned<HouseholdRecord>& found, const ledger::v1::BagFacts& facts,
                     const DecisionContext& context) {
  Transaction transaction = BeginTransaction(TransactionKind::kBagIssue, context, context.now);
  transaction.changes.push_back({KeyOf(household), found.version, EncodeHousehold(found.record)});
  FactsWhy why;
  why.after = {household, view.Balance(RewardAccount(household)), view.Balance(CivicAccount(household))};
  *why.facts.mutable_verification()->mutable_bags() = facts;
  transaction.why = EncodeWhy(why);
  return transaction;
}

absl::Status CheckInspection(const BagInspection& inspection, const Catalogue& catalogue, const DecisionContext& context) {
  if (inspection.rejection_reason == 0) return CheckDrop(inspection.drop, catalogue, context);
  if (absl::Status status = CheckRejection(inspection.rejection_reason); !status.ok()) return status;
  if (inspection.drop.event_time > context.now + limits::kClockAheadMax) {
    return Refuse(Reason::REASON_EVENT_IN_FUTURE, {}, "put_in_time");
  }
  return absl::OkStatus();
}

// Of a bag that nobody scanned when it was put in.
absl::StatusOr<Transaction> InspectUnscanned(const View& view, const BagInspection& inspection, const Catalogue& catalogue,
                                             const DecisionContext& context) {
  const DropFacts& facts = inspection.drop;
  const int32_t today = DayNumberOf(context.now, context.zone);
  if (!IsOpen(DayNumberOf(facts.event_time, context.zone), today, catalogue)) {
    return Refuse(Reason::REASON_EVENT_TOO_OLD, {}, "put_in_time");
  }
  absl::StatusOr<Versioned<HouseholdRecord>> household = ReadOpenHousehold(view, facts.household);
  if (!household.ok()) return household.status();
  PendingDrop drop;
  drop.set_household(facts.household.value());
  drop.set_region(household->record.region.value());
  drop.set_cause(PendingDrop::CAUSE_BAG);
  *drop.mutable_found() = SeenOf(facts);
  drop.mutable_found()->set_verification(v1::VERIFICATION_KIND_INSPECTED);
  *drop.mutable_recorded() = drop.found();
  drop.set_station(facts.station.value());
  drop.set_event_micros(absl::ToUnixMicros(facts.event_time));
  drop.set_event_id(EventIdOf(context.key));
  drop.set_create_micros(absl::ToUnixMicros(context.now));
  drop.set_bag(inspection.bag);
  Deciding deciding{*std::move(household), std::move(drop), 0, false};
  absl::StatusOr<Transaction> transaction = inspection.rejection_reason == 0
                                                ? Credit(view, deciding, catalogue, context)
                                                : Reject(view, deciding, inspection.rejection_reason, catalogue, context);
  if (!transaction.ok()) return transaction;
  absl::StatusOr<RecordChange> bag = CloseBag(view, inspection.bag, context);
  if (!bag.ok()) return bag.status();
  transaction->changes.push_back(*std::move(bag));
  return transaction;
}

}  // namespace

uint64_t BagNumberFor(HouseholdId household, const RequestKey& key, int place) {
  return RecordNumber(PartitionOf(household), MixBits(HashOf(key, household) + static_cast<uint64_t>(place)));
}

ReadSet BagIssueReads(HouseholdId household, const RequestKey& key, int count) {
  ReadSet reads{{KeyOf(household), CounterKey(household)}, PurseAccounts(household)};
  for (int place = 0; place < std::min(count, kBagsAtOnceMax); ++place) {
    reads.records.push_back(BagKey(BagNumberFor(household, key, place)));
  }
  return reads;
}

absl::StatusOr<Transaction> DecideBagIssue(const View& view, HouseholdId household, int count, const Catalogue& catalogue,
                                           const DecisionContext& context) {
  if (count < 1 || count > kBagsAtOnceMax) {
    return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", absl::StrCat("1–", kBagsAtOnceMax)}}, "count");
  }
  const absl::StatusOr<Versioned<HouseholdRecord>> found = ReadOpenHousehold(view, household);
  if (!found.ok()) return found.status();
  const int32_t today = DayNumberOf(context.now, context.zone);
  const Rules* rules = catalogue.RulesOn(today);
  if (rules == nullptr) return Refuse(Reason::REASON_RULES_ABSENT);
  absl::StatusOr<StoredMessage<Bag>> counter = ReadMessage<Bag>(view, CounterKey(household));
  if (!counter.ok()) return counter.status();
  const int32_t month = MonthOfDay(today);
  const int32_t issued = counter->message.month() == month ? counter->message.issued() : 0;
  const int32_t monthly_max = rules->set().monthly_bags_max();
  if (issued + count > monthly_max) {
    return Refuse(Reason::REASON_BAG_LIMIT_REACHED, {{"limit", absl::StrCat(monthly_max)}, {"issued", absl::StrCat(issued)}}, "count");
  }
  ledger::v1::BagFacts facts;
  facts.set_count(count);
  facts.set_issued_in_month(issued + count);
  facts.set_monthly_max(monthly_max);
  Transaction transaction = BagEntry(view, household, *found, facts, context);
  counter->message.set_household(household.value());
  counter->message.set_month(month);
  counter->message.set_issued(issued + count);
  RecordKey key = CounterKey(household);
  transaction.changes.push_back(Moved(key.id, *counter, Bag::STATE_COUNTER, context));
  for (int place = 0; place < count; ++place) {
    const uint64_t number = BagNumberFor(household, context.key, place);
    // A number that is taken: the client tries again with a new key.
    if (view.Record(BagKey(number))) return Refuse(Reason::REASON_REQUEST_ID_REUSED);
    StoredMessage<Bag> bag;
    bag.message.set_household(household.value());
    transaction.changes.push_back(Moved(number, bag, Bag::STATE_ISSUED, context));
  }
  return transaction;
}

ReadSet BagRevocationReads(HouseholdId household, uint64_t bag) { return {{KeyOf(household), BagKey(bag)}, PurseAccounts(household)}; }

absl::StatusOr<Transaction> DecideBagRevocation(const View& view, HouseholdId household, uint64_t bag, const DecisionContext& context) {
  const absl::StatusOr<Versioned<HouseholdRecord>> found = ReadOpenHousehold(view, household);
  if (!found.ok()) return found.status();
  absl::StatusOr<StoredMessage<Bag>> stored = ReadInHand(view, household, bag, context);
  if (!stored.ok()) return stored.status();
  ledger::v1::BagFacts facts;
  facts.set_count(1);
  facts.set_revoked(true);
  Transaction transaction = BagEntry(view, household, *found, facts, context);
  transaction.changes.push_back(Moved(bag, *stored, Bag::STATE_REVOKED, context));
  return transaction;
}

ReadSet BagInspectionReads(const BagInspection& inspection) {
  ReadSet reads{{KeyOf(inspection.drop.household), BagKey(inspection.bag)}, PurseAccounts(inspection.drop.household)};
  if (inspection.pending_drop != 0) reads.records.push_back(PendingDropKey(inspection.pending_drop));
  return reads;
}

absl::StatusOr<Transaction> DecideBagInspection(const View& view, const BagInspection& inspection, const Catalogue& catalogue,
                                                const DecisionContext& context) {
  if (absl::Status status = CheckInspection(inspection, catalogue, context); !status.ok()) return status;
  const absl::StatusOr<StoredMessage<Bag>> bag = ReadBag(view, inspection.bag);
  if (!bag.ok()) return bag.status();
  if (absl::Status status = CheckUsable(bag->message, context); !status.ok()) return status;
  if (bag->message.pending_drop() != inspection.pending_drop) {
    return RefuseUntil(Reason::REASON_OVERLOADED, limits::kRetryDelayWhenBusy);
  }
  const DropFacts& drop = inspection.drop;
  if (inspection.pending_drop == 0) return InspectUnscanned(view, inspection, catalogue, context);
  if (inspection.rejection_reason != 0) {
    return DecideRejection(view, drop.household, inspection.pending_drop, inspection.rejection_reason, catalogue, context);
  }
  Finding found{drop.category, drop.grams, drop.material, drop.pieces};
  return DecideRelease(view, drop.household, inspection.pending_drop, found, catalogue, context);
}

absl::StatusOr<RecordChange> PutIn(const View& view, HouseholdId household, uint64_t bag, uint64_t pending_drop,
                                   const DecisionContext& context) {
  absl::StatusOr<StoredMessage<Bag>> stored = ReadInHand(view, household, bag, context);
  if (!stored.ok()) return stored.status();
  stored->message.set_pending_drop(pending_drop);
  return Moved(bag, *stored, Bag::STATE_PUT_IN, context);
}

absl::StatusOr<RecordChange> CloseBag(const View& view, uint64_t bag, const DecisionContext& context) {
  absl::StatusOr<StoredMessage<Bag>> stored = ReadBag(view, bag);
  if (!stored.ok()) return stored.status();
  return Moved(bag, *stored, Bag::STATE_DONE, context);
}

}  // namespace fenfen
