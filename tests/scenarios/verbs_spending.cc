// Spending: reservations with stock, vouchers' ends, statements of merchants.
//
//   order N OFFER [pieces K] [member M] as NAME      takes the stock where it is counted, reserves, settles the hold; a refusal gives it
//   back order N OFFER as NAME and crash after take|reserve      the same, and no more of it than that finish stock OF NAME what the job
//   does of a hold collect order NAME, cancel order NAME, expire order NAME, refund order NAME [by staff] settlement make MERCHANT to DAY
//   by STAFF as NAME;  settlement approve|reject|pay NAME by STAFF then stock OFFER = HELD held TAKEN taken;  then merchant MERCHANT = OWED
//   owed SETTLED settled
#include <algorithm>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/points/spending/offer_terms.h"
#include "ledger/points/spending/settlement.h"
#include "ledger/points/spending/stock.h"
#include "ledger/points/spending/voucher_end.h"
#include "ledger/points/stored_message.h"
#include "ledger/points/voucher.h"
#include "tests/scenarios/verbs.h"

namespace fenfen::scenarios {
namespace {

// What a scenario gave a name.
struct Order {
  HouseholdId household;
  CatalogueId offer;
  VoucherId voucher;
  uint64_t hold = 0;
};
struct Orders {
  std::map<std::string, Order> named;
};
struct Statements {
  std::map<std::string, v1::Settlement> named;
};

absl::StatusOr<Order> FindOrder(World& world, const Step& step, size_t at) {
  const auto& named = world.Notes<Orders>().named;
  const auto found = at < step.words.size() ? named.find(step.words[at]) : named.end();
  if (found == named.end()) return Mismatch("no order of this name");
  return found->second;
}

VoucherRecord RecordOf(World& world, const Order& order) {
  VoucherRecord record;
  world.Read(PartitionOf(order.voucher), [&](const View& view) {
    const absl::StatusOr<Versioned<VoucherRecord>> found = ReadVoucher(view, order.voucher);
    if (found.ok()) record = found->record;
  });
  return record;
}

absl::Status Move(World& world, const Order& order, TransactionKind kind) {
  const DecisionContext context = world.Context();
  return world.Submit(PartitionOfStock(order.offer), StockReads(order.offer, order.hold), context,
                      [order, kind, catalogue = world.catalogue(), context](const View& view) {
                        return DecideStockMove(view, order.offer, order.hold, kind, *catalogue, context);
                      });
}

ledger::v1::StockHold HoldOf(World& world, const Order& order) {
  ledger::v1::StockHold hold;
  world.Read(PartitionOfStock(order.offer), [&](const View& view) {
    hold = ReadMessage<ledger::v1::StockHold>(view, {RecordKind::kStockHold, order.hold})->message;
  });
  return hold;
}

absl::Status Void(World& world, const Order& order) {
  const DecisionContext context = world.Context();
  return world.Submit(order.household, VoucherEndReads(order.household, order.voucher, CatalogueId(0)), context,
                      [order, hold = HoldOf(world, order), catalogue = world.catalogue(), context](const View& view) {
                        return DecideVoid(view, hold, order.hold, catalogue->Find<v1::Offer>(order.offer), context);
                      });
}

absl::Status Take(World& world, const Order& order, int64_t quantity, const DecisionContext& take) {
  return world.Submit(PartitionOfStock(order.offer), StockReads(order.offer, order.hold), take,
                      [order, quantity, catalogue = world.catalogue(), take](const View& view) {
                        return DecideStockTake(view, {order.offer, order.household, order.voucher, quantity}, *catalogue, take);
                      });
}

absl::Status PlaceOrder(World& world, const Step& step) {
  if (step.words.size() < 3 || !step.Has("as")) return Mismatch("order N OFFER [pieces K] [member M] as NAME [and crash after WHAT]");
  const absl::StatusOr<HouseholdId> household = ReadHouseholdWord(step.words[1]);
  if (!household.ok()) return household.status();
  ReserveFacts facts{*household, CatalogueIdOf(step.words[2])};
  if (step.Has("pieces") && !absl::SimpleAtoi(step.After("pieces"), &facts.quantity)) return Mismatch("pieces: a number");
  if (step.Has("member") && !absl::SimpleAtoi(step.After("member"), &facts.member)) return Mismatch("member: a number");
  const DecisionContext context = world.Context();
  Order order{*household, facts.offer, VoucherIdFor(*household, context.key)};
  const std::string crash = step.Has("after") ? step.After("after") : "";
  const v1::Offer* offer = world.catalogue()->Find<v1::Offer>(facts.offer);
  if (offer != nullptr && HasStock(*offer)) {
    DecisionContext take = context;
    take.key = DerivedKey(context.key, "stock-take");
    order.hold = facts.hold = StockHoldIdFor(facts.offer, take.key);
    if (absl::Status taken = Take(world, order, facts.quantity, take); !taken.ok()) return taken;
  }
  world.Notes<Orders>().named[step.After("as")] = order;
  if (crash == "take") return absl::OkStatus();
  const absl::Status reserved = world.Submit(
      *household, ReserveReads(*household, order.voucher), context,
      [facts, catalogue = world.catalogue(), context](const View& view) { return DecideReserve(view, facts, *catalogue, context); });
  if (order.hold == 0 || crash == "reserve") return reserved;
  if (reserved.ok()) return Move(world, order, TransactionKind::kStockTaken);
  if (absl::Status voided = Void(world, order); !voided.ok()) return Mismatch(voided.ToString());
  if (absl::Status given = Move(world, order, TransactionKind::kStockGive); !given.ok()) return Mismatch(given.ToString());
  return reserved;
}

absl::Status FinishStock(World& world, const Step& step) {
  const absl::StatusOr<Order> order = FindOrder(world, step, 3);
  if (!order.ok()) return order.status();
  const absl::Status voided = Void(world, *order);
  if (!voided.ok() && !absl::IsAlreadyExists(voided)) return voided;
  const VoucherState state = RecordOf(world, *order).state;
  const bool lives = state == VoucherState::kReserved || state == VoucherState::kCaptured;
  const absl::Status moved = Move(world, *order, lives ? TransactionKind::kStockTaken : TransactionKind::kStockGive);
  return absl::IsAlreadyExists(moved) ? absl::OkStatus() : moved;
}

absl::Status Collect(World& world, const Step& step) {
  const absl::StatusOr<Order> order = FindOrder(world, step, 2);
  if (!order.ok()) return order.status();
  const CatalogueId merchant = RecordOf(world, *order).merchant;
  const DecisionContext context = world.Context();
  return world.Submit(order->household, CaptureReads(order->household, order->voucher), context, [=](const View& view) {
    return DecideCapture(view, {order->household, order->voucher, merchant, CatalogueId(1)}, context);
  });
}

// cancel, expire, refund: and the stock goes back.
absl::Status EndOrder(World& world, const Step& step) {
  const absl::StatusOr<Order> order = FindOrder(world, step, 2);
  if (!order.ok()) return order.status();
  const std::string how = step.words[0];
  const CatalogueId merchant = RecordOf(world, *order).merchant;
  const DecisionContext context = world.Context();
  const absl::Status ended = world.Submit(order->household, VoucherEndReads(order->household, order->voucher, merchant), context,
                                          [=, by_staff = step.Has("by")](const View& view) -> absl::StatusOr<Transaction> {
                                            if (how == "cancel")
                                              return DecideVoucherCancel(view, order->household, order->voucher, context);
                                            if (how == "expire")
                                              return DecideVoucherExpiry(view, order->household, order->voucher, context);
                                            return DecideRefund(view, {order->household, order->voucher, merchant, by_staff, ""}, context);
                                          });
  if (!ended.ok() || order->hold == 0) return ended;
  return Move(world, *order, TransactionKind::kStockGive);
}

// The merchant's captures so far, from what was done.
std::vector<PeriodCapture> CapturesOf(World& world, CatalogueId merchant) {
  std::vector<PeriodCapture> captures;
  std::map<uint64_t, size_t> by_voucher;
  for (const CommittedTransaction& committed : world.history()) {
    for (const RecordChange& change : committed.transaction.changes) {
      if (change.key.kind != RecordKind::kVoucher) continue;
      const absl::StatusOr<VoucherRecord> record = DecodeVoucher(change.bytes);
      if (!record.ok() || record->merchant != merchant) continue;
      if (record->state == VoucherState::kCaptured) {
        by_voucher[change.key.id] = captures.size();
        captures.push_back({committed.partition, committed.seq, record->price, false});
      } else if (record->state == VoucherState::kRefunded) {
        captures[by_voucher[change.key.id]].refunded = true;
      }
    }
  }
  std::sort(captures.begin(), captures.end(), [](const PeriodCapture& a, const PeriodCapture& b) {
    return std::make_pair(a.partition, a.seq) < std::make_pair(b.partition, b.seq);
  });
  return captures;
}

absl::Status Settle(World& world, const Step& step) {
  if (step.words.size() < 3) return Mismatch("settlement make MERCHANT to DAY by STAFF as NAME");
  v1::Settlement made;
  made.set_merchant(step.words[2]);
  made.set_first_day("2026-06-01");
  made.set_last_day(step.After("to"));
  made.set_name(SettlementName(step.words[2], DayOfText(made.first_day())));
  SetCaptures(CapturesOf(world, CatalogueIdOf(step.words[2])), made);
  const DecisionContext context = world.Context();
  const absl::Status status =
      world.Submit(kCataloguePartition, SettlementReads(made), context,
                   [made, maker = step.After("by"), context](const View& view) { return DecideSettlement(view, made, maker, context); });
  if (status.ok()) world.Notes<Statements>().named[step.After("as")] = made;
  return status;
}

// approve, reject, pay: a payment is entered in every partition.
absl::Status StepSettlement(World& world, const Step& step) {
  const auto found = world.Notes<Statements>().named.find(step.words.size() > 2 ? step.words[2] : "");
  if (found == world.Notes<Statements>().named.end()) return Mismatch("no statement of this name");
  const v1::Settlement& known = found->second;
  v1::Settlement now;
  SetCaptures(CapturesOf(world, CatalogueIdOf(known.merchant())), now);
  const bool pay = step.words[1] == "pay";
  const auto to = pay                          ? v1::Settlement::STATE_PAID
                  : step.words[1] == "approve" ? v1::Settlement::STATE_APPROVED
                                               : v1::Settlement::STATE_REJECTED;
  const SettlementStepFacts facts{to, step.After("by"), "text", now.captures_sha256()};
  const DecisionContext context = world.Context();
  const absl::Status status =
      world.Submit(kCataloguePartition, SettlementStepReads(known), context,
                   [known, facts, context](const View& view) { return DecideSettlementStep(view, known, facts, context); });
  if (!status.ok() || !pay) return status;
  for (const v1::SettlementPart& part : known.parts()) {
    const DecisionContext entry = world.Context();
    const absl::Status entered =
        world.Submit(PartitionId(static_cast<uint16_t>(part.partition())), SettlementPaymentReads(known), entry,
                     [known, part, entry](const View& view) { return DecideSettlementPayment(view, known, part, entry); });
    if (!entered.ok()) return Mismatch(entered.ToString());
  }
  return absl::OkStatus();
}

absl::Status ThenStock(World& world, const Step& step) {
  if (step.words.size() != 8) return Mismatch("then stock OFFER = HELD held TAKEN taken");
  const CatalogueId offer = CatalogueIdOf(step.words[2]);
  ledger::v1::OfferStock stock;
  world.Read(PartitionOfStock(offer), [&](const View& view) {
    stock = ReadMessage<ledger::v1::OfferStock>(view, {RecordKind::kOfferStock, offer.value()})->message;
  });
  return ExpectSame("the stock", absl::StrCat(step.words[4], " held ", step.words[6], " taken"),
                    absl::StrCat(stock.held(), " held ", stock.taken(), " taken"));
}

absl::Status ThenMerchant(World& world, const Step& step) {
  if (step.words.size() != 8) return Mismatch("then merchant MERCHANT = OWED owed SETTLED settled");
  const uint64_t merchant = CatalogueIdOf(step.words[2]).value();
  int64_t owed = 0, settled = 0;
  for (uint16_t p = 0; p < kHouseholdPartitions; ++p) {
    owed += world.Balance(PartitionId(p), {AccountKind::kMerchant, Asset::kReward, merchant});
    settled += world.Balance(PartitionId(p), {AccountKind::kSettled, Asset::kReward, merchant});
  }
  return ExpectSame("the merchant", absl::StrCat(step.words[4], " owed ", step.words[6], " settled"),
                    absl::StrCat(FormatPoints(Points(owed)), " owed ", FormatPoints(Points(settled)), " settled"));
}

}  // namespace

void AddSpendingVerbs(Verbs& verbs) {
  verbs.Add("order", PlaceOrder);
  verbs.Add("finish stock", FinishStock);
  verbs.Add("collect order", Collect);
  for (const char* how : {"cancel order", "expire order", "refund order"}) verbs.Add(how, EndOrder);
  verbs.Add("settlement make", Settle);
  for (const char* what : {"settlement approve", "settlement reject", "settlement pay"}) verbs.Add(what, StepSettlement);
  verbs.Add("then stock", ThenStock);
  verbs.Add("then merchant", ThenMerchant);
}

}  // namespace fenfen::scenarios
