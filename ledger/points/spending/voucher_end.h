// How a voucher ends other than by its capture: cancelled by its household, expired by its date, refunded after its capture, or void, where
// it never came to be. Its price returns to the lots it came from, each with its own day, also where that has passed: then the next expiry
// takes it. A voucher does not make points last longer, and a refund restores exactly (invariant 6). Each end happens once: the record
// says.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "fenfen/ledger/v1/spending.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// Of all these decisions. `merchant`: the voucher's, which never changes, as its household.
ReadSet VoucherEndReads(HouseholdId household, VoucherId voucher, CatalogueId merchant);

// Checks in this order: VOUCHER_UNKNOWN, HOUSEHOLD_UNKNOWN, VOUCHER_USED, VOUCHER_CANCELLED, VOUCHER_REFUNDED, VOUCHER_EXPIRED. One whose
// date has passed is cancelled all the same, while no job has returned its points.
absl::StatusOr<Transaction> DecideVoucherCancel(const View& view, HouseholdId household, VoucherId voucher, const DecisionContext& context);

// The same for one whose date has passed. ALREADY_EXISTS, which is no refusal to be shown, where the date has not passed or it ended
// before.
absl::StatusOr<Transaction> DecideVoucherExpiry(const View& view, HouseholdId household, VoucherId voucher, const DecisionContext& context);

struct RefundFacts {
  HouseholdId household;
  VoucherId voucher;
  CatalogueId merchant;    // the voucher's
  bool by_staff = false;   // else by the merchant
  std::string settlement;  // the statement that holds the capture; empty where none does
};

// Checks in this order: VOUCHER_UNKNOWN, VOUCHER_OTHER_MERCHANT, HOUSEHOLD_UNKNOWN, VOUCHER_CANCELLED, VOUCHER_EXPIRED, VOUCHER_REFUNDED,
// VOUCHER_NOT_CAPTURED, REFUND_TOO_LATE, REFUND_SETTLED.
absl::StatusOr<Transaction> DecideRefund(const View& view, const RefundFacts& facts, const DecisionContext& context);

// Takes the number of a voucher that must not come to be any more. ALREADY_EXISTS where it is there, void or not; HOUSEHOLD_UNKNOWN.
absl::StatusOr<Transaction> DecideVoid(const View& view, const ledger::v1::StockHold& hold, uint64_t hold_id, const v1::Offer* offer,
                                       const DecisionContext& context);

}  // namespace fenfen
