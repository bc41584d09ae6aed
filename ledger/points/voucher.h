// Vouchers (兑换券): setting points aside for an offer, and their capture by the offer's merchant. A voucher is captured at most once
// (invariant 7): its record and the postings change in one transaction of the household's partition. Its other ends:
// spending/voucher_end.h.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// The number of the voucher that a request key makes: the household's partition in the top 8 bits, then 56 bits of the key's hash. Known
// before the decision runs, so that it can be named in the read set; a collision is refused there.
VoucherId VoucherIdFor(HouseholdId household, const RequestKey& key);

ReadSet ReserveReads(HouseholdId household, VoucherId voucher);

struct ReserveFacts {
  HouseholdId household{};
  CatalogueId offer{};
  int64_t quantity = 1;  // pieces
  uint32_t member = 0;   // who reserves; 0 if not known
  uint64_t hold = 0;     // of an offer with counted stock: what was set aside for this reservation (spending/stock.h)
};

// Checks in this order: OFFER_UNKNOWN, OFFER_QUANTITY, OFFER_NOT_ON_SALE, HOUSEHOLD_UNKNOWN, OFFER_NOT_IN_REGION, OFFER_ADULTS_ONLY,
// OFFER_CIVIC_TOO_LOW, OFFER_LIMIT_REACHED, RISK_HOLD, RESERVATION_LAPSED, POINTS_INSUFFICIENT.
absl::StatusOr<Transaction> DecideReserve(const View& view, const ReserveFacts& facts, const Catalogue& catalogue,
                                          const DecisionContext& context);
// Of one piece of an offer whose stock is not counted.
inline absl::StatusOr<Transaction> DecideReserve(const View& view, HouseholdId household, CatalogueId offer, const Catalogue& catalogue,
                                                 const DecisionContext& context) {
  return DecideReserve(view, ReserveFacts{household, offer}, catalogue, context);
}
// All that DecideReserve refuses but for stock: asked before stock is set aside. `view` shows what ReserveReads names.
absl::Status CheckReserve(const View& view, const ReserveFacts& facts, const Catalogue& catalogue, const DecisionContext& context);

// The household is not known before the voucher is read; so the caller reads it first (it never changes) and names it here.
ReadSet CaptureReads(HouseholdId household, VoucherId voucher);

struct CaptureFacts {
  HouseholdId household;
  VoucherId voucher;
  CatalogueId merchant;  // who captures
  CatalogueId operator_id;
  std::optional<uint64_t> step = std::nullopt;  // of a code from a screen (codes.h); a printed one has none
};

// Checks in this order: VOUCHER_UNKNOWN, VOUCHER_OTHER_MERCHANT, VOUCHER_CODE_EXPIRED, VOUCHER_USED, VOUCHER_CANCELLED, VOUCHER_REFUNDED,
// VOUCHER_EXPIRED.
absl::StatusOr<Transaction> DecideCapture(const View& view, const CaptureFacts& facts, const DecisionContext& context);

// Why a voucher that is not reserved is not captured, cancelled or let expire: VOUCHER_USED and the others above. OK for a reserved one,
// also past its date.
absl::Status CheckReserved(const VoucherRecord& voucher, absl::TimeZone zone);

// For people, in the programme's time zone: "2026-11-21 18:05".
std::string FormatMinute(absl::Time time, absl::TimeZone zone);

}  // namespace fenfen
