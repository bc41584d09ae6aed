// Adjustments and appeals as people see them, out of their records. Pure.
#pragma once

#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "fenfen/ledger/v1/correcting.pb.h"
#include "fenfen/v1/correction.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/projections/corrections.h"

namespace fenfen::server {

// `id`: the record's. State LAPSED where `today` is after its last day and nobody has decided.
v1::Adjustment RenderAdjustment(uint64_t id, const ledger::v1::Proposal& proposal, const Catalogue& catalogue, int32_t today);
// The last appeal of a case, which has one.
v1::Appeal RenderAppeal(uint64_t id, const ledger::v1::EntryCase& entry_case, const Catalogue& catalogue);

// The names' parts; nullopt for another form.
std::optional<std::pair<HouseholdId, uint64_t>> ParseAdjustmentName(absl::string_view name);
std::optional<std::pair<HouseholdId, PartitionSeq>> ParseAppealName(absl::string_view name);

// What the projection takes from a record: Corrections::Extract.
std::optional<Corrections::Case> CorrectionIn(const RecordKey& key, absl::string_view bytes);

}  // namespace fenfen::server
