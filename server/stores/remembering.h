// Remembering: the projections that have a memo (projection.h), in one place: a start from a snapshot needs their memos beside the records.
// A server has them among its projections; a base that stands for archived months is made with them alone (journal_base.h), since of the
// others a start needs nothing but the records.
//
// A new projection with a memo belongs here; elsewhere it keeps a server from starting.
#pragma once

#include <vector>

#include "absl/time/time.h"
#include "ledger/core/projection.h"
#include "ledger/points/catalogue.h"
#include "server/services/budget_backend.h"
#include "server/services/device_sequences.h"
#include "server/services/game_backend.h"
#include "server/services/risk_backend.h"

namespace fenfen::server {

struct Remembering {
  explicit Remembering(absl::TimeZone zone) : game(zone), risk(zone), budgets(zone) {}

  // Those with a memo; the backends have others besides.
  std::vector<Projection*> All() { return {&catalogue, &device_sequences, &game.players, &risk.sightings, &risk.sums, &budgets.issued}; }

  CatalogueStore catalogue;
  DeviceSequences device_sequences;
  GameBackend game;
  RiskBackend risk;
  BudgetBackend budgets;
};

}  // namespace fenfen::server
