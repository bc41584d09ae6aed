#include "server/services/stock_commands.h"

#include <utility>

#include "ledger/points/spending/voucher_end.h"

namespace fenfen::server {

Command StockTakeCommand(const StockTakeFacts& facts, SharedCatalogue catalogue, const DecisionContext& decision) {
  const ReadSet reads = StockReads(facts.offer, StockHoldIdFor(facts.offer, decision.key));
  Command command{PartitionOfStock(facts.offer), decision.key, decision.fingerprint, reads, nullptr};
  command.decide = [facts, catalogue = std::move(catalogue), decision](const View& view) {
    return DecideStockTake(view, facts, *catalogue, decision);
  };
  return command;
}

Command StockMoveCommand(CatalogueId offer, uint64_t hold, TransactionKind kind, SharedCatalogue catalogue,
                         const DecisionContext& decision) {
  Command command{PartitionOfHold(hold), decision.key, decision.fingerprint, StockReads(offer, hold), nullptr};
  command.decide = [offer, hold, kind, catalogue = std::move(catalogue), decision](const View& view) {
    return DecideStockMove(view, offer, hold, kind, *catalogue, decision);
  };
  return command;
}

Command VoidCommand(const ledger::v1::StockHold& hold, uint64_t hold_id, SharedCatalogue catalogue, const DecisionContext& decision) {
  const HouseholdId household(hold.household());
  Command command{PartitionOf(household), decision.key, decision.fingerprint,
                  VoucherEndReads(household, VoucherId(hold.voucher()), CatalogueId(0)), nullptr};
  command.decide = [hold, hold_id, catalogue = std::move(catalogue), decision](const View& view) {
    return DecideVoid(view, hold, hold_id, catalogue->Find<v1::Offer>(CatalogueId(hold.offer())), decision);
  };
  return command;
}

DecisionContext WithKey(DecisionContext decision, const RequestKey& key) {
  decision.key = key;
  return decision;
}

}  // namespace fenfen::server
