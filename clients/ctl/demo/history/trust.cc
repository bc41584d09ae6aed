// Trust: the stations' hours, what was collected from them, a random re-inspection, and a case that a person clears. The cases themselves
// are opened by the server's job in the nights; the planted ones (fraud.cc, and kSharedOpenid in the district) stay open for whoever looks.
#include "absl/strings/str_cat.h"
#include "clients/ctl/demo/history/areas.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/risk.grpc.pb.h"

namespace fenfen::ctl {

namespace {

using Risk = v1::RiskService::Stub;

constexpr int kSampleSize = 20;
constexpr int64_t kCollectedGrams = 180'000;  // of a station on a day

// The stations of the estates that are about open from five in the morning to eleven at night.
absl::Status SetHours(Story& story) {
  v1::UpdateCatalogueRequest request;
  for (const size_t estate : story.active) {
    for (const size_t index : story.district.stations_of_estate[estate]) {
      const DemoStation& station = story.district.stations[index];
      v1::Station& item = *request.add_stations();
      item.set_name(absl::StrCat("stations/", station.id));
      item.set_display_name(station.name);
      item.set_region(absl::StrCat("regions/", story.district.estates[estate].code));
      v1::SaleWindow& window = *item.add_windows();
      window.set_begin("05:00");
      window.set_end("23:00");
    }
  }
  const auto updated = story.stage.Change(OperatorPerson(), &v1::CatalogueService::Stub::UpdateCatalogue, request);
  if (!updated.ok()) return updated.status();
  return updated->errors().empty() ? absl::OkStatus() : absl::InvalidArgumentError(updated->errors(0).en());
}

absl::Status Collect(Story& story) {
  for (const size_t index : story.district.stations_of_estate[0]) {
    v1::RecordCollectionsRequest request;
    request.set_station(absl::StrCat("stations/", story.district.stations[index].id));
    request.set_day(absl::FormatCivilTime(story.Today() - 1));
    for (const v1::Category category : {v1::CATEGORY_FOOD, v1::CATEGORY_RECYCLABLE}) {
      v1::CollectedWeight& weight = *request.add_weights();
      weight.set_category(category);
      weight.set_grams(kCollectedGrams / (category == v1::CATEGORY_FOOD ? 1 : 4) + story.random.Below(20'000));
    }
    const auto collected = story.stage.Change(story.Staff(story.cast.rich), &Risk::RecordCollections, request);
    if (!collected.ok()) return collected.status();
    story.stage.Advance(absl::Minutes(3));
  }
  return absl::OkStatus();
}

// Drawn by the auditor, looked into by the district's chief: the first right, the second not.
absl::Status Reinspect(Story& story) {
  v1::DrawReinspectionRequest draw;
  draw.set_region(absl::StrCat("regions/", story.district.estates[0].code));
  draw.set_day(absl::FormatCivilTime(story.Today() - 1));
  draw.set_size(kSampleSize);
  draw.set_seed("2026-10-18 双色球 03 07 12 19 24 31 + 06");
  const auto drawn = story.stage.Change(AuditorPerson(), &Risk::DrawReinspection, draw);
  if (!drawn.ok()) return drawn.status();
  for (int i = 0; i < 2 && i < drawn->reinspection().sample_size(); ++i) {
    v1::RecordReinspectionRequest record;
    record.set_entry(drawn->reinspection().sample(i).entry());
    record.set_region(draw.region());
    record.set_day(draw.day());
    record.set_correct(i == 0);
    if (i == 1) record.set_reason(v1::CORRECTION_REASON_NOT_SORTED);
    if (auto noted = story.stage.Change(StaffPerson("C01"), &Risk::RecordReinspection, record); !noted.ok()) return noted.status();
    story.stage.Advance(absl::Minutes(5));
  }
  return absl::OkStatus();
}

// One of those behind one identity is looked into: a grandmother who looks after a flat.
absl::Status ClearOne(Story& story) {
  v1::ListRiskCasesRequest list;
  list.set_region(absl::StrCat("regions/", story.district.regions.front().code));
  list.set_signal(v1::RISK_SIGNAL_IDENTITY);
  const auto cases = story.stage.Ask(StaffPerson("C01"), &Risk::ListRiskCases, list);
  if (!cases.ok()) return cases.status();
  if (cases->risk_cases().empty()) return absl::NotFoundError("no case of one identity behind many households");
  v1::DecideRiskCaseRequest decide;
  decide.set_name(cases->risk_cases(cases->risk_cases_size() - 1).name());
  decide.set_decision(v1::RiskCase::STATE_CLEARED);
  decide.set_reason(v1::CORRECTION_REASON_RECORD_RIGHT);
  return story.stage.Change(StaffPerson("C01"), &Risk::DecideRiskCase, decide).status();
}

}  // namespace

absl::Status PlayTrust(Story& story) {
  static constexpr Step kSteps[] = {{0, SetHours}, {0.5, Collect}, {0.7, Reinspect}, {0.75, Collect}, {0.8, ClearOne}, {0.95, Collect}};
  story.stage.MoveTo(story.At(21, 30));
  return PlaySteps(story, kSteps);
}

}  // namespace fenfen::ctl
