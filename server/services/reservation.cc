#include "server/services/reservation.h"

#include <memory>
#include <utility>

#include "ledger/core/errors.h"
#include "ledger/points/spending/offer_terms.h"
#include "server/services/stock_commands.h"

namespace fenfen::server {
namespace {

// What this server keeps of one reservation until it is answered.
class StockedReservation : public std::enable_shared_from_this<StockedReservation> {
 public:
  StockedReservation(Backend& backend, Call& call, const ReserveFacts& facts, Reserved done)
      : engine_(backend.engine),
        call_(call),
        facts_(facts),
        decision_(call.Decision()),
        take_key_(DerivedKey(call.key(), "stock-take")),
        done_(std::move(done)) {}

  void Take() {
    facts_.hold = StockHoldIdFor(facts_.offer, take_key_);
    const StockTakeFacts taken{facts_.offer, facts_.household, VoucherIdFor(facts_.household, decision_.key), facts_.quantity};
    engine_.Submit(StockTakeCommand(taken, call_.catalogue_ptr(), WithKey(decision_, take_key_)),
                   [self = shared_from_this()](absl::StatusOr<Outcome> outcome) {
                     if (!outcome.ok()) return std::move(self->done_)(outcome.status());
                     self->Make();
                   });
  }

  // The reservation itself.
  void Make() {
    Command command{PartitionOf(facts_.household), decision_.key, decision_.fingerprint,
                    ReserveReads(facts_.household, VoucherIdFor(facts_.household, decision_.key)), nullptr};
    command.decide = [facts = facts_, catalogue = call_.catalogue_ptr(), decision = decision_](const View& view) {
      return DecideReserve(view, facts, *catalogue, decision);
    };
    engine_.Submit(std::move(command), [self = shared_from_this()](absl::StatusOr<Outcome> outcome) {
      if (self->facts_.hold == 0) return std::move(self->done_)(std::move(outcome));
      if (outcome.ok()) return self->Settle(*std::move(outcome));
      self->Undo(outcome.status());
    });
  }

 private:
  DecisionContext Derived(absl::string_view purpose) const { return WithKey(decision_, DerivedKey(decision_.key, purpose)); }

  void Settle(Outcome outcome) {
    Command settle =
        StockMoveCommand(facts_.offer, facts_.hold, TransactionKind::kStockTaken, call_.catalogue_ptr(), Derived("stock-taken"));
    // The reservation stands; what does not succeed here, the job does.
    engine_.Submit(std::move(settle), [self = shared_from_this(), outcome = std::move(outcome)](const absl::StatusOr<Outcome>&) mutable {
      std::move(self->done_)(std::move(outcome));
    });
  }

  // Only a refusal is undone: of anything else it is not known what came of it.
  void Undo(const absl::Status& refusal) {
    const Reason reason = RefusalOf(refusal).reason;
    const bool known = reason != Reason::REASON_UNSPECIFIED && !RowOf(reason).retryable();
    if (!known || reason == Reason::REASON_RESERVATION_LAPSED) return std::move(done_)(refusal);
    ledger::v1::StockHold hold;
    hold.set_offer(facts_.offer.value());
    hold.set_household(facts_.household.value());
    hold.set_voucher(VoucherIdFor(facts_.household, decision_.key).value());
    hold.set_quantity(facts_.quantity);
    engine_.Submit(VoidCommand(hold, facts_.hold, call_.catalogue_ptr(), Derived("stock-void")),
                   [self = shared_from_this(), refusal](const absl::StatusOr<Outcome>& voided) {
                     if (!voided.ok()) return std::move(self->done_)(refusal);
                     self->Give(refusal);
                   });
  }

  void Give(const absl::Status& refusal) {
    Command give = StockMoveCommand(facts_.offer, facts_.hold, TransactionKind::kStockGive, call_.catalogue_ptr(), Derived("stock-give"));
    engine_.Submit(std::move(give),
                   [self = shared_from_this(), refusal](const absl::StatusOr<Outcome>&) { std::move(self->done_)(refusal); });
  }

  Engine& engine_;
  Call& call_;
  ReserveFacts facts_;
  const DecisionContext decision_;
  const RequestKey take_key_;
  Reserved done_;
};

}  // namespace

void Reserve(Backend& backend, Call& call, const ReserveFacts& facts, Reserved done) {
  const v1::Offer* offer = call.catalogue().Find<v1::Offer>(facts.offer);
  const VoucherId voucher = VoucherIdFor(facts.household, call.key());
  bool repeated = false;
  absl::Status looked;
  if (offer != nullptr && HasStock(*offer)) {
    // So that what is refused anyway touches no stock; the decision asks all this again.
    const absl::Status read = backend.state.Read(PartitionOf(facts.household), [&](const View& view, PartitionSeq) {
      const absl::StatusOr<Versioned<VoucherRecord>> found = ReadVoucher(view, voucher);
      repeated = found.ok();
      looked = repeated ? absl::OkStatus() : CheckReserve(view, facts, call.catalogue(), call.Decision());
    });
    if (looked.ok()) looked = read;
    if (!looked.ok()) return std::move(done)(looked);
  }
  const auto reservation = std::make_shared<StockedReservation>(backend, call, facts, std::move(done));
  // A repetition has its hold, and finds its voucher.
  return offer != nullptr && HasStock(*offer) && !repeated ? reservation->Take() : reservation->Make();
}

void GiveStockBack(Backend& backend, Call& call, const Transaction& transaction, absl::AnyInvocable<void() &&> done) {
  for (const RecordChange& change : transaction.changes) {
    if (change.key.kind != RecordKind::kVoucher) continue;
    const absl::StatusOr<VoucherRecord> voucher = DecodeVoucher(change.bytes);
    if (!voucher.ok() || voucher->hold == 0) break;
    Command give = StockMoveCommand(voucher->offer, voucher->hold, TransactionKind::kStockGive, call.catalogue_ptr(),
                                    WithKey(call.Decision(), DerivedKey(call.key(), "stock-give")));
    backend.engine.Submit(std::move(give), [done = std::move(done)](const absl::StatusOr<Outcome>&) mutable { std::move(done)(); });
    return;
  }
  std::move(done)();
}

}  // namespace fenfen::server
