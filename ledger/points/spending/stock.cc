#include "ledger/points/spending/stock.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/points/stored_message.h"

namespace fenfen {
namespace {

using ledger::v1::OfferStock;
using ledger::v1::StockHold;

RecordKey StockKey(CatalogueId offer) { return {RecordKind::kOfferStock, offer.value()}; }
RecordKey HoldKey(uint64_t hold) { return {RecordKind::kStockHold, hold}; }

// Both records as they stand.
struct Stored {
  StoredMessage<OfferStock> stock;
  StoredMessage<StockHold> hold;
};
absl::StatusOr<Stored> Read(const View& view, CatalogueId offer, uint64_t hold) {
  absl::StatusOr<StoredMessage<OfferStock>> stock = ReadMessage<OfferStock>(view, StockKey(offer));
  if (!stock.ok()) return stock.status();
  absl::StatusOr<StoredMessage<StockHold>> held = ReadMessage<StockHold>(view, HoldKey(hold));
  if (!held.ok()) return held.status();
  return Stored{*std::move(stock), *std::move(held)};
}

// The transaction that leaves both as they are now.
Transaction Finish(const Stored& stored, CatalogueId offer_id, uint64_t hold, TransactionKind kind, const v1::Offer* offer,
                   const DecisionContext& context) {
  Transaction transaction = BeginTransaction(kind, context, context.now);
  transaction.changes.push_back({StockKey(offer_id), stored.stock.version, SerialiseMessage(stored.stock.message)});
  transaction.changes.push_back({HoldKey(hold), stored.hold.version, SerialiseMessage(stored.hold.message)});
  FactsWhy why;
  ledger::v1::StockMove& move = *why.facts.mutable_spending()->mutable_stock();
  move.set_offer(offer_id.value());
  move.set_hold(hold);
  move.set_quantity(stored.hold.message.quantity());
  const int64_t gone = stored.stock.message.held() + stored.stock.message.taken();
  move.set_left(offer == nullptr ? 0 : std::max<int64_t>(0, offer->stock() - gone));
  transaction.why = EncodeWhy(why);
  return transaction;
}

// In both languages: a refusal's facts are the same in its two sentences.
std::string TitleOf(const v1::Offer& offer) {
  return offer.title_en().empty() ? offer.title_zh() : absl::StrCat(offer.title_zh(), " / ", offer.title_en());
}

}  // namespace

uint64_t StockHoldIdFor(CatalogueId offer, const RequestKey& take) {
  constexpr uint64_t kLow56 = (uint64_t{1} << 56) - 1;
  const uint64_t hash = MixBits(MixBits(take.high ^ MixBits(take.low)) ^ offer.value());
  return uint64_t{PartitionOfStock(offer).value()} << 56 | (hash & kLow56);
}

ReadSet StockReads(CatalogueId offer, uint64_t hold) { return {{StockKey(offer), HoldKey(hold)}, {}}; }

absl::StatusOr<Transaction> DecideStockTake(const View& view, const StockTakeFacts& facts, const Catalogue& catalogue,
                                            const DecisionContext& context) {
  const v1::Offer* offer = catalogue.Find<v1::Offer>(facts.offer);
  if (offer == nullptr || offer->withdrawn()) return Refuse(Reason::REASON_OFFER_UNKNOWN, {}, "offer");
  const uint64_t id = StockHoldIdFor(facts.offer, context.key);
  absl::StatusOr<Stored> stored = Read(view, facts.offer, id);
  if (!stored.ok()) return stored.status();
  if (stored->hold.found()) return Refuse(Reason::REASON_REQUEST_ID_REUSED);
  OfferStock& stock = stored->stock.message;
  const int64_t left = std::max<int64_t>(0, offer->stock() - stock.held() - stock.taken());
  if (left < facts.quantity) {
    return Refuse(Reason::REASON_OFFER_SOLD_OUT, {{"offer", TitleOf(*offer)}, {"left", absl::StrCat(left)}}, "offer");
  }
  stock.set_held(stock.held() + facts.quantity);
  StockHold& hold = stored->hold.message;
  hold.set_offer(facts.offer.value());
  hold.set_household(facts.household.value());
  hold.set_voucher(facts.voucher.value());
  hold.set_quantity(facts.quantity);
  hold.set_state(StockHold::STATE_HELD);
  hold.set_deadline_micros(absl::ToUnixMicros(context.now + kStockHoldPatience));
  return Finish(*stored, facts.offer, id, TransactionKind::kStockTake, offer, context);
}

absl::StatusOr<Transaction> DecideStockMove(const View& view, CatalogueId offer, uint64_t hold_id, TransactionKind kind,
                                            const Catalogue& catalogue, const DecisionContext& context) {
  absl::StatusOr<Stored> stored = Read(view, offer, hold_id);
  if (!stored.ok()) return stored.status();
  StockHold& hold = stored->hold.message;
  if (!stored->hold.found() || hold.offer() != offer.value()) return absl::InternalError("stock: no such hold");
  const bool give = kind == TransactionKind::kStockGive;
  if (hold.state() == StockHold::STATE_GIVEN || (!give && hold.state() == StockHold::STATE_TAKEN)) {
    return absl::AlreadyExistsError("stock: the hold stands so already");
  }
  OfferStock& stock = stored->stock.message;
  if (hold.state() == StockHold::STATE_HELD) {
    stock.set_held(stock.held() - hold.quantity());
  } else {
    stock.set_taken(stock.taken() - hold.quantity());
  }
  if (!give) stock.set_taken(stock.taken() + hold.quantity());
  hold.set_state(give ? StockHold::STATE_GIVEN : StockHold::STATE_TAKEN);
  return Finish(*stored, offer, hold_id, kind, catalogue.Find<v1::Offer>(offer), context);
}

}  // namespace fenfen
