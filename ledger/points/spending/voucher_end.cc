#include "ledger/points/spending/voucher_end.h"

#include <utility>

#include "ledger/core/check.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/purse.h"
#include "ledger/points/spending/offer_terms.h"
#include "ledger/points/voucher.h"

namespace fenfen {
namespace {

using Cause = ledger::v1::VoucherEnd;

AccountId MerchantAccount(CatalogueId merchant) { return {AccountKind::kMerchant, Asset::kReward, merchant.value()}; }

struct Found {
  Versioned<VoucherRecord> voucher;
  Versioned<HouseholdRecord> household;
};
absl::StatusOr<Found> Find(const View& view, HouseholdId household, VoucherId id) {
  absl::StatusOr<Versioned<VoucherRecord>> voucher = ReadVoucher(view, id);
  if (!voucher.ok()) return voucher.status();
  // Of another household of the partition: as if it were not there.
  if (voucher->record.household != household) return Refuse(Reason::REASON_VOUCHER_UNKNOWN, {}, "name");
  absl::StatusOr<Versioned<HouseholdRecord>> owner = ReadHousehold(view, household);
  if (!owner.ok()) return owner.status();
  return Found{*std::move(voucher), *std::move(owner)};
}

Points Lapsed(const std::vector<Lot>& lots, int32_t today) {
  int64_t sum = 0;
  for (const Lot& lot : lots) sum += lot.expires_day < today ? lot.amount.hundredths() : 0;
  return Points(sum);
}

void Explain(Transaction& transaction, const HouseholdAfter& after, VoucherId id, const VoucherRecord& voucher, Cause::Cause cause,
             int32_t today) {
  FactsWhy why;
  why.after = after;
  ledger::v1::VoucherEnd& end = *why.facts.mutable_spending()->mutable_voucher();
  end.set_voucher(id.value());
  end.set_offer(voucher.offer.value());
  end.set_merchant(voucher.merchant.value());
  end.set_price(voucher.price.hundredths());
  end.set_lapsed(Lapsed(voucher.lots, today).hundredths());
  end.set_title_zh(voucher.title_zh);
  end.set_title_en(voucher.title_en);
  end.set_cause(cause);
  transaction.why = EncodeWhy(why);
}

// Ends the voucher as `state` and returns its price from `source`.
Transaction End(const View& view, Found found, VoucherId id, VoucherState state, const AccountId& source, TransactionKind kind,
                Cause::Cause cause, const DecisionContext& context) {
  VoucherRecord& voucher = found.voucher.record;
  HouseholdRecord& household = found.household.record;
  Transaction transaction = BeginTransaction(kind, context, context.now);
  Purse purse(view, voucher.household, household, transaction);
  purse.Return(source, voucher.lots);
  voucher.state = state;
  voucher.close_time = context.now;
  // Whoever gives it back has not had it, as far as the offer's limits go.
  TakeBackUse(household.uses, voucher.offer, voucher.quantity, DayNumberOf(voucher.reserve_time, context.zone));
  transaction.changes.push_back({KeyOf(voucher.household), found.household.version, EncodeHousehold(household)});
  transaction.changes.push_back({KeyOf(id), found.voucher.version, EncodeVoucher(voucher)});
  Explain(transaction, purse.After(), id, voucher, cause, DayNumberOf(context.now, context.zone));
  return transaction;
}

}  // namespace

ReadSet VoucherEndReads(HouseholdId household, VoucherId voucher, CatalogueId merchant) {
  ReadSet reads = ReserveReads(household, voucher);
  reads.accounts.push_back(MerchantAccount(merchant));
  return reads;
}

absl::StatusOr<Transaction> DecideVoucherCancel(const View& view, HouseholdId household, VoucherId id, const DecisionContext& context) {
  absl::StatusOr<Found> found = Find(view, household, id);
  if (!found.ok()) return found.status();
  if (absl::Status reserved = CheckReserved(found->voucher.record, context.zone); !reserved.ok()) return reserved;
  return End(view, *std::move(found), id, VoucherState::kCancelled, HeldAccount(household), TransactionKind::kVoucherCancel,
             Cause::CAUSE_HOUSEHOLD, context);
}

absl::StatusOr<Transaction> DecideVoucherExpiry(const View& view, HouseholdId household, VoucherId id, const DecisionContext& context) {
  absl::StatusOr<Found> found = Find(view, household, id);
  if (!found.ok()) return found.status();
  const VoucherRecord& voucher = found->voucher.record;
  if (voucher.state != VoucherState::kReserved || context.now < voucher.expire_time) {
    return absl::AlreadyExistsError("voucher: there is nothing to expire");
  }
  return End(view, *std::move(found), id, VoucherState::kExpired, HeldAccount(household), TransactionKind::kVoucherExpiry,
             Cause::CAUSE_DATE, context);
}

absl::StatusOr<Transaction> DecideRefund(const View& view, const RefundFacts& facts, const DecisionContext& context) {
  absl::StatusOr<Found> found = Find(view, facts.household, facts.voucher);
  if (!found.ok()) return found.status();
  VoucherRecord& voucher = found->voucher.record;
  if (voucher.merchant != facts.merchant) return Refuse(Reason::REASON_VOUCHER_OTHER_MERCHANT, {}, "code");
  if (voucher.state == VoucherState::kReserved) return Refuse(Reason::REASON_VOUCHER_NOT_CAPTURED, {}, "code");
  if (voucher.state != VoucherState::kCaptured) return CheckReserved(voucher, context.zone);
  const absl::CivilDay day = absl::ToCivilDay(voucher.capture_time, context.zone);
  const absl::Time end = absl::FromCivil(day + voucher.refund_days + 1, context.zone);
  if (context.now >= end) return Refuse(Reason::REASON_REFUND_TOO_LATE, {{"time", FormatMinute(end, context.zone)}}, "code");
  // What the merchant was paid already cannot come back by itself.
  if (!facts.settlement.empty() || view.Balance(MerchantAccount(voucher.merchant)) < voucher.price) {
    return Refuse(Reason::REASON_REFUND_SETTLED, {{"settlement", facts.settlement}}, "code");
  }
  voucher.captured_in = found->voucher.version;
  const AccountId merchant = MerchantAccount(voucher.merchant);
  return End(view, *std::move(found), facts.voucher, VoucherState::kRefunded, merchant, TransactionKind::kRefund,
             facts.by_staff ? Cause::CAUSE_STAFF : Cause::CAUSE_MERCHANT, context);
}

absl::StatusOr<Transaction> DecideVoid(const View& view, const ledger::v1::StockHold& hold, uint64_t hold_id, const v1::Offer* offer,
                                       const DecisionContext& context) {
  const HouseholdId household(hold.household());
  const VoucherId id(hold.voucher());
  if (view.Record(KeyOf(id))) return absl::AlreadyExistsError("voucher: it is there");
  const absl::StatusOr<Versioned<HouseholdRecord>> owner = ReadHousehold(view, household);
  if (!owner.ok()) return owner.status();
  VoucherRecord voucher;
  voucher.household = household;
  voucher.offer = CatalogueId(hold.offer());
  if (offer != nullptr) voucher.merchant = CatalogueIdOf(offer->merchant());
  voucher.quantity = hold.quantity();
  voucher.state = VoucherState::kVoid;
  voucher.reserve_time = voucher.expire_time = voucher.close_time = context.now;
  voucher.capture_time = absl::UnixEpoch();
  voucher.hold = hold_id;
  if (offer != nullptr) {
    voucher.title_zh = offer->title_zh();
    voucher.title_en = offer->title_en();
  }
  Transaction transaction = BeginTransaction(TransactionKind::kVoucherCancel, context, context.now);
  transaction.changes.push_back({KeyOf(household), owner->version, EncodeHousehold(owner->record)});
  transaction.changes.push_back({KeyOf(id), PartitionSeq(0), EncodeVoucher(voucher)});
  const HouseholdAfter after{household, view.Balance(RewardAccount(household)), view.Balance(CivicAccount(household))};
  Explain(transaction, after, id, voucher, Cause::CAUSE_VOID, DayNumberOf(context.now, context.zone));
  return transaction;
}

}  // namespace fenfen
