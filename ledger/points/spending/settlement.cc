#include "ledger/points/spending/settlement.h"

#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/spending/offer_terms.h"
#include "ledger/points/stored_message.h"

namespace fenfen {
namespace {

using v1::Settlement;

void SetSettlementTime(google::protobuf::Timestamp& out, absl::Time time) {
  const int64_t micros = absl::ToUnixMicros(time);
  out.set_seconds(micros / 1'000'000);
  out.set_nanos(static_cast<int32_t>(micros % 1'000'000 * 1000));
}

absl::Status WrongState(const Settlement& settlement) {
  const std::string state = absl::StrCat(Settlement::State_Name(settlement.state()));
  return Refuse(Reason::REASON_SETTLEMENT_STATE, {{"state", state.substr(6)}}, "name");
}

Transaction Write(const Settlement& settlement, PartitionSeq version, const DecisionContext& context) {
  Transaction transaction = BeginTransaction(TransactionKind::kSettlement, context, context.now);
  transaction.changes.push_back({SettlementKey(settlement.name()), version, SerialiseMessage(settlement)});
  FactsWhy why;
  ledger::v1::SettlementStep& step = *why.facts.mutable_spending()->mutable_settlement();
  step.set_settlement(settlement.name());
  step.set_state(settlement.state());
  transaction.why = EncodeWhy(why);
  return transaction;
}

// Whether one may go from where it stands to `to`.
bool MayGo(Settlement::State from, Settlement::State to) {
  switch (to) {
    case Settlement::STATE_APPROVED:
      return from == Settlement::STATE_MADE;
    case Settlement::STATE_REJECTED:
      return from == Settlement::STATE_MADE || from == Settlement::STATE_APPROVED;
    case Settlement::STATE_PAID:
      return from == Settlement::STATE_APPROVED;
    case Settlement::STATE_SETTLED:
      return from == Settlement::STATE_PAID;
    default:
      return false;
  }
}

// Who did it, when, and what they said.
void Sign(Settlement& settlement, const SettlementStepFacts& facts, const DecisionContext& context) {
  settlement.set_state(facts.to);
  if (facts.to == Settlement::STATE_PAID) {
    settlement.set_payer(facts.person);
    settlement.set_bank_reference(facts.text);
    SetSettlementTime(*settlement.mutable_pay_time(), context.now);
  } else if (facts.to != Settlement::STATE_SETTLED) {
    settlement.set_checker(facts.person);
    SetSettlementTime(*settlement.mutable_check_time(), context.now);
    if (facts.to == Settlement::STATE_REJECTED) settlement.set_reject_reason(facts.text);
  }
}

}  // namespace

void SetCaptures(const std::vector<PeriodCapture>& captures, Settlement& settlement) {
  std::string lines;
  int64_t count = 0, amount = 0, refunded_count = 0, refunded_amount = 0;
  settlement.clear_parts();
  for (const PeriodCapture& capture : captures) {
    if (capture.refunded) {
      ++refunded_count;
      refunded_amount += capture.amount.hundredths();
      continue;
    }
    ++count;
    amount += capture.amount.hundredths();
    absl::StrAppend(&lines, capture.partition.value(), "-", capture.seq.value(), " ", capture.amount.hundredths(), "\n");
    const int last = settlement.parts_size() - 1;
    const bool same = last >= 0 && settlement.parts(last).partition() == capture.partition.value();
    v1::SettlementPart& part = same ? *settlement.mutable_parts(last) : *settlement.add_parts();
    part.set_partition(capture.partition.value());
    part.set_count(part.count() + 1);
    part.set_amount(part.amount() + capture.amount.hundredths());
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(lines.data()), lines.size(), digest);
  settlement.set_captures_sha256(absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), sizeof digest)));
  settlement.set_count(count);
  settlement.set_amount(amount);
  settlement.set_refunded_count(refunded_count);
  settlement.set_refunded_amount(refunded_amount);
}

std::string SettlementName(absl::string_view merchant, int32_t first_day) {
  const absl::CivilDay day = CivilDayOf(first_day);
  return absl::StrCat(merchant, "/settlements/", absl::Dec(day.year(), absl::kZeroPad4), absl::Dec(day.month(), absl::kZeroPad2),
                      absl::Dec(day.day(), absl::kZeroPad2));
}

std::string NextSettlementName(const Settlement& settlement) {
  return SettlementName(settlement.merchant(), DayOfText(settlement.last_day()) + 1);
}

RecordKey SettlementKey(absl::string_view name) { return {RecordKind::kSettlement, CatalogueIdOf(name).value()}; }
RecordKey MerchantPeriodKey(absl::string_view name) { return {RecordKind::kMerchantPeriod, StableHash(name)}; }

ReadSet SettlementReads(const Settlement& made) {
  ReadSet reads{{SettlementKey(made.name())}, {}};
  if (!made.previous().empty()) reads.records.push_back(SettlementKey(made.previous()));
  return reads;
}

absl::StatusOr<Transaction> DecideSettlement(const View& view, const Settlement& made, absl::string_view maker,
                                             const DecisionContext& context) {
  const absl::StatusOr<StoredMessage<Settlement>> present = ReadMessage<Settlement>(view, SettlementKey(made.name()));
  if (!present.ok()) return present.status();
  if (present->found() && Stands(present->message)) return WrongState(present->message);
  if (!made.previous().empty()) {
    const absl::StatusOr<StoredMessage<Settlement>> before = ReadMessage<Settlement>(view, SettlementKey(made.previous()));
    if (!before.ok()) return before.status();
    if (!before->found() || !Stands(before->message)) return WrongState(before->message);
  }
  Settlement settlement = made;
  settlement.set_state(Settlement::STATE_MADE);
  settlement.set_maker(std::string(maker));
  SetSettlementTime(*settlement.mutable_make_time(), context.now);
  return Write(settlement, present->version, context);
}

ReadSet SettlementStepReads(const Settlement& known) {
  return {{SettlementKey(known.name()), SettlementKey(NextSettlementName(known))}, {}};
}

absl::StatusOr<Transaction> DecideSettlementStep(const View& view, const Settlement& known, const SettlementStepFacts& facts,
                                                 const DecisionContext& context) {
  absl::StatusOr<StoredMessage<Settlement>> present = ReadMessage<Settlement>(view, SettlementKey(known.name()));
  if (!present.ok()) return present.status();
  if (!present->found()) return Refuse(Reason::REASON_SETTLEMENT_UNKNOWN, {}, "name");
  Settlement& settlement = present->message;
  if (!MayGo(settlement.state(), facts.to)) return WrongState(settlement);
  if (facts.to == Settlement::STATE_APPROVED) {
    if (settlement.maker() == facts.person) return Refuse(Reason::REASON_SETTLEMENT_SAME_PERSON);
    if (settlement.captures_sha256() != facts.present_sha256) return Refuse(Reason::REASON_SETTLEMENT_CHANGED);
  }
  if (facts.to == Settlement::STATE_REJECTED) {
    // Made anew meanwhile, it may end on another day than the one that was looked up.
    if (settlement.last_day() != known.last_day()) return Refuse(Reason::REASON_SETTLEMENT_CHANGED);
    const absl::StatusOr<StoredMessage<Settlement>> next = ReadMessage<Settlement>(view, SettlementKey(NextSettlementName(known)));
    if (!next.ok()) return next.status();
    if (next->found() && Stands(next->message)) return WrongState(next->message);
  }
  Sign(settlement, facts, context);
  return Write(settlement, present->version, context);
}

ReadSet SettlementPaymentReads(const Settlement& paid) {
  const uint64_t merchant = CatalogueIdOf(paid.merchant()).value();
  return {{MerchantPeriodKey(paid.name())}, {{AccountKind::kMerchant, Asset::kReward, merchant}}};
}

absl::StatusOr<Transaction> DecideSettlementPayment(const View& view, const Settlement& paid, const v1::SettlementPart& part,
                                                    const DecisionContext& context) {
  const RecordKey key = MerchantPeriodKey(paid.name());
  if (view.Record(key)) return absl::AlreadyExistsError("settlement: the part is entered");
  const uint64_t merchant = CatalogueIdOf(paid.merchant()).value();
  const AccountId owed{AccountKind::kMerchant, Asset::kReward, merchant};
  const Points amount(part.amount());
  if (view.Balance(owed) < amount) {
    return absl::FailedPreconditionError(
        absl::StrCat(paid.name(), ": partition ", part.partition(), " owes the merchant less than ", FormatPoints(amount)));
  }
  Transaction transaction = BeginTransaction(TransactionKind::kSettlement, context, context.now);
  Transfer(transaction, owed, {AccountKind::kSettled, Asset::kReward, merchant}, amount);
  ledger::v1::MerchantPeriod period;
  period.set_settlement(paid.name());
  period.set_amount(part.amount());
  period.set_count(part.count());
  transaction.changes.push_back({key, PartitionSeq(0), SerialiseMessage(period)});
  FactsWhy why;
  ledger::v1::SettlementPayment& payment = *why.facts.mutable_spending()->mutable_payment();
  payment.set_settlement(paid.name());
  payment.set_merchant(merchant);
  payment.set_amount(part.amount());
  payment.set_count(part.count());
  transaction.why = EncodeWhy(why);
  return transaction;
}

}  // namespace fenfen
