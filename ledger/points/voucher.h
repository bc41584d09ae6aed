// Vouchers (兑换券): setting points aside for an offer, and their capture by the offer's merchant. A voucher is captured at most once
// (invariant 7): its record and the postings change in one transaction of the household's partition.
#pragma once

#include "absl/status/statusor.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// The number of the voucher that a request key makes: the household's partition in the top 8 bits, then 56 bits of the key's hash. Known
// before the decision runs, so that it can be named in the read set; a collision is refused there.
VoucherId VoucherIdFor(HouseholdId household, const RequestKey& key);

ReadSet ReserveReads(HouseholdId household, VoucherId voucher);

// Checks in this order: OFFER_UNKNOWN, HOUSEHOLD_UNKNOWN, POINTS_INSUFFICIENT.
absl::StatusOr<Transaction> DecideReserve(const View& view, HouseholdId household, CatalogueId offer, const Catalogue& catalogue,
                                          const DecisionContext& context);

// The household is not known before the voucher is read; so the caller reads it first (it never changes) and names it here.
ReadSet CaptureReads(HouseholdId household, VoucherId voucher);

struct CaptureFacts {
  HouseholdId household;
  VoucherId voucher;
  CatalogueId merchant;  // who captures
  CatalogueId operator_id;
};

// Checks in this order: VOUCHER_UNKNOWN, VOUCHER_OTHER_MERCHANT, VOUCHER_USED, VOUCHER_EXPIRED.
absl::StatusOr<Transaction> DecideCapture(const View& view, const CaptureFacts& facts, const DecisionContext& context);

}  // namespace fenfen
