// RiskService: samples and what was found, collections, and points against kilograms.
#include <openssl/rand.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/entry.h"
#include "ledger/points/trust/cases.h"
#include "ledger/points/trust/collections.h"
#include "server/call/page_token.h"
#include "server/services/risk_backend.h"
#include "server/services/risk_render.h"
#include "server/services/risk_service.h"

namespace fenfen::server {
namespace {

constexpr size_t kSeedBytesDrawn = 16;

// YYYY-MM-DD.
std::optional<int32_t> ReadDay(const std::string& text) {
  absl::CivilDay day;
  if (text.size() != 10 || !absl::ParseCivilTime(text, &day)) return std::nullopt;
  return DayNumber(day);
}

// The region and all below it, ascending.
std::vector<uint64_t> RegionsWithin(const Catalogue& catalogue, CatalogueId region) {
  std::vector<uint64_t> within;
  for (const v1::Region* one : catalogue.All<v1::Region>()) {
    const CatalogueId id = CatalogueIdOf(one->name());
    if (catalogue.IsWithin(id, region)) within.push_back(id.value());
  }
  std::sort(within.begin(), within.end());
  return within;
}

absl::StatusOr<std::string> NewSeed() {
  std::string seed(kSeedBytesDrawn, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(seed.data()), static_cast<int>(seed.size())) != 1) {
    return absl::InternalError("no random bytes are to be had");
  }
  return seed;
}

// What a day's record came to, by category.
void FillSums(const ledger::v1::StationCollections& day, v1::RecordCollectionsResponse& response) {
  std::map<int, int64_t> sums;
  for (const auto& weighing : day.weighings()) sums[weighing.category()] += weighing.grams();
  for (const auto& [category, grams] : sums) {
    v1::CollectedWeight& weight = *response.add_weights();
    weight.set_category(static_cast<v1::Category>(category));
    weight.set_grams(grams);
  }
}

}  // namespace

absl::StatusOr<RiskService::Drawn> RiskService::FindDraw(const Call& call, const std::string& region, const std::string& day) const {
  const std::optional<int32_t> number = ReadDay(day);
  if (!number) return Malformed("day", "YYYY-MM-DD");
  Drawn drawn;
  drawn.region = call.catalogue().Find<v1::Region>(region);
  if (drawn.region == nullptr) return Refuse(Reason::REASON_REGION_UNKNOWN, {}, "region");
  drawn.key = DrawKey(*drawn.region, *number);
  absl::StatusOr<StoredMessage<ledger::v1::RiskRecord>> stored;
  const absl::Status read = backend_.engine.ReadAndWait(PartitionOfRegion(CatalogueIdOf(region)),
                                                        [&](const View& view) { stored = ReadDraw(view, *drawn.region, *number); });
  if (!read.ok()) return read;
  if (!stored.ok()) return stored.status();
  if (!stored->found()) return Refuse(Reason::REASON_REINSPECTION_UNKNOWN, {}, "day");
  drawn.draw = std::move(*stored->message.mutable_draw());
  return drawn;
}

absl::Status RiskService::Draw(Call& call, const v1::DrawReinspectionRequest& request, v1::DrawReinspectionResponse& response) {
  const std::optional<int32_t> day = ReadDay(request.day());
  if (!day) return Malformed("day", "YYYY-MM-DD");
  if (request.size() < 1 || request.size() > kSampleMax) return Malformed("size", absl::StrCat("1–", kSampleMax));
  if (request.seed().size() > kSeedBytesMax) return Malformed("seed", absl::StrCat("≤ ", kSeedBytesMax));
  DrawTerms terms;
  terms.region = call.catalogue().Find<v1::Region>(request.region());
  if (terms.region == nullptr) return Refuse(Reason::REASON_REGION_UNKNOWN, {}, "region");
  terms.regions = RegionsWithin(call.catalogue(), CatalogueIdOf(request.region()));
  if (terms.regions.size() > kDrawRegionsMax) return Malformed("region", absl::StrCat("≤ ", kDrawRegionsMax, " regions"));
  const auto in_sample = [&](const Sighting& seen) {
    return DayNumberOf(absl::FromUnixMillis(seen.time_ms), call.zone()) == *day &&
           std::binary_search(terms.regions.begin(), terms.regions.end(), seen.region.value());
  };
  Sightings::Reading reading = backend_.risk->sightings.Read(in_sample);
  for (const Sighting& seen : reading.drops) terms.population.push_back({seen.household, seen.entry});
  std::sort(terms.population.begin(), terms.population.end());
  terms.day = *day;
  terms.first_day = FirstDrawDay(reading, call.now(), call.zone());
  terms.last_sequences = std::move(reading.last_sequences);
  terms.size = static_cast<size_t>(request.size());
  terms.seed_drawn = request.seed().empty();
  absl::StatusOr<std::string> seed = terms.seed_drawn ? NewSeed() : request.seed();
  if (!seed.ok()) return seed.status();
  terms.seed = *std::move(seed);
  const absl::StatusOr<Outcome> outcome = Submit(call, PartitionOfRegion(CatalogueIdOf(request.region())), DrawReads(*terms.region, *day),
                                                 [&](const View& view) { return DecideDraw(view, terms, call.Decision()); });
  if (!outcome.ok()) return outcome.status();
  call.set_audited(absl::StrCat(request.region(), "/reinspections/", request.day()));
  // Of this transaction, also where it repeats an earlier reply.
  ledger::v1::RiskRecord record;
  record.ParseFromString(outcome->committed.transaction.changes[0].bytes);
  *response.mutable_reinspection() = RenderDraw(record.draw(), call.catalogue());
  CountResults(*response.mutable_reinspection());
  return absl::OkStatus();
}

absl::Status RiskService::GetDraw(const Call& call, const v1::GetReinspectionRequest& request,
                                  v1::GetReinspectionResponse& response) const {
  const absl::StatusOr<Drawn> drawn = FindDraw(call, request.region(), request.day());
  if (!drawn.ok()) return drawn.status();
  v1::Reinspection& out = *response.mutable_reinspection();
  out = RenderDraw(drawn->draw, call.catalogue());
  for (const ledger::v1::SampledEntry& sampled : drawn->draw.sample()) {
    const HouseholdId household(sampled.household());
    const absl::StatusOr<ledger::v1::HouseholdRisk> risk = RiskOf(household);
    if (!risk.ok()) return risk.status();
    for (const auto& result : risk->results()) AddResult(household, drawn->key.id, result, call.catalogue(), out);
  }
  CountResults(out);
  return absl::OkStatus();
}

absl::Status RiskService::RecordResult(Call& call, const v1::RecordReinspectionRequest& request, v1::RecordReinspectionResponse& response) {
  const auto name = ParseEntryName(request.entry());
  if (!name) return Malformed("entry", "households/HOUSEHOLD/entries/SEQUENCE");
  const absl::StatusOr<Drawn> drawn = FindDraw(call, request.region(), request.day());
  if (!drawn.ok()) return drawn.status();
  const absl::StatusOr<CommittedTransaction> entry = backend_.engine.Load(PartitionOf(name->first), name->second);
  if (!entry.ok()) return entry.status();
  const ResultTerms terms{.household = name->first,
                          .entry = name->second,
                          .draw_key = drawn->key,
                          .draw = &drawn->draw,
                          .recorder = entry->transaction.actor,
                          .correct = request.correct(),
                          .reason = request.reason()};
  const absl::StatusOr<Outcome> outcome = Submit(call, PartitionOf(name->first), ResultReads(name->first), [&](const View& view) {
    return DecideResult(view, terms, call.catalogue(), call.Decision());
  });
  if (!outcome.ok()) return outcome.status();
  absl::StatusOr<v1::Entry> rendered = RenderEntry(outcome->committed, call.catalogue());
  if (!rendered.ok()) return rendered.status();
  *response.mutable_entry() = *std::move(rendered);
  return absl::OkStatus();
}

absl::Status RiskService::Collect(Call& call, const v1::RecordCollectionsRequest& request, v1::RecordCollectionsResponse& response) {
  const std::optional<int32_t> day = ReadDay(request.day());
  if (!day) return Malformed("day", "YYYY-MM-DD");
  CollectionTerms terms;
  terms.station = call.catalogue().Find<v1::Station>(request.station());
  if (terms.station == nullptr) return Refuse(Reason::REASON_STATION_UNKNOWN, {}, "station");
  terms.day = *day;
  for (const v1::CollectedWeight& weight : request.weights()) terms.weights.emplace_back(weight.category(), weight.grams());
  const absl::StatusOr<Outcome> outcome = Submit(call, PartitionOfStation(CatalogueIdOf(request.station())), CollectionReads(terms),
                                                 [&](const View& view) { return DecideCollection(view, terms, call.Decision()); });
  if (!outcome.ok()) return outcome.status();
  ledger::v1::StationCollections record;
  record.ParseFromString(outcome->committed.transaction.changes[0].bytes);
  FillSums(record, response);
  return absl::OkStatus();
}

absl::Status RiskService::Report(const Call& call, const v1::ReportStationsRequest& request, v1::ReportStationsResponse& response) const {
  if (request.page_size() < 0) return Malformed("page_size", "1–100");
  const std::optional<int32_t> first = ReadDay(request.first_day());
  const std::optional<int32_t> last = ReadDay(request.last_day());
  if (!first) return Malformed("first_day", "YYYY-MM-DD");
  if (!last) return Malformed("last_day", "YYYY-MM-DD");
  const int32_t today = DayNumberOf(call.now(), call.zone());
  const int32_t earliest = today - StationSums::kDaysKept + 1;
  if (*first < earliest || *last > today || *first > *last) {
    return Refuse(Reason::REASON_REPORT_DAYS, {{"first", DayText(earliest)}, {"last", DayText(today)}}, "first_day");
  }
  const auto size = static_cast<size_t>(request.page_size() == 0 ? kPageDefault : std::min(request.page_size(), limits::kPageSizeMax));
  const std::string list =
      absl::StrCat(request.region(), "/stationReport/", request.first_day(), "/", request.last_day(), "/", request.by_category());
  std::vector<const v1::Station*> stations = call.catalogue().All<v1::Station>();
  const CatalogueId region = CatalogueIdOf(request.region());
  stations.erase(
      std::remove_if(stations.begin(), stations.end(),
                     [&](const v1::Station* station) { return !call.catalogue().IsWithin(CatalogueIdOf(station->region()), region); }),
      stations.end());
  size_t begin = 0;
  if (!request.page_token().empty()) {
    const std::optional<uint64_t> position = ReadPageToken(backend_.lookups_key, list, request.page_token());
    const auto at = std::find_if(stations.begin(), stations.end(), [&](const v1::Station* station) {
      return position && CatalogueIdOf(station->name()).value() == *position;
    });
    if (at == stations.end()) return Refuse(Reason::REASON_PAGE_TOKEN_INVALID, {}, "page_token");
    begin = static_cast<size_t>(at - stations.begin()) + 1;
  }
  const size_t end = std::min(stations.size(), begin + size);
  for (size_t i = begin; i < end; ++i) {
    const StationSums::Report report = backend_.risk->sums.Of(CatalogueIdOf(stations[i]->name()), *first, *last);
    AddStationRows(*stations[i], report, request.by_category(), response);
  }
  if (end < stations.size()) {
    response.set_next_page_token(MakePageToken(backend_.lookups_key, list, CatalogueIdOf(stations[end - 1]->name()).value()));
  }
  return absl::OkStatus();
}

}  // namespace fenfen::server
