// The commands that keep an offer's stock and its vouchers together (ledger/points/spending/stock.h), for the services, which make them as
// calls go, and for the job that finishes what a crash left. Thread-safe.
#pragma once

#include <memory>

#include "fenfen/ledger/v1/spending.pb.h"
#include "ledger/engine/engine.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/points/spending/stock.h"

namespace fenfen::server {

using SharedCatalogue = std::shared_ptr<const Catalogue>;

// Sets the pieces aside; `decision.key` is the take's own.
Command StockTakeCommand(const StockTakeFacts& facts, SharedCatalogue catalogue, const DecisionContext& decision);
// Settles a hold or gives it back.
Command StockMoveCommand(CatalogueId offer, uint64_t hold, TransactionKind kind, SharedCatalogue catalogue,
                         const DecisionContext& decision);
// Takes the number of the voucher that a hold was for, so that it will not come to be.
Command VoidCommand(const ledger::v1::StockHold& hold, uint64_t hold_id, SharedCatalogue catalogue, const DecisionContext& decision);

// The same decision under another key.
DecisionContext WithKey(DecisionContext decision, const RequestKey& key);

}  // namespace fenfen::server
