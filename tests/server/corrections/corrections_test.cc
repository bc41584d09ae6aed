// Corrections and notices through a whole server: who may, what is answered, what is listed, what is audited.
#include <gmock/gmock.h>

#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/correction.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/notice.grpc.pb.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {
namespace {

using testing::HasSubstr;

class CorrectionsOfAServer : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.Start()) << server_.Log();
    server_.ImportDistrict();
    v1::UpdateCatalogueRequest update;
    update.set_request_id(server_.NewRequestId());
    for (const char* name : {"staff/staff-a", "staff/second-a"}) {
      v1::Staff& staff = *update.add_staff();
      staff.set_name(name);
      staff.set_role(v1::ROLE_STAFF);
      staff.set_region("regions/a");
      staff.set_subject(std::string("wechat-") + name);
      staff.set_reversal_limit(100'000);
      staff.set_adjustment_limit(100'000);
    }
    const auto updated = server_.Call(&v1::CatalogueService::Stub::UpdateCatalogue, update, server_.Token(kOperator, "OPERATOR"));
    ASSERT_TRUE(updated.status.ok()) << updated.error().ToString();
  }
  // The entry's name.
  std::string Drop() {
    v1::RecordDropRequest drop;
    drop.set_household("households/1001");
    drop.set_request_id(server_.NewRequestId());
    drop.set_station("stations/s-a");
    drop.set_category(v1::CATEGORY_FOOD);
    drop.set_weight_grams(1000);
    const auto reply = server_.Call(&v1::DropService::Stub::RecordDrop, drop, server_.Token("staff/attendant-a", "ATTENDANT"));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply.entry().name();
  }
  int64_t Reward() {
    v1::GetBalanceRequest request;
    request.set_household("households/1001");
    return server_.Call(&v1::HouseholdService::Stub::GetBalance, request, resident_).reply.balance().reward();
  }
  v1::ReverseEntryRequest Reversal(const std::string& entry) {
    v1::ReverseEntryRequest request;
    request.set_name(entry);
    request.set_request_id(server_.NewRequestId());
    request.set_reason(v1::CORRECTION_REASON_DUPLICATE);
    request.add_attachments(std::string(32, 'h'));
    return request;
  }
  template <typename Request>
  auto Reverse(const Request& request, const std::string& token) {
    return server_.Call(&v1::CorrectionService::Stub::ReverseEntry, request, token);
  }

  TestServer server_;
  const std::string resident_ = server_.Token(kResident, "RESIDENT");
  const std::string staff_ = server_.Token("staff/staff-a", "STAFF");
  const std::string second_ = server_.Token("staff/second-a", "STAFF");
};

TEST_F(CorrectionsOfAServer, AnEntryIsReversedOnceByTheRegionsStaff) {
  const std::string drop = Drop();
  EXPECT_EQ(Reverse(Reversal(drop), server_.Token("staff/staff-b", "STAFF")).error().reason, v1::REASON_PERMISSION_DENIED);
  EXPECT_EQ(Reverse(Reversal(drop), resident_).error().reason, v1::REASON_PERMISSION_DENIED);
  EXPECT_EQ(Reverse(Reversal("households/1002/entries/" + drop.substr(drop.rfind('/') + 1)), staff_).error().reason,
            v1::REASON_ENTRY_UNKNOWN);
  const v1::ReverseEntryRequest request = Reversal(drop);
  const auto reversed = Reverse(request, staff_);
  ASSERT_TRUE(reversed.status.ok()) << reversed.error().ToString();
  EXPECT_EQ(reversed.reply.entry().kind(), v1::ENTRY_KIND_REVERSAL);
  EXPECT_EQ(reversed.reply.entry().reward(), -200);
  EXPECT_EQ(Reward(), 0);
  const auto again = Reverse(request, staff_);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.reply.SerializeAsString(), reversed.reply.SerializeAsString());
  EXPECT_EQ(Reverse(Reversal(drop), staff_).error().reason, v1::REASON_REVERSED_ALREADY);
  EXPECT_THAT(server_.AuditLog(), HasSubstr("CorrectionService/ReverseEntry"));
}

TEST_F(CorrectionsOfAServer, AnAdjustmentTakesTwoPeople) {
  v1::ProposeAdjustmentRequest propose;
  propose.set_household("households/1001");
  propose.set_request_id(server_.NewRequestId());
  propose.set_asset(v1::ASSET_REWARD);
  propose.set_amount(350);
  propose.set_reason(v1::CORRECTION_REASON_MISSED);
  const auto proposed = server_.Call(&v1::CorrectionService::Stub::ProposeAdjustment, propose, staff_);
  ASSERT_TRUE(proposed.status.ok()) << proposed.error().ToString();
  EXPECT_EQ(proposed.reply.adjustment().state(), v1::Adjustment::STATE_PROPOSED);
  EXPECT_EQ(proposed.reply.adjustment().proposer(), "staff/staff-a");
  const auto listed = [this](const char* region, bool all) {
    v1::ListAdjustmentsRequest list;
    list.set_region(region);
    list.set_include_closed(all);
    return server_.Call(&v1::CorrectionService::Stub::ListAdjustments, list, second_).reply.adjustments_size();
  };
  EXPECT_EQ(listed("regions/a", false), 1);
  v1::ApproveAdjustmentRequest approve;
  approve.set_name(proposed.reply.adjustment().name());
  approve.set_request_id(server_.NewRequestId());
  EXPECT_EQ(server_.Call(&v1::CorrectionService::Stub::ApproveAdjustment, approve, staff_).error().reason, v1::REASON_CHECKER_IS_MAKER);
  approve.set_request_id(server_.NewRequestId());
  const auto approved = server_.Call(&v1::CorrectionService::Stub::ApproveAdjustment, approve, second_);
  ASSERT_TRUE(approved.status.ok()) << approved.error().ToString();
  EXPECT_EQ(approved.reply.adjustment().state(), v1::Adjustment::STATE_APPROVED);
  EXPECT_EQ(approved.reply.adjustment().decider(), "staff/second-a");
  EXPECT_EQ(Reward(), 350);
  EXPECT_EQ(listed("regions/a", false), 0);
  EXPECT_EQ(listed("regions/a-1", true), 1);
}

TEST_F(CorrectionsOfAServer, AnAppealIsListedAndAnswered) {
  const std::string drop = Drop();
  v1::CreateAppealRequest create;
  create.set_entry(drop);
  create.set_request_id(server_.NewRequestId());
  create.set_reason(v1::CORRECTION_REASON_WRONG_WEIGHT);
  EXPECT_EQ(server_.Call(&v1::CorrectionService::Stub::CreateAppeal, create, server_.Token(kNeighbour, "RESIDENT")).error().reason,
            v1::REASON_PERMISSION_DENIED);
  const auto created = server_.Call(&v1::CorrectionService::Stub::CreateAppeal, create, resident_);
  ASSERT_TRUE(created.status.ok()) << created.error().ToString();
  EXPECT_EQ(created.reply.appeal().entry(), drop);
  EXPECT_EQ(created.reply.appeal().member(), kResident);
  v1::ListAppealsRequest list;
  list.set_region("regions/a");
  const auto listed = server_.Call(&v1::CorrectionService::Stub::ListAppeals, list, staff_);
  ASSERT_EQ(listed.reply.appeals_size(), 1) << listed.error().ToString();
  v1::AnswerAppealRequest answer;
  answer.set_name(listed.reply.appeals(0).name());
  answer.set_request_id(server_.NewRequestId());
  answer.set_reason(v1::CORRECTION_REASON_RECORD_RIGHT);
  const auto answered = server_.Call(&v1::CorrectionService::Stub::AnswerAppeal, answer, staff_);
  ASSERT_TRUE(answered.status.ok()) << answered.error().ToString();
  EXPECT_EQ(answered.reply.appeal().state(), v1::Appeal::STATE_DECLINED);
  EXPECT_EQ(server_.Call(&v1::CorrectionService::Stub::ListAppeals, list, staff_).reply.appeals_size(), 0);
  v1::ListHouseholdAppealsRequest own;
  own.set_household("households/1001");
  const auto mine = server_.Call(&v1::CorrectionService::Stub::ListHouseholdAppeals, own, resident_);
  ASSERT_EQ(mine.reply.appeals_size(), 1) << mine.error().ToString();
  EXPECT_EQ(mine.reply.appeals(0).SerializeAsString(), answered.reply.appeal().SerializeAsString());
  // Rebuilt from the records.
  ASSERT_EQ(server_.Stop(), 0);
  ASSERT_TRUE(server_.Start()) << server_.Log();
  EXPECT_EQ(server_.Call(&v1::CorrectionService::Stub::ListHouseholdAppeals, own, resident_).reply.SerializeAsString(),
            mine.reply.SerializeAsString());
}

TEST_F(CorrectionsOfAServer, NoticesAreTheHouseholdsOwn) {
  Drop();
  v1::ListNoticesRequest request;
  request.set_household("households/1001");
  const auto reply = server_.Call(&v1::NoticeService::Stub::ListNotices, request, resident_);
  EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
  EXPECT_EQ(server_.Call(&v1::NoticeService::Stub::ListNotices, request, server_.Token(kNeighbour, "RESIDENT")).error().reason,
            v1::REASON_PERMISSION_DENIED);
}

}  // namespace
}  // namespace fenfen::server
