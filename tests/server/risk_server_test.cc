// Risk cases, samples and collections through a whole server: found by the job, decided by the region's staff, and no balance moved.
#include <gmock/gmock.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/risk.grpc.pb.h"
#include "fenfen/v1/station.grpc.pb.h"
#include "fenfen/v1/timer.grpc.pb.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {
namespace {

using testing::HasSubstr;
using Stub = v1::RiskService::Stub;

class RiskOfAServer : public testing::Test {
 protected:
  void SetUp() override {
    server_.AddConfig("[timers]\nenabled = false\n");  // the test runs the job itself
    ASSERT_TRUE(server_.Start()) << server_.Log();
    server_.ImportDistrict();
    ASSERT_TRUE(absl::LoadTimeZone("Asia/Shanghai", &zone_));
  }
  void Drop() {
    v1::RecordDropRequest drop;
    drop.set_household("households/1001");
    drop.set_request_id(server_.NewRequestId());
    drop.set_station("stations/s-a");
    drop.set_category(v1::CATEGORY_FOOD);
    drop.set_weight_grams(1000);
    const auto reply = server_.Call(&v1::DropService::Stub::RecordDrop, drop, server_.Token("staff/attendant-a", "ATTENDANT"));
    ASSERT_TRUE(reply.status.ok()) << reply.error().ToString();
  }
  // Yesterday's drops, late, of a device.
  void UploadYesterday(const std::vector<int64_t>& households) {
    v1::DeviceBatch batch;
    batch.set_device("devices/d-a");
    batch.set_previous_sha256(std::string(32, '\0'));
    for (const int64_t household : households) {
      v1::DeviceDrop& drop = *batch.add_drops();
      drop.set_sequence(batch.drops_size());
      drop.set_household(household);
      drop.set_category(v1::CATEGORY_FOOD);
      drop.set_weight_grams(1000);
      drop.set_event_time_micros(absl::ToUnixMicros(yesterday_));
    }
    v1::StationService::Stub stub(server_.channel());
    grpc::ClientContext context;
    TestServer::Prepare(&context, server_.Token("devices/d-a", "DEVICE"));
    const auto stream = stub.UploadDrops(&context);
    stream->Write(server_.SignedBatch(batch, "devices/d-a"));
    stream->WritesDone();
    v1::UploadDropsResponse answer;
    while (stream->Read(&answer)) {
      for (const v1::DropOutcome& outcome : answer.outcomes()) EXPECT_EQ(outcome.reason(), "");
    }
    ASSERT_TRUE(stream->Finish().ok());
  }
  void Watch() {
    v1::RunTimerRequest request;
    request.set_name("timers/watch-risk");
    const auto reply = server_.Call(&v1::TimerService::Stub::RunTimer, request, server_.Token(kOperator, "OPERATOR"));
    ASSERT_TRUE(reply.status.ok()) << reply.error().ToString();
  }
  v1::ListRiskCasesResponse List(bool closed = false, int page_size = 0, const std::string& page_token = "") {
    v1::ListRiskCasesRequest request;
    request.set_region("regions/a");
    request.set_include_closed(closed);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    const auto reply = server_.Call(&Stub::ListRiskCases, request, staff_);
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply;
  }
  // Projections follow the journal, so what was just written is there soon.
  static bool Soon(const std::function<bool()>& holds) {
    for (const absl::Time deadline = absl::Now() + absl::Seconds(60); absl::Now() < deadline; absl::SleepFor(absl::Milliseconds(5))) {
      if (holds()) return true;
    }
    return false;
  }
  v1::Balance Balance() {
    v1::GetBalanceRequest request;
    request.set_household("households/1001");
    return server_.Call(&v1::HouseholdService::Stub::GetBalance, request, server_.Token(kResident, "RESIDENT")).reply.balance();
  }
  std::string Day(int back) const { return absl::FormatCivilTime(absl::ToCivilDay(absl::Now() - absl::Hours(24 * back), zone_)); }

  TestServer server_;
  absl::TimeZone zone_;
  const absl::Time yesterday_ = absl::Now() - absl::Hours(24);
  const std::string staff_ = server_.Token("staff/staff-a", "STAFF");
  const std::string other_ = server_.Token("staff/staff-b", "STAFF");
};

TEST_F(RiskOfAServer, ACaseIsFoundListedAndDecidedAndNothingMoves) {
  for (int i = 0; i < 11; ++i) Drop();
  const std::string before = Balance().SerializeAsString();
  ASSERT_TRUE(Soon([this] {
    Watch();
    return List().risk_cases_size() == 1;
  }));
  Watch();
  const v1::ListRiskCasesResponse list = List();
  ASSERT_EQ(list.risk_cases_size(), 1) << "opened once";
  EXPECT_EQ(list.open_count(), 1);
  const v1::RiskCase& found = list.risk_cases(0);
  EXPECT_EQ(found.name(), "households/1001/riskCases/1");
  EXPECT_EQ(found.signal(), v1::RISK_SIGNAL_VELOCITY);
  EXPECT_EQ(found.state(), v1::RiskCase::STATE_OPEN);
  EXPECT_EQ(found.entries_size(), 11);
  EXPECT_THAT(found.reason_zh(), HasSubstr("投放 11 次"));
  EXPECT_TRUE(found.has_hold_until());

  v1::DecideRiskCaseRequest decision;
  decision.set_name(found.name());
  decision.set_request_id(server_.NewRequestId());
  decision.set_decision(v1::RiskCase::STATE_CLEARED);
  decision.set_reason(v1::CORRECTION_REASON_RECORD_RIGHT);
  EXPECT_EQ(server_.Call(&Stub::DecideRiskCase, decision, other_).error().reason, v1::REASON_PERMISSION_DENIED);
  const auto decided = server_.Call(&Stub::DecideRiskCase, decision, staff_);
  ASSERT_TRUE(decided.status.ok()) << decided.error().ToString();
  EXPECT_EQ(decided.reply.risk_case().state(), v1::RiskCase::STATE_CLEARED);
  EXPECT_EQ(decided.reply.risk_case().decider(), "staff/staff-a");
  EXPECT_EQ(decided.reply.entry().kind(), v1::ENTRY_KIND_HOLD_END);
  EXPECT_TRUE(server_.Call(&Stub::DecideRiskCase, decision, staff_).replayed);
  decision.set_request_id(server_.NewRequestId());
  EXPECT_EQ(server_.Call(&Stub::DecideRiskCase, decision, staff_).error().reason, v1::REASON_RISK_CASE_CLOSED);

  EXPECT_TRUE(Soon([this] { return List().risk_cases_size() == 0; }));
  EXPECT_EQ(List(true).risk_cases_size(), 1);
  EXPECT_EQ(Balance().SerializeAsString(), before);
  v1::GetRiskCaseRequest get;
  get.set_name("households/1001/riskCases/2");
  EXPECT_EQ(server_.Call(&Stub::GetRiskCase, get, staff_).error().reason, v1::REASON_RISK_CASE_UNKNOWN);
  EXPECT_THAT(server_.AuditLog(), HasSubstr("RiskService/DecideRiskCase"));
}

TEST_F(RiskOfAServer, TheQueueHasPagesAndSurvivesAStart) {
  v1::SetRiskRulesRequest set;
  set.set_request_id(server_.NewRequestId());
  v1::RiskRules& rules = *set.mutable_rules();
  rules.set_window_days(7);
  rules.set_hold_days(7);
  rules.set_quiet_days(14);
  v1::RiskRule& rule = *rules.add_rules();
  rule.set_signal(v1::RISK_SIGNAL_VELOCITY);
  rule.set_effect(v1::RISK_EFFECT_FLAG);
  rule.set_priority(5);
  rule.set_threshold(1);
  rule.set_span_seconds(3600);
  EXPECT_EQ(server_.Call(&Stub::SetRiskRules, set, staff_).error().reason, v1::REASON_PERMISSION_DENIED);
  const auto changed = server_.Call(&Stub::SetRiskRules, set, server_.Token(kOperator, "OPERATOR"));
  ASSERT_TRUE(changed.status.ok()) << changed.error().ToString();
  UploadYesterday({1001, 1001, 1002, 1002});
  ASSERT_TRUE(Soon([this] {
    Watch();
    return List().risk_cases_size() == 2;
  }));
  const v1::ListRiskCasesResponse first = List(false, 1);
  ASSERT_EQ(first.risk_cases_size(), 1);
  EXPECT_EQ(first.open_count(), 2);
  const v1::ListRiskCasesResponse second = List(false, 1, first.next_page_token());
  ASSERT_EQ(second.risk_cases_size(), 1);
  EXPECT_NE(second.risk_cases(0).name(), first.risk_cases(0).name());
  EXPECT_EQ(second.next_page_token(), "");
  v1::ListRiskCasesRequest forged;
  forged.set_region("regions/a");
  forged.set_page_token("1.abc");
  EXPECT_EQ(server_.Call(&Stub::ListRiskCases, forged, staff_).error().reason, v1::REASON_PAGE_TOKEN_INVALID);

  server_.Kill();
  ASSERT_TRUE(server_.Start()) << server_.Log();
  const v1::ListRiskCasesResponse both = List();
  ASSERT_EQ(both.risk_cases_size(), 2);
  EXPECT_EQ(both.risk_cases(0).SerializeAsString(), first.risk_cases(0).SerializeAsString());
  EXPECT_EQ(both.risk_cases(1).SerializeAsString(), second.risk_cases(0).SerializeAsString());
  const auto present = server_.Call(&Stub::GetRiskRules, v1::GetRiskRulesRequest(), staff_);
  EXPECT_FALSE(present.reply.defaults());
  EXPECT_EQ(present.reply.rules().rules_size(), 1);
}

TEST_F(RiskOfAServer, ASampleIsDrawnOnceAndItsResultsGiveTheMatchRate) {
  UploadYesterday({1001, 1002, 2001});
  v1::DrawReinspectionRequest draw;
  draw.set_region("regions/a");
  draw.set_request_id(server_.NewRequestId());
  draw.set_day(absl::FormatCivilTime(absl::ToCivilDay(yesterday_, zone_)));
  draw.set_size(10);
  EXPECT_EQ(server_.Call(&Stub::DrawReinspection, draw, other_).error().reason, v1::REASON_PERMISSION_DENIED);
  v1::Reinspection sample;
  ASSERT_TRUE(Soon([&] {
    const auto drawn = server_.Call(&Stub::DrawReinspection, draw, staff_);
    sample = drawn.reply.reinspection();
    return drawn.status.ok();
  }));
  EXPECT_EQ(sample.population(), 2) << "those of the region";
  EXPECT_EQ(sample.sample_size(), 2);
  EXPECT_EQ(sample.seed_hex().size(), 32u);
  EXPECT_TRUE(sample.seed_drawn());
  EXPECT_FALSE(sample.has_match_permille()) << "no data";
  const auto again = server_.Call(&Stub::DrawReinspection, draw, staff_);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.reply.reinspection().seed_hex(), sample.seed_hex()) << "another seed is not drawn by asking again";
  draw.set_request_id(server_.NewRequestId());
  EXPECT_EQ(server_.Call(&Stub::DrawReinspection, draw, staff_).error().reason, v1::REASON_REINSPECTION_DRAWN);

  v1::RecordReinspectionRequest result;
  result.set_region("regions/a");
  result.set_day(sample.day());
  for (int i = 0; i < 2; ++i) {
    result.set_entry(sample.sample(i).entry());
    result.set_request_id(server_.NewRequestId());
    result.set_correct(i == 0);
    result.set_reason(i == 0 ? v1::CORRECTION_REASON_UNSPECIFIED : v1::CORRECTION_REASON_NOT_SORTED);
    const auto noted = server_.Call(&Stub::RecordReinspection, result, staff_);
    ASSERT_TRUE(noted.status.ok()) << noted.error().ToString();
    EXPECT_EQ(noted.reply.entry().kind(), v1::ENTRY_KIND_REINSPECTION);
  }
  v1::GetReinspectionRequest get;
  get.set_region("regions/a");
  get.set_day(sample.day());
  const auto found = server_.Call(&Stub::GetReinspection, get, staff_);
  ASSERT_TRUE(found.status.ok()) << found.error().ToString();
  EXPECT_EQ(found.reply.reinspection().inspected(), 2);
  EXPECT_EQ(found.reply.reinspection().correct(), 1);
  EXPECT_EQ(found.reply.reinspection().match_permille(), 500);
  EXPECT_EQ(found.reply.reinspection().sample(1).state(), v1::ReinspectedEntry::STATE_WRONG);
}

TEST_F(RiskOfAServer, PointsAgainstKilograms) {
  Drop();
  v1::ReportStationsRequest report;
  report.set_region("regions/a");
  report.set_first_day(Day(1));
  report.set_by_category(true);
  v1::ReportStationsResponse rows;
  ASSERT_TRUE(Soon([&] {
    report.set_last_day(Day(0));
    rows = server_.Call(&Stub::ReportStations, report, staff_).reply;
    return rows.rows_size() == 2;
  }));
  EXPECT_EQ(rows.rows(0).station(), "stations/s-a");
  EXPECT_EQ(rows.rows(0).reward(), 200);
  EXPECT_EQ(rows.rows(0).claimed_grams(), 1000);
  EXPECT_FALSE(rows.rows(0).has_collected_grams()) << "no data, and never 100 %";
  EXPECT_FALSE(rows.rows(0).has_claimed_permille());

  v1::RecordCollectionsRequest collect;
  collect.set_station("stations/s-a");
  collect.set_request_id(server_.NewRequestId());
  collect.set_day(Day(0));
  v1::CollectedWeight& weight = *collect.add_weights();
  weight.set_category(v1::CATEGORY_FOOD);
  weight.set_grams(800);
  EXPECT_EQ(server_.Call(&Stub::RecordCollections, collect, other_).error().reason, v1::REASON_PERMISSION_DENIED);
  const auto collected = server_.Call(&Stub::RecordCollections, collect, staff_);
  ASSERT_TRUE(collected.status.ok()) << collected.error().ToString();
  EXPECT_EQ(collected.reply.weights(0).grams(), 800);
  ASSERT_TRUE(Soon([&] {
    report.set_last_day(Day(0));
    rows = server_.Call(&Stub::ReportStations, report, staff_).reply;
    return rows.rows(0).has_collected_grams();
  }));
  EXPECT_EQ(rows.rows(0).claimed_permille(), 1250);
  EXPECT_EQ(rows.rows(0).reward_per_kg(), 250);
  EXPECT_EQ(rows.rows(0).collected_days(), 1);
  EXPECT_EQ(rows.rows(1).category(), v1::CATEGORY_FOOD);
  report.set_first_day("2020-01-01");
  EXPECT_EQ(server_.Call(&Stub::ReportStations, report, staff_).error().reason, v1::REASON_REPORT_DAYS);
}

}  // namespace
}  // namespace fenfen::server
