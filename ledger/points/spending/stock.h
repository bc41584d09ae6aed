// An offer's stock, counted in the offer's own partition; a reservation's voucher lies in the household's. So a reservation of counted
// pieces is three transactions, each of one partition:
//
//   take    offer's partition      pieces are set aside under a StockHold: held          DecideStockTake
//   reserve household's partition  the voucher, which names the hold                     DecideReserve (voucher.h)
//   taken   offer's partition      the hold is settled                                   DecideStockMove
//
// A hold whose voucher was refused, or is cancelled, expired or refunded, is given back (DecideStockMove). Invariant: held and taken of the
// OfferStock are the sums over its holds, and never together more than the catalogue's Offer.stock when pieces are set aside. Before a hold
// without a voucher is given back, the voucher's number is taken (spending/voucher_end.h, DecideVoid); so a reservation that comes late, of
// a paused server or a client that repeats itself, finds it taken: nothing here depends on clocks. What a crash leaves between two of them
// is finished from the hold alone, by a job, after its deadline; the deadline only keeps the job from doing what a living server is about
// to do.
#pragma once

#include "absl/status/statusor.h"
#include "fenfen/ledger/v1/spending.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// How long a living server may take from the take to the voucher before a job looks.
inline constexpr absl::Duration kStockHoldPatience = absl::Minutes(2);

// Where an offer's stock lies.
constexpr PartitionId PartitionOfStock(CatalogueId offer) {
  return PartitionId(static_cast<uint16_t>(MixBits(offer.value()) % kHouseholdPartitions));
}
constexpr PartitionId PartitionOfHold(uint64_t hold) { return PartitionId(static_cast<uint16_t>(hold >> 56)); }
// The hold of the take with this key, known before it is decided: the partition in the top 8 bits, then 56 bits of the key's hash.
uint64_t StockHoldIdFor(CatalogueId offer, const RequestKey& take);

ReadSet StockReads(CatalogueId offer, uint64_t hold);

struct StockTakeFacts {
  CatalogueId offer;
  HouseholdId household;
  VoucherId voucher;  // that the reservation will make
  int64_t quantity = 1;
};

// OFFER_UNKNOWN; OFFER_SOLD_OUT with the pieces left. `context.key` is the take's own, derived from the reservation's.
absl::StatusOr<Transaction> DecideStockTake(const View& view, const StockTakeFacts& facts, const Catalogue& catalogue,
                                            const DecisionContext& context);

// Settles the hold (kStockTaken) or gives it back (kStockGive). ALREADY_EXISTS, which is no refusal to be shown, where it stands so or
// further on already.
absl::StatusOr<Transaction> DecideStockMove(const View& view, CatalogueId offer, uint64_t hold, TransactionKind kind,
                                            const Catalogue& catalogue, const DecisionContext& context);

}  // namespace fenfen
