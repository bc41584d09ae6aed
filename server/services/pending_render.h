// Pending drops as people see them, out of their records. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "fenfen/ledger/v1/verification.pb.h"
#include "fenfen/v1/verification.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/projections/pending_drops.h"

namespace fenfen::server {

// "households/7/pendingDrops/0123456789abcdef".
std::string PendingDropName(HouseholdId household, uint64_t id);
// The name's parts; nullopt for another form.
std::optional<std::pair<HouseholdId, uint64_t>> ParsePendingDropName(absl::string_view name);

// `id`: the record's.
v1::PendingDrop RenderPendingDrop(uint64_t id, const ledger::v1::PendingDrop& drop, const Catalogue& catalogue);

// What the projection takes from a record: PendingDrops::Extract.
std::optional<PendingDrops::Waiting> WaitingDropIn(absl::string_view pending_drop_record);

}  // namespace fenfen::server
