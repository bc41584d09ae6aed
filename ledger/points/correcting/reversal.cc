#include "ledger/points/correcting/reversal.h"

#include <map>

#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/earning/earn.h"
#include "ledger/points/keeping/household_people.h"
#include "ledger/points/purse.h"
#include "ledger/points/stored_message.h"
#include "ledger/points/verification/pending.h"

namespace fenfen {
namespace {

bool IsTheHouseholds(AccountKind kind) { return kind == AccountKind::kHousehold || kind == AccountKind::kDebt; }

// What the entry posted on the other side: to each account, hundredths.
std::map<AccountId, int64_t> OtherSide(const Transaction& entry) {
  std::map<AccountId, int64_t> amounts;
  for (const Posting& posting : entry.postings) {
    if (!IsTheHouseholds(posting.account.kind)) amounts[posting.account] += posting.amount.hundredths();
  }
  return amounts;
}

// What the household got, of reward and of civic points.
ledger::v1::ReversalFacts FactsOf(const ReversalTerms& terms, const std::map<AccountId, int64_t>& other_side,
                                  const DecisionContext& context) {
  const Transaction& entry = terms.entry->transaction;
  ledger::v1::ReversalFacts facts;
  facts.set_entry(terms.entry->seq.value());
  facts.set_kind(static_cast<int32_t>(entry.kind));
  facts.set_day(DayNumberOf(entry.event_time, context.zone));
  *facts.mutable_grounds() = StoredGrounds(terms.grounds);
  for (const auto& [account, amount] : other_side) {
    if (account.asset == Asset::kReward) {
      facts.set_reward(facts.reward() - amount);
    } else {
      facts.set_civic(facts.civic() - amount);
    }
  }
  return facts;
}

// Posts the opposite, and completes the facts. Civic points are never owed: where a later correction has taken them, that one is to be
// reversed first, so that every reversal takes exactly what its entry gave.
absl::Status PostOpposite(Purse& purse, const ReversalTerms& terms, const std::map<AccountId, int64_t>& other_side,
                          const Catalogue& catalogue, const DecisionContext& context, ledger::v1::ReversalFacts& facts) {
  const int32_t today = DayNumberOf(context.now, context.zone);
  const bool lapsed = terms.entry->transaction.kind == TransactionKind::kExpiry;
  for (const auto& [account, amount] : other_side) {
    if (account.asset == Asset::kCivic) {
      if (purse.Civic(account, Points(amount)) != Points(amount)) return Refuse(Reason::REASON_TAKEN_MORE_THAN_GIVEN, {}, "name");
    } else if (amount < 0) {
      const Points owed = purse.ClawBack(account, Points(-amount), LastDayOfGiven(catalogue, facts.day()));
      facts.set_debt(facts.debt() + owed.hundredths());
    } else {
      facts.set_expires_day(lapsed ? today + kComeBackDays : LastDayOfGiven(catalogue, today));
      purse.Earn(account, Points(amount), facts.expires_day());
    }
  }
  return absl::OkStatus();
}

// A drop that is reversed counts no more against its day's caps, nor for its bonuses.
absl::Status ForgetDrop(HouseholdRecord& household, const ReversalTerms& terms, const ledger::v1::ReversalFacts& facts) {
  const std::optional<uint32_t> event = CreditedEvent(terms.entry->transaction);
  if (!event) return absl::OkStatus();
  return WithdrawEvent(household, facts.day(), *event, Points(facts.reward()), Points(facts.civic()));
}

}  // namespace

absl::Status CheckReversible(const Transaction& entry) {
  switch (entry.kind) {
    case TransactionKind::kReservation:
    case TransactionKind::kCapture:
    case TransactionKind::kVoucherCancel:
    case TransactionKind::kVoucherExpiry:
    case TransactionKind::kRefund:
      return Refuse(Reason::REASON_REVERSAL_OF_VOUCHER, {}, "name");
    case TransactionKind::kTransferOut:
    case TransactionKind::kTransferIn:
    case TransactionKind::kTransferBack:
      return Refuse(Reason::REASON_REVERSAL_OF_TRANSFER, {}, "name");
    case TransactionKind::kReversal:
      return Refuse(Reason::REASON_REVERSAL_OF_REVERSAL, {}, "name");
    default:
      break;
  }
  bool moved = false;
  for (const auto& [account, amount] : OtherSide(entry)) {
    if (account.kind != AccountKind::kProgramme && account.kind != AccountKind::kExpired) {
      return Refuse(Reason::REASON_REVERSAL_OF_VOUCHER, {}, "name");
    }
    moved = moved || amount != 0;
  }
  return moved ? absl::OkStatus() : Refuse(Reason::REASON_REVERSAL_NOTHING, {}, "name");
}

ReadSet ReversalReads(HouseholdId household, const CommittedTransaction& entry) {
  ReadSet reads{{KeyOf(household), CaseKey(household, entry.seq)}, PurseAccounts(household)};
  for (const auto& [account, amount] : OtherSide(entry.transaction)) reads.accounts.push_back(account);
  return reads;
}

absl::StatusOr<Transaction> DecideReversal(const View& view, const ReversalTerms& terms, const Catalogue& catalogue,
                                           const DecisionContext& context) {
  if (absl::Status status = CheckGrounds(terms.grounds); !status.ok()) return status;
  if (absl::Status status = CheckReversible(terms.entry->transaction); !status.ok()) return status;
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadOpenHousehold(view, terms.household);
  if (!found.ok()) return found.status();
  const RecordKey case_key = CaseKey(terms.household, terms.entry->seq);
  absl::StatusOr<StoredMessage<ledger::v1::EntryCase>> entry_case = ReadMessage<ledger::v1::EntryCase>(view, case_key);
  if (!entry_case.ok()) return entry_case.status();
  if (entry_case->message.reversed_micros() != 0) {
    return Refuse(Reason::REASON_REVERSED_ALREADY, {{"time", MinuteText(entry_case->message.reversed_micros(), context.zone)}}, "name");
  }
  const std::map<AccountId, int64_t> other_side = OtherSide(terms.entry->transaction);
  FactsWhy why;
  ledger::v1::ReversalFacts& facts = *why.facts.mutable_correcting()->mutable_reversal();
  facts = FactsOf(terms, other_side, context);
  if (absl::Status status = CheckLimit(catalogue, context.actor, LimitKind::kReversal, facts.reward(), facts.civic()); !status.ok()) {
    return status;
  }

  HouseholdRecord& household = found->record;
  Transaction transaction = BeginTransaction(TransactionKind::kReversal, context, context.now);
  Purse purse(view, terms.household, household, transaction);
  if (absl::Status status = PostOpposite(purse, terms, other_side, catalogue, context, facts); !status.ok()) return status;
  if (absl::Status status = ForgetDrop(household, terms, facts); !status.ok()) return status;
  if (absl::Status status = CheckProgrammes(view, transaction); !status.ok()) return status;
  entry_case->message.set_household(terms.household.value());
  entry_case->message.set_region(household.region.value());
  entry_case->message.set_reversed_micros(absl::ToUnixMicros(context.now));
  transaction.changes.push_back({KeyOf(terms.household), found->version, EncodeHousehold(household)});
  transaction.changes.push_back({case_key, entry_case->version, SerialiseMessage(entry_case->message)});
  why.after = purse.After();
  transaction.why = EncodeWhy(why);
  return transaction;
}

}  // namespace fenfen
