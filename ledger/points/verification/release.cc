#include "ledger/points/verification/release.h"

#include "absl/strings/str_cat.h"
#include "fenfen/v1/correction.pb.h"
#include "fenfen/v1/verification.pb.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/correcting/reversal.h"
#include "ledger/points/keeping/household_people.h"
#include "ledger/points/purse.h"
#include "ledger/points/stored_message.h"
#include "ledger/points/verification/bag.h"

namespace fenfen {
namespace {

using ledger::v1::PendingDrop;

// The drop that waits, with the household.
absl::StatusOr<std::pair<PartitionSeq, Deciding>> ReadWaiting(const View& view, HouseholdId household, uint64_t id,
                                                              const DecisionContext& context) {
  absl::StatusOr<StoredMessage<PendingDrop>> stored = ReadMessage<PendingDrop>(view, PendingDropKey(id));
  if (!stored.ok()) return stored.status();
  if (!stored->found() || stored->message.household() != household.value()) return Refuse(Reason::REASON_PENDING_DROP_UNKNOWN, {}, "name");
  if (stored->message.state() != PendingDrop::STATE_WAITING) {
    return Refuse(Reason::REASON_PENDING_DROP_DECIDED, {{"time", MinuteText(stored->message.decide_micros(), context.zone)}}, "name");
  }
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, household);
  if (!found.ok()) return found.status();
  return std::make_pair(stored->version, Deciding{*std::move(found), std::move(stored->message), id, true});
}

// Writes the drop's record as it was decided, and its bag's.
absl::StatusOr<Transaction> WithRecords(const View& view, absl::StatusOr<Transaction> transaction, const Deciding& deciding,
                                        PartitionSeq version, const DecisionContext& context) {
  if (!transaction.ok()) return transaction;
  transaction->changes.push_back({PendingDropKey(deciding.id), version, SerialiseMessage(deciding.drop)});
  if (deciding.drop.bag() != 0) {
    absl::StatusOr<RecordChange> bag = CloseBag(view, deciding.drop.bag(), context);
    if (!bag.ok()) return bag.status();
    transaction->changes.push_back(*std::move(bag));
  }
  return transaction;
}

// The household's part of what a transaction posts, debts repaid included.
std::pair<int64_t, int64_t> GivenBy(const Transaction& transaction) {
  std::pair<int64_t, int64_t> given;
  for (const Posting& posting : transaction.postings) {
    if (posting.account.kind != AccountKind::kHousehold && posting.account.kind != AccountKind::kDebt) continue;
    (posting.account.asset == Asset::kReward ? given.first : given.second) += posting.amount.hundredths();
  }
  return given;
}

// The entry's end: the record says what was decided, the household is written.
void Conclude(Transaction& transaction, const Purse& purse, Deciding& deciding, PendingDrop::State state, std::string credit,
              const DecisionContext& context) {
  PendingDrop& drop = deciding.drop;
  drop.set_state(state);
  drop.set_decide_micros(absl::ToUnixMicros(context.now));
  const HouseholdId household(drop.household());
  transaction.changes.push_back({KeyOf(household), deciding.household.version, EncodeHousehold(deciding.household.record)});
  FactsWhy why;
  why.after = purse.After();
  ledger::v1::PendingDropFacts& facts = *why.facts.mutable_verification()->mutable_pending();
  facts.set_pending_drop(deciding.id);
  *facts.mutable_drop() = drop;
  facts.set_credit(std::move(credit));
  facts.set_day(DayNumberOf(absl::FromUnixMicros(drop.event_micros()), context.zone));
  transaction.why = EncodeWhy(why);
}

absl::Status NoLongerWaits(Deciding& deciding, const Catalogue& catalogue, const DecisionContext& context) {
  if (!deciding.pending) return absl::OkStatus();
  const int32_t day = DayNumberOf(absl::FromUnixMicros(deciding.drop.event_micros()), context.zone);
  const Rules* rules = catalogue.RulesOn(day);
  if (rules == nullptr) return Refuse(Reason::REASON_RULES_ABSENT);
  return AddPending(deciding.household.record, day, *rules, -1);
}

}  // namespace

ReadSet PendingReads(HouseholdId household, uint64_t pending_drop, uint64_t bag) {
  ReadSet reads{{KeyOf(household), PendingDropKey(pending_drop)}, PurseAccounts(household)};
  if (bag != 0) reads.records.push_back(BagKey(bag));
  return reads;
}

absl::Status CheckRejection(int reason) {
  const bool ours = reason == v1::REJECTION_REASON_NOT_INSPECTED || reason == v1::REJECTION_REASON_HOUSEHOLD_CLOSED;
  if (reason != v1::REJECTION_REASON_UNSPECIFIED && v1::RejectionReason_IsValid(reason) && !ours) return absl::OkStatus();
  return Refuse(Reason::REASON_REJECTION_REASON_UNKNOWN, {}, "reason");
}

absl::StatusOr<Transaction> Credit(const View& view, Deciding& deciding, const Catalogue& catalogue, const DecisionContext& context) {
  HouseholdRecord& household = deciding.household.record;
  const DropFacts facts = FactsOf(deciding.drop);
  const int32_t today = DayNumberOf(context.now, context.zone);
  Judgement judged = Judge(facts, household, catalogue, context.zone);
  judged.event.id = deciding.drop.event_id();
  Transaction transaction = BeginTransaction(TransactionKind::kRelease, context, facts.event_time);
  Purse purse(view, facts.household, household, transaction);
  Applied applied;
  if (judged.rule != nullptr) {
    if (absl::Status status = ApplyDrop(household, judged, catalogue, today, applied); !status.ok()) return status;
    // Where it waited over the end of its points' time, there are some days to spend them.
    Post(purse, judged, applied, catalogue.TownOf(household.region), today + kComeBackDays);
  }
  // Only now: its day was kept until it was in.
  if (absl::Status status = NoLongerWaits(deciding, catalogue, context); !status.ok()) return status;
  const auto [reward, civic] = GivenBy(transaction);
  deciding.drop.set_reward(reward);
  deciding.drop.set_civic(civic);
  const DropWhy credit = WhyOf(facts, judged, judged.rule == nullptr ? nullptr : &applied, purse.After());
  Conclude(transaction, purse, deciding, PendingDrop::STATE_RELEASED, EncodeWhy(credit), context);
  return transaction;
}

absl::StatusOr<Transaction> Reject(const View& view, Deciding& deciding, int reason, const Catalogue& catalogue,
                                   const DecisionContext& context) {
  Transaction transaction = BeginTransaction(TransactionKind::kRejection, context, absl::FromUnixMicros(deciding.drop.event_micros()));
  if (absl::Status status = NoLongerWaits(deciding, catalogue, context); !status.ok()) return status;
  deciding.drop.set_rejection_reason(reason);
  const Purse purse(view, HouseholdId(deciding.drop.household()), deciding.household.record, transaction);
  Conclude(transaction, purse, deciding, PendingDrop::STATE_REJECTED, {}, context);
  return transaction;
}

absl::StatusOr<Transaction> DecideRelease(const View& view, HouseholdId household, uint64_t pending_drop,
                                          const std::optional<Finding>& found, const Catalogue& catalogue, const DecisionContext& context) {
  auto waiting = ReadWaiting(view, household, pending_drop, context);
  if (!waiting.ok()) return waiting.status();
  auto& [version, deciding] = *waiting;
  if (absl::Status status = CheckOpen(deciding.household.record); !status.ok()) return status;
  if (found) {
    DropFacts facts = FactsOf(deciding.drop);
    if (found->category != v1::CATEGORY_UNSPECIFIED) facts.category = found->category;
    if (found->grams) facts.grams = found->grams;
    if (found->material) facts.material = *found->material;
    if (found->pieces) facts.pieces = *found->pieces;
    facts.verification = v1::VERIFICATION_KIND_INSPECTED;
    if (absl::Status status = CheckDrop(facts, catalogue, context); !status.ok()) return status;
    *deciding.drop.mutable_found() = SeenOf(facts);
  }
  return WithRecords(view, Credit(view, deciding, catalogue, context), deciding, version, context);
}

absl::StatusOr<Transaction> DecideRejection(const View& view, HouseholdId household, uint64_t pending_drop, int reason,
                                            const Catalogue& catalogue, const DecisionContext& context) {
  if (absl::Status status = CheckRejection(reason); !status.ok()) return status;
  auto waiting = ReadWaiting(view, household, pending_drop, context);
  if (!waiting.ok()) return waiting.status();
  auto& [version, deciding] = *waiting;
  return WithRecords(view, Reject(view, deciding, reason, catalogue, context), deciding, version, context);
}

absl::StatusOr<Transaction> DecideDue(const View& view, HouseholdId household, uint64_t pending_drop, const Catalogue& catalogue,
                                      const DecisionContext& context) {
  auto waiting = ReadWaiting(view, household, pending_drop, context);
  if (!waiting.ok()) return waiting.status();
  auto& [version, deciding] = *waiting;
  const int64_t due = deciding.drop.due_micros();
  if (due == 0 || absl::FromUnixMicros(due) > context.now) {
    return Refuse(Reason::REASON_PENDING_DROP_DECIDED, {{"time", MinuteText(due, context.zone)}}, "name");
  }
  const bool closed = !CheckOpen(deciding.household.record).ok();
  absl::StatusOr<Transaction> transaction =
      deciding.drop.due_release() && !closed
          ? Credit(view, deciding, catalogue, context)
          : Reject(view, deciding, closed ? v1::REJECTION_REASON_HOUSEHOLD_CLOSED : v1::REJECTION_REASON_NOT_INSPECTED, catalogue, context);
  return WithRecords(view, std::move(transaction), deciding, version, context);
}

absl::StatusOr<CorrectionGrounds> ClawBackGrounds(const Transaction& entry, int reason) {
  if (absl::Status status = CheckRejection(reason); !status.ok()) return status;
  if (!CreditedEvent(entry)) return Refuse(Reason::REASON_ENTRY_NOT_A_DROP, {}, "name");
  switch (reason) {
    case v1::REJECTION_REASON_MIXED:
      return CorrectionGrounds{v1::CORRECTION_REASON_NOT_SORTED, {}};
    case v1::REJECTION_REASON_WRONG_CATEGORY:
      return CorrectionGrounds{v1::CORRECTION_REASON_WRONG_CATEGORY, {}};
    case v1::REJECTION_REASON_NOT_THE_HOUSEHOLDS:
      return CorrectionGrounds{v1::CORRECTION_REASON_WRONG_HOUSEHOLD, {}};
    case v1::REJECTION_REASON_DUPLICATE:
      return CorrectionGrounds{v1::CORRECTION_REASON_DUPLICATE, {}};
    case v1::REJECTION_REASON_WRONG_TIME:
      return CorrectionGrounds{v1::CORRECTION_REASON_DEVICE_FAULT, {}};
    default:
      return CorrectionGrounds{v1::CORRECTION_REASON_AGAINST_RULES, {}};
  }
}

}  // namespace fenfen
