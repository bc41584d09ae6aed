// Verification through a whole server: drops that wait, who lists and decides them, what the job does when their time has come, devices'
// late events, tagged bags.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/station.grpc.pb.h"
#include "fenfen/v1/verification.grpc.pb.h"
#include "ledger/core/clock.h"
#include "server/server.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {
namespace {

using Service = v1::VerificationService::Stub;
using testing::HasSubstr;

// The small district, whose rules make drops wait from tomorrow on; and the day after tomorrow at noon in Shanghai.
class VerificationOfAServer : public testing::Test {
 protected:
  void SetUp() override {
    outer_.AddConfig("[timers]\nperiods = { decide-drops = \"100ms\" }\n");
    ASSERT_TRUE(outer_.Start()) << outer_.Log();
    outer_.ImportDistrict();
    SetRules();
    ASSERT_EQ(outer_.Stop(), 0) << outer_.Log();
    Open();
  }
  void SetRules() {
    v1::UpdateCatalogueRequest update;
    update.set_request_id(outer_.NewRequestId());
    v1::RuleSet& rules = *update.mutable_rule_set();
    rules.set_version(2);
    rules.set_late_days_max(3);
    rules.set_expiry_grace_months(3);
    rules.set_monthly_bags_max(2);
    for (const v1::Category category : {v1::CATEGORY_FOOD, v1::CATEGORY_RECYCLABLE, v1::CATEGORY_HAZARDOUS}) {
      v1::Rule& rule = *rules.add_rules();
      rule.set_id(absl::StrCat("rule-", static_cast<int>(category)));
      rule.set_category(category);
      rule.set_reward_per_drop(100);
    }
    for (const auto& [category, timing] :
         {std::pair(v1::CATEGORY_FOOD, v1::CREDIT_TIMING_DELAYED), std::pair(v1::CATEGORY_RECYCLABLE, v1::CREDIT_TIMING_INSPECTED)}) {
      v1::VerificationPolicy& policy = *rules.add_verification_policies();
      policy.set_id(absl::StrCat("policy-", static_cast<int>(category)));
      policy.mutable_match()->add_categories(category);
      policy.set_timing(timing);
      policy.set_wait_hours(24);
    }
    const auto updated = outer_.Call(&v1::CatalogueService::Stub::UpdateCatalogue, update, outer_.Token(kOperator, "OPERATOR"));
    ASSERT_TRUE(updated.status.ok() && updated.reply.errors().empty()) << updated.error().ToString() << updated.reply.ShortDebugString();
  }
  // Starts the server in this process; anew where it runs.
  void Open() {
    server_.reset();
    log_.reset();
    absl::StatusOr<Config> config = LoadConfig(outer_.folder() + "/fenfend.toml");
    ASSERT_TRUE(config.ok()) << config.status();
    absl::StatusOr<std::unique_ptr<Log>> log = Log::Open(config->log);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(*config, *log_, clock_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(server_->grpc_address(), grpc::InsecureChannelCredentials());
  }

  std::string Token(const std::string& subject, const std::string& role) const {
    const bool device = role == "DEVICE";
    const absl::StatusOr<client::TokenSigner> signer =
        client::TokenSigner::FromKey(device ? outer_.DeviceKey(subject) : outer_.BridgeKey(), device ? subject : "bridge");
    EXPECT_TRUE(signer.ok()) << signer.status();
    return signer->Mint(subject, role, clock_.Now(), absl::Hours(1));
  }
  std::string Attendant() const { return Token("staff/attendant-a", "ATTENDANT"); }
  std::string NewRequestId() { return client::FormatUuid7(clock_.Now(), ++requests_, 7); }
  template <typename Stub, typename Request, typename Reply>
  TestReply<Reply> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*), const Request& request,
                        const std::string& token) const {
    Stub stub(channel_);
    TestReply<Reply> result;
    grpc::ClientContext context;
    TestServer::Prepare(&context, token);
    result.status = (stub.*method)(&context, request, &result.reply);
    result.replayed = context.GetServerTrailingMetadata().count("fenfen-replayed") > 0;
    return result;
  }

  TestReply<v1::RecordDropResponse> Drop(v1::Category category, const std::string& tag = "") {
    v1::RecordDropRequest request;
    request.set_household("households/1001");
    request.set_request_id(NewRequestId());
    request.set_station("stations/s-a");
    request.set_category(category);
    request.set_bag(tag);
    return Call(&v1::DropService::Stub::RecordDrop, request, Attendant());
  }
  // The name of a drop that waits.
  std::string Wait(v1::Category category, const std::string& tag = "") {
    const auto dropped = Drop(category, tag);
    EXPECT_TRUE(dropped.status.ok()) << dropped.error().ToString();
    EXPECT_EQ(dropped.reply.entry().kind(), v1::ENTRY_KIND_PENDING_DROP);
    EXPECT_THAT(dropped.reply.pending_drop(), HasSubstr("households/1001/pendingDrops/"));
    return dropped.reply.pending_drop();
  }
  v1::ListPendingDropsResponse Listed(const std::string& region, const std::string& token, int page_size = 0,
                                      const std::string& page_token = "") {
    v1::ListPendingDropsRequest request;
    request.set_region(region);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    const auto reply = Call(&Service::ListPendingDrops, request, token);
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply;
  }
  int OwnWaiting() {
    v1::ListHouseholdPendingDropsRequest request;
    request.set_household("households/1001");
    const auto reply = Call(&Service::ListHouseholdPendingDrops, request, Token(kResident, "RESIDENT"));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply.pending_drops_size();
  }
  int64_t Reward() {
    v1::GetBalanceRequest request;
    request.set_household("households/1001");
    return Call(&v1::HouseholdService::Stub::GetBalance, request, Token(kResident, "RESIDENT")).reply.balance().reward();
  }
  bool Await(const std::function<bool()>& condition) {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (!condition() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
    return condition();
  }

  TestServer outer_{""};  // memory and files
  ManualClock clock_{absl::FromCivil(absl::CivilSecond(absl::ToCivilDay(absl::Now(), absl::FixedTimeZone(8 * 3600)) + 2) + 12 * 3600,
                                     absl::FixedTimeZone(8 * 3600))};
  std::unique_ptr<Log> log_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  uint16_t requests_ = 0;
};

TEST_F(VerificationOfAServer, ADropIsListedInspectedAndCreditedOnce) {
  const std::string name = Wait(v1::CATEGORY_RECYCLABLE);
  EXPECT_EQ(Reward(), 0);
  EXPECT_EQ(OwnWaiting(), 1);
  EXPECT_EQ(Listed("regions/b", Token("staff/staff-b", "STAFF")).pending_drops_size(), 0);
  const v1::ListPendingDropsResponse listed = Listed("regions/a", Attendant());
  ASSERT_EQ(listed.pending_drops_size(), 1);
  EXPECT_EQ(listed.pending_drops(0).name(), name);
  EXPECT_EQ(listed.pending_drops(0).state(), v1::PendingDrop::STATE_WAITING);
  EXPECT_EQ(listed.pending_drops(0).cause(), v1::PendingDrop::CAUSE_POLICY);
  EXPECT_EQ(listed.pending_drops(0).due_action(), v1::PendingDrop::DUE_ACTION_REJECT);
  EXPECT_EQ(listed.pending_drops(0).due_time().seconds(), absl::ToUnixSeconds(clock_.Now() + absl::Hours(24)));

  v1::InspectDropRequest inspect;
  inspect.set_name(name);
  inspect.set_request_id(NewRequestId());
  inspect.set_category(v1::CATEGORY_HAZARDOUS);
  EXPECT_EQ(Call(&Service::InspectDrop, inspect, Token(kResident, "RESIDENT")).error().reason, v1::REASON_PERMISSION_DENIED);
  EXPECT_EQ(Call(&Service::InspectDrop, inspect, Token("staff/staff-b", "STAFF")).error().reason, v1::REASON_PERMISSION_DENIED);
  const auto inspected = Call(&Service::InspectDrop, inspect, Attendant());
  ASSERT_TRUE(inspected.status.ok()) << inspected.error().ToString();
  EXPECT_EQ(inspected.reply.entry().reward(), 100);
  EXPECT_EQ(inspected.reply.pending_drop().state(), v1::PendingDrop::STATE_RELEASED);
  EXPECT_EQ(inspected.reply.pending_drop().category(), v1::CATEGORY_HAZARDOUS);
  const auto again = Call(&Service::InspectDrop, inspect, Attendant());
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.reply.SerializeAsString(), inspected.reply.SerializeAsString());
  EXPECT_EQ(Reward(), 100);
  EXPECT_EQ(OwnWaiting(), 0);
  v1::RejectDropRequest reject;
  reject.set_name(name);
  reject.set_request_id(NewRequestId());
  reject.set_reason(v1::REJECTION_REASON_MIXED);
  EXPECT_EQ(Call(&Service::RejectDrop, reject, Attendant()).error().reason, v1::REASON_PENDING_DROP_DECIDED);

  v1::ClawBackDropRequest claw_back;
  claw_back.set_name(inspected.reply.entry().name());
  claw_back.set_request_id(NewRequestId());
  claw_back.set_reason(v1::REJECTION_REASON_MIXED);
  EXPECT_EQ(Call(&Service::ClawBackDrop, claw_back, Attendant()).error().reason, v1::REASON_CORRECTION_ABOVE_LIMIT);
}

TEST_F(VerificationOfAServer, PagesFollowOneAnother) {
  const std::string first = Wait(v1::CATEGORY_FOOD);
  clock_.Advance(absl::Minutes(1));
  const std::string second = Wait(v1::CATEGORY_RECYCLABLE);
  const v1::ListPendingDropsResponse page = Listed("regions/a", Attendant(), 1);
  ASSERT_EQ(page.pending_drops_size(), 1);
  EXPECT_EQ(page.pending_drops(0).name(), first);
  v1::ReleaseDropRequest release;
  release.set_name(first);
  release.set_request_id(NewRequestId());
  EXPECT_EQ(Call(&Service::ReleaseDrop, release, Attendant()).error().reason, v1::REASON_PERMISSION_DENIED);
  ASSERT_TRUE(Call(&Service::ReleaseDrop, release, Token("staff/staff-a", "STAFF")).status.ok());
  const v1::ListPendingDropsResponse next = Listed("regions/a", Attendant(), 1, page.next_page_token());
  ASSERT_EQ(next.pending_drops_size(), 1) << "the page before was decided meanwhile";
  EXPECT_EQ(next.pending_drops(0).name(), second);
  EXPECT_EQ(next.next_page_token(), "");
  v1::ListPendingDropsRequest forged;
  forged.set_region("regions/a");
  forged.set_page_token("1" + page.next_page_token());
  EXPECT_EQ(Call(&Service::ListPendingDrops, forged, Attendant()).error().reason, v1::REASON_PAGE_TOKEN_INVALID);
}

TEST_F(VerificationOfAServer, TheJobDecidesWhatIsDueOnceAlsoAfterARestart) {
  Wait(v1::CATEGORY_FOOD);
  Wait(v1::CATEGORY_RECYCLABLE);
  clock_.Advance(absl::Hours(23));
  Open();
  EXPECT_EQ(OwnWaiting(), 2);
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(Await([this] { return OwnWaiting() == 0; })) << outer_.Log();
  EXPECT_EQ(Reward(), 100) << "one released, one rejected";
  Open();
  EXPECT_EQ(OwnWaiting(), 0);
  EXPECT_EQ(Reward(), 100);
}

TEST_F(VerificationOfAServer, ADevicesLateEventWaitsForAPerson) {
  v1::DeviceBatch batch;
  batch.set_device("devices/d-a");
  batch.set_previous_sha256(std::string(32, '\0'));
  v1::DeviceDrop& drop = *batch.add_drops();
  drop.set_sequence(1);
  drop.set_household(1001);
  drop.set_category(v1::CATEGORY_FOOD);
  drop.set_event_time_micros(absl::ToUnixMicros(clock_.Now() - absl::Hours(24 * 20)));
  for (const bool again : {false, true}) {
    grpc::ClientContext context;
    TestServer::Prepare(&context, Token("devices/d-a", "DEVICE"));
    v1::StationService::Stub stub(channel_);
    const auto stream = stub.UploadDrops(&context);
    stream->Write(outer_.SignedBatch(batch, batch.device()));
    stream->WritesDone();
    v1::UploadDropsResponse answer;
    ASSERT_TRUE(stream->Read(&answer));
    ASSERT_TRUE(stream->Finish().ok());
    ASSERT_EQ(answer.outcomes_size(), 1);
    EXPECT_EQ(answer.outcomes(0).reason(), "");
    EXPECT_TRUE(answer.outcomes(0).pending());
    EXPECT_EQ(answer.outcomes(0).reward(), 0);
    EXPECT_EQ(answer.outcomes(0).replayed(), again);
  }
  const v1::ListPendingDropsResponse listed = Listed("regions/a", Attendant());
  ASSERT_EQ(listed.pending_drops_size(), 1);
  EXPECT_EQ(listed.pending_drops(0).cause(), v1::PendingDrop::CAUSE_LATE);
  EXPECT_FALSE(listed.pending_drops(0).has_due_time());
  v1::ReleaseDropRequest release;
  release.set_name(listed.pending_drops(0).name());
  release.set_request_id(NewRequestId());
  const auto released = Call(&Service::ReleaseDrop, release, Token("staff/staff-a", "STAFF"));
  ASSERT_TRUE(released.status.ok()) << released.error().ToString();
  EXPECT_GT(released.reply.entry().reward(), 0);
}

TEST_F(VerificationOfAServer, ABagIsHandedOutPutInAndInspectedOnce) {
  v1::IssueBagsRequest issue;
  issue.set_household("households/1001");
  issue.set_request_id(NewRequestId());
  issue.set_count(2);
  const auto issued = Call(&Service::IssueBags, issue, Attendant());
  ASSERT_TRUE(issued.status.ok()) << issued.error().ToString();
  ASSERT_EQ(issued.reply.tags_size(), 2);
  EXPECT_EQ(Call(&Service::IssueBags, issue, Attendant()).reply.SerializeAsString(), issued.reply.SerializeAsString());
  issue.set_request_id(NewRequestId());
  EXPECT_EQ(Call(&Service::IssueBags, issue, Attendant()).error().reason, v1::REASON_BAG_LIMIT_REACHED);

  EXPECT_EQ(Drop(v1::CATEGORY_HAZARDOUS, "00000-0000-0000-0000-0000").error().reason, v1::REASON_BAG_UNKNOWN);
  Wait(v1::CATEGORY_HAZARDOUS, issued.reply.tags(0));
  EXPECT_EQ(Drop(v1::CATEGORY_HAZARDOUS, issued.reply.tags(0)).error().reason, v1::REASON_BAG_USED);
  v1::InspectBagRequest inspect;
  inspect.set_station("stations/s-a");
  inspect.set_request_id(NewRequestId());
  inspect.set_tag("FB1." + issued.reply.tags(0));
  inspect.set_category(v1::CATEGORY_FOOD);
  EXPECT_EQ(Call(&Service::InspectBag, inspect, Token("staff/staff-b", "STAFF")).error().reason, v1::REASON_PERMISSION_DENIED);
  const auto inspected = Call(&Service::InspectBag, inspect, Attendant());
  ASSERT_TRUE(inspected.status.ok()) << inspected.error().ToString();
  EXPECT_EQ(inspected.reply.entry().kind(), v1::ENTRY_KIND_RELEASE);
  EXPECT_EQ(Reward(), 100);
  inspect.set_request_id(NewRequestId());
  EXPECT_EQ(Call(&Service::InspectBag, inspect, Attendant()).error().reason, v1::REASON_BAG_USED);

  v1::RevokeBagRequest revoke;
  revoke.set_household("households/1001");
  revoke.set_request_id(NewRequestId());
  revoke.set_tag(issued.reply.tags(1));
  ASSERT_TRUE(Call(&Service::RevokeBag, revoke, Token(kResident, "RESIDENT")).status.ok());
  inspect.set_request_id(NewRequestId());
  inspect.set_tag(issued.reply.tags(1));
  EXPECT_EQ(Call(&Service::InspectBag, inspect, Attendant()).error().reason, v1::REASON_BAG_REVOKED);
  EXPECT_THAT(outer_.AuditLog(), HasSubstr("VerificationService/InspectBag"));
}

}  // namespace
}  // namespace fenfen::server
