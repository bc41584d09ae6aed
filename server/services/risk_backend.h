// RiskBackend: what the service and the job of trust work with. All of it outlives them and is thread-safe.
#pragma once

#include "ledger/points/trust/risk_queue.h"
#include "ledger/points/trust/risk_rules.h"
#include "ledger/points/trust/sightings.h"
#include "ledger/points/trust/station_sums.h"

namespace fenfen::server {

// Projections, all four.
struct RiskBackend {
  explicit RiskBackend(absl::TimeZone zone) : sums(zone) {}

  Sightings sightings;
  StationSums sums;
  RiskQueue queue;
  RiskRulesStore rules;
};

}  // namespace fenfen::server
