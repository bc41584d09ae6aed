// Risk cases, samples and stations' reports as staff see them. Pure.
#pragma once

#include "absl/time/time.h"
#include "fenfen/ledger/v1/trust.pb.h"
#include "fenfen/v1/risk.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/trust/station_sums.h"

namespace fenfen::server {

v1::RiskCase RenderRiskCase(HouseholdId household, const ledger::v1::RiskCase& stored, const Catalogue& catalogue, absl::TimeZone zone);

// Nobody has looked at any of it.
v1::Reinspection RenderDraw(const ledger::v1::ReinspectionDraw& draw, const Catalogue& catalogue);
// Notes a result of that draw, `id`, at its place in the sample; one of another draw, or of no entry of it, changes nothing.
void AddResult(HouseholdId household, uint64_t id, const ledger::v1::ReinspectionResult& result, const Catalogue& catalogue,
               v1::Reinspection& out);
// Counts what was looked at.
void CountResults(v1::Reinspection& out);

// All categories together; with `by_category` a row for each, too.
void AddStationRows(const v1::Station& station, const StationSums::Report& report, bool by_category, v1::ReportStationsResponse& out);

}  // namespace fenfen::server
