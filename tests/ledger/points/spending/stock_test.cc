// Stock: never more reserved than there is, and what a hold was for decides what becomes of it.
#include "ledger/points/spending/stock.h"

#include "tests/ledger/points/spending/spending_fixture.h"

namespace fenfen {
namespace {

using ledger::v1::OfferStock;
using ledger::v1::StockHold;

class StockTest : public SpendingTest {
 protected:
  StockTest() {
    Give(kHome, 100'000);
    SetStock(2);
  }
  void SetStock(int64_t stock) {
    SetOffer([stock](v1::Offer& offer) { offer.set_stock(stock), offer.set_quantity_max(3); });
  }
  // Sets pieces aside for a reservation under `reservation`.
  absl::StatusOr<uint64_t> Take(const DecisionContext& reservation, int64_t quantity = 1) {
    DecisionContext context = reservation;
    context.key = DerivedKey(reservation.key, "stock-take");
    const StockTakeFacts facts{kOil, HouseholdId(kHome), VoucherIdFor(HouseholdId(kHome), reservation.key), quantity};
    const uint64_t hold = StockHoldIdFor(kOil, context.key);
    const absl::Status status = f.Run(PartitionOfStock(kOil), StockReads(kOil, hold), context,
                                      [&](const View& view) { return DecideStockTake(view, facts, *f.catalogue(), context); });
    if (!status.ok()) return status;
    return hold;
  }
  absl::Status Move(uint64_t hold, TransactionKind kind) {
    const DecisionContext context = f.NextContext();
    return f.Run(PartitionOfStock(kOil), StockReads(kOil, hold), context,
                 [&](const View& view) { return DecideStockMove(view, kOil, hold, kind, *f.catalogue(), context); });
  }
  absl::Status Void(uint64_t hold) {
    const DecisionContext context = f.NextContext();
    const StockHold record = Hold(hold);
    return f.Run(PartitionOf(HouseholdId(kHome)), Ends(kHome, VoucherId(record.voucher())), context,
                 [&](const View& view) { return DecideVoid(view, record, hold, f.catalogue()->Find<v1::Offer>(kOil), context); });
  }
  StockHold Hold(uint64_t hold) const { return Stored<StockHold>({RecordKind::kStockHold, hold}); }
  // Held and taken.
  std::pair<int64_t, int64_t> Stock() const {
    const OfferStock stock = Stored<OfferStock>({RecordKind::kOfferStock, kOil.value()});
    return {stock.held(), stock.taken()};
  }
  template <typename Message>
  Message Stored(const RecordKey& key) const {
    Message message;
    EXPECT_OK(
        f.state.Read(PartitionOfStock(kOil), [&](const View& view, PartitionSeq) { message = ReadMessage<Message>(view, key)->message; }));
    return message;
  }

  const CatalogueId kOil = CatalogueIdOf("offers/oil");
};

TEST_F(StockTest, AReservationTakesItsPieces) {
  const DecisionContext reservation = f.NextContext();
  const uint64_t hold = *Take(reservation, 2);
  EXPECT_EQ(Stock(), std::make_pair(int64_t{2}, int64_t{0}));
  EXPECT_EQ(PartitionOfHold(hold), PartitionOfStock(kOil));
  const VoucherId voucher = *ReserveUnder(reservation, {.quantity = 2, .hold = hold});
  EXPECT_EQ(Voucher(voucher).hold, hold);
  EXPECT_OK(Move(hold, TransactionKind::kStockTaken));
  EXPECT_EQ(Stock(), std::make_pair(int64_t{0}, int64_t{2}));
  const absl::Status none = Take(f.NextContext()).status();
  EXPECT_EQ(ReasonOf(none), Reason::REASON_OFFER_SOLD_OUT);
  EXPECT_EQ(RefusalOf(none).zh, "“食用油 / Cooking oil”已兑完，还剩 0 份");
}

TEST_F(StockTest, HeldPiecesAreNobodyElses) {
  EXPECT_OK(Take(f.NextContext()));
  EXPECT_EQ(RefusalOf(Take(f.NextContext(), 2).status()).facts[1].second, "1");
  SetStock(3);
  EXPECT_OK(Take(f.NextContext(), 2));
}

TEST_F(StockTest, StockBelowWhatIsTakenIsSoldOut) {
  EXPECT_OK(Take(f.NextContext(), 2));
  SetStock(1);
  EXPECT_EQ(ReasonOf(Take(f.NextContext())), Reason::REASON_OFFER_SOLD_OUT);
}

TEST_F(StockTest, MovesHappenOnce) {
  const uint64_t hold = *Take(f.NextContext());
  EXPECT_OK(Move(hold, TransactionKind::kStockTaken));
  EXPECT_EQ(Move(hold, TransactionKind::kStockTaken).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_OK(Move(hold, TransactionKind::kStockGive));
  EXPECT_EQ(Stock(), std::make_pair(int64_t{0}, int64_t{0}));
  EXPECT_EQ(Move(hold, TransactionKind::kStockGive).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Move(hold, TransactionKind::kStockTaken).code(), absl::StatusCode::kAlreadyExists) << "what was given back stays so";
  EXPECT_EQ(Stock(), std::make_pair(int64_t{0}, int64_t{0}));
}

TEST_F(StockTest, AfterItsNumberIsTakenAReservationComesToNothing) {
  const DecisionContext reservation = f.NextContext();
  const uint64_t hold = *Take(reservation);
  EXPECT_OK(Void(hold));
  EXPECT_EQ(f.LastSentence(), "兑换“食用油”没有办成，积分未动，可以重新兑换");
  EXPECT_EQ(ReasonOf(ReserveUnder(reservation, {.hold = hold})), Reason::REASON_RESERVATION_LAPSED);
  EXPECT_EQ(f.Reward(kHome), 100'000);
}

TEST_F(StockTest, AVoucherThatIsThereIsNotVoided) {
  const DecisionContext reservation = f.NextContext();
  const uint64_t hold = *Take(reservation);
  EXPECT_OK(ReserveUnder(reservation, {.hold = hold}));
  EXPECT_EQ(Void(hold).code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(StockTest, CountedPiecesNeedAHold) { EXPECT_EQ(ReasonOf(Reserve()), Reason::REASON_RESERVATION_LAPSED); }

}  // namespace
}  // namespace fenfen
