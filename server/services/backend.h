// Backend: the ledger as the services see it. All of it outlives the services and is thread-safe.
#pragma once

#include <string>

#include "ledger/engine/engine.h"
#include "ledger/points/records.h"
#include "ledger/points/spending/settlement_book.h"
#include "ledger/projections/captures.h"
#include "ledger/projections/directory.h"
#include "ledger/projections/open_transfers.h"
#include "ledger/projections/pending_drops.h"
#include "ledger/projections/reservations.h"
#include "ledger/state/state.h"
#include "server/access/access.h"
#include "server/call/slow_lane.h"
#include "server/services/device_sequences.h"

namespace fenfen::server {

struct BudgetBackend;
struct GameBackend;
struct RiskBackend;

struct Backend {
  Engine& engine;
  // For look-ups of what never changes once it is there (where a household lies, whose a voucher is), which need not wait for durability.
  const State& state;
  const Directory& directory;
  const Captures& captures;
  const Reservations& reservations;
  const SettlementBook& settlements;
  const DeviceSequences& device_sequences;
  SlowLane& slow_lane;
  const std::string codes_key;
  const std::string lookups_key;
  const OpenTransfers* open_transfers = nullptr;  // only the job asks
  const PendingDrops* pending_drops = nullptr;    // only its service and job ask
  GameBackend* game = nullptr;                    // only the game's service and job ask
  RiskBackend* risk = nullptr;                    // likewise of trust
  BudgetBackend* budgets = nullptr;               // likewise of budgets
};

// The household's record in its partition: HouseholdRegions over the State.
class RecordRegions final : public HouseholdRegions {
 public:
  explicit RecordRegions(const State& state) : state_(state) {}
  absl::StatusOr<CatalogueId> RegionOf(HouseholdId household) const override {
    absl::StatusOr<CatalogueId> region;
    const absl::Status read = state_.Read(PartitionOf(household), [&](const View& view, PartitionSeq) {
      const absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, household);
      if (found.ok()) {
        region = found->record.region;
      } else {
        region = found.status();
      }
    });
    if (!read.ok()) return read;
    return region;
  }

 private:
  const State& state_;
};

}  // namespace fenfen::server
