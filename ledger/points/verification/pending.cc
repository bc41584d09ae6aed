#include "ledger/points/verification/pending.h"

#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/keeping/household_people.h"
#include "ledger/points/purse.h"
#include "ledger/points/stored_message.h"
#include "ledger/points/verification/bag.h"

namespace fenfen {
namespace {

using ledger::v1::DropSeen;
using ledger::v1::PendingDrop;

bool IsLate(int32_t day, const Rules& rules, const DecisionContext& context) {
  return DayNumberOf(context.now, context.zone) - day > rules.late_days_max();
}

PendingDrop RecordOf(const DropFacts& facts, const Waiting& waiting, const HouseholdRecord& household, const Judgement& judged,
                     const DecisionContext& context) {
  PendingDrop drop;
  drop.set_household(facts.household.value());
  drop.set_region(household.region.value());
  drop.set_state(PendingDrop::STATE_WAITING);
  drop.set_cause(waiting.cause);
  if (waiting.policy != nullptr) drop.set_policy(waiting.policy->policy->id());
  drop.set_rule_version(judged.rules->version());
  *drop.mutable_recorded() = SeenOf(facts);
  drop.set_member(facts.member);
  if (facts.member != 0) drop.set_role_plus_one(static_cast<uint32_t>(household.members[facts.member - 1].role) + 1);
  drop.set_station(facts.station.value());
  drop.set_event_micros(absl::ToUnixMicros(facts.event_time));
  drop.set_event_id(judged.event.id);
  drop.set_create_micros(absl::ToUnixMicros(context.now));
  if (waiting.due != absl::InfiniteFuture()) drop.set_due_micros(absl::ToUnixMicros(waiting.due));
  drop.set_due_release(waiting.due_release);
  drop.set_bag(facts.bag);
  return drop;
}

}  // namespace

uint64_t PendingDropIdFor(HouseholdId household, const RequestKey& key) {
  return RecordNumber(PartitionOf(household), HashOf(key, household));
}

bool MayWait(const DropFacts& facts, const Catalogue& catalogue, const DecisionContext& context) {
  if (facts.bag != 0) return true;
  const int32_t day = DayNumberOf(facts.event_time, context.zone);
  const Rules* rules = catalogue.RulesOn(day);
  return rules != nullptr && (rules->has_policies() || (facts.may_be_late && IsLate(day, *rules, context)));
}

void AddWaitingReads(const DropFacts& facts, const DecisionContext& context, ReadSet& reads) {
  reads.records.push_back(PendingDropKey(PendingDropIdFor(facts.household, context.key)));
  if (facts.bag != 0) reads.records.push_back(BagKey(facts.bag));
}

std::optional<Waiting> WhyItWaits(const DropFacts& facts, const HouseholdRecord& household, const Catalogue& catalogue,
                                  const DecisionContext& context) {
  const int32_t day = DayNumberOf(facts.event_time, context.zone);
  const Rules& rules = *catalogue.RulesOn(day);
  Waiting waiting;
  if (IsLate(day, rules, context)) {
    waiting.cause = PendingDrop::CAUSE_LATE;
    return waiting;
  }
  const DropTraits traits = TraitsOf(facts, household, catalogue, context.zone);
  const PolicyTerms* policy = rules.WaitingPolicy(traits, catalogue);
  if (facts.bag != 0) {
    const bool says_how_long = policy != nullptr && !policy->released;
    waiting.cause = PendingDrop::CAUSE_BAG;
    waiting.policy = says_how_long ? policy : nullptr;
    waiting.due = context.now + (says_how_long ? policy->wait : kBagWait);
    return waiting;
  }
  if (policy == nullptr) return std::nullopt;
  // What is credited as it is and earns nothing need not wait for that; an inspection may make another thing of it.
  if (policy->released && rules.Match(traits, catalogue) == nullptr) return std::nullopt;
  waiting.cause = PendingDrop::CAUSE_POLICY;
  waiting.policy = policy;
  waiting.due = context.now + policy->wait;
  waiting.due_release = policy->released;
  return waiting;
}

uint32_t PendingOf(const HouseholdRecord& household) {
  uint32_t pending = 0;
  ForEachDay(household.days, [&pending](const DayHead& day) { pending += day.pending; });
  return pending;
}

absl::StatusOr<Transaction> DecidePending(const View& view, const DropFacts& facts, const Waiting& waiting,
                                          Versioned<HouseholdRecord>& household, const Judgement& judged, const DecisionContext& context) {
  const uint64_t id = PendingDropIdFor(facts.household, context.key);
  // Two keys of one household with one hash of 56 bits: the client tries again with a new key.
  if (view.Record(PendingDropKey(id))) return Refuse(Reason::REASON_REQUEST_ID_REUSED);
  Transaction transaction = BeginTransaction(TransactionKind::kPendingDrop, context, facts.event_time);
  if (absl::Status status = AddPending(household.record, judged.day, *judged.rules, 1); !status.ok()) return status;
  const PendingDrop drop = RecordOf(facts, waiting, household.record, judged, context);
  transaction.changes.push_back({KeyOf(facts.household), household.version, EncodeHousehold(household.record)});
  transaction.changes.push_back({PendingDropKey(id), PartitionSeq(0), SerialiseMessage(drop)});
  if (facts.bag != 0) {
    absl::StatusOr<RecordChange> bag = PutIn(view, facts.household, facts.bag, id, context);
    if (!bag.ok()) return bag.status();
    transaction.changes.push_back(*std::move(bag));
  }
  const Purse purse(view, facts.household, household.record, transaction);
  FactsWhy why;
  why.after = purse.After();
  ledger::v1::PendingDropFacts& stored = *why.facts.mutable_verification()->mutable_pending();
  stored.set_pending_drop(id);
  *stored.mutable_drop() = drop;
  stored.set_day(judged.day);
  if (drop.due_micros() != 0) stored.set_due_day(DayNumberOf(waiting.due, context.zone));
  transaction.why = EncodeWhy(why);
  return transaction;
}

DropFacts FactsOf(const PendingDrop& drop) {
  const DropSeen& seen = drop.has_found() ? drop.found() : drop.recorded();
  DropFacts facts;
  facts.household = HouseholdId(drop.household());
  facts.member = drop.member();
  facts.category = seen.category();
  if (seen.grams() != 0) facts.grams = seen.grams();
  facts.station = CatalogueId(drop.station());
  facts.event_time = absl::FromUnixMicros(drop.event_micros());
  facts.material = seen.material();
  facts.pieces = seen.pieces();
  facts.verification = static_cast<v1::VerificationKind>(seen.verification());
  facts.bag = drop.bag();
  if (drop.role_plus_one() != 0) facts.role = static_cast<MemberRole>(drop.role_plus_one() - 1);
  return facts;
}

DropSeen SeenOf(const DropFacts& facts) {
  DropSeen seen;
  seen.set_category(facts.category);
  seen.set_grams(facts.grams.value_or(0));
  seen.set_material(facts.material);
  seen.set_pieces(facts.pieces);
  seen.set_verification(facts.verification);
  return seen;
}

std::optional<uint32_t> CreditedEvent(const Transaction& transaction) {
  if (transaction.kind == TransactionKind::kDrop) return EventIdOf(transaction.key);
  if (transaction.kind != TransactionKind::kRelease) return std::nullopt;
  const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
  const FactsWhy* facts = why.ok() ? std::get_if<FactsWhy>(&*why) : nullptr;
  if (facts == nullptr) return std::nullopt;
  return facts->facts.verification().pending().drop().event_id();
}

}  // namespace fenfen
