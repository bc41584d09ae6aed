// The job decide-drops on two servers over one PostgreSQL and one Redis, by a clock of the test's own: each drop whose time has come is
// decided once, whichever of them does it, and both know of it.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/verification.grpc.pb.h"
#include "ledger/core/clock.h"
#include "server/server.h"
#include "tests/server/shared_deployment.h"

namespace fenfen::server {
namespace {

constexpr int kDropsOfEach = 4;
const absl::TimeZone kShanghai = absl::FixedTimeZone(8 * 3600);

// A server in this process, whose time the test sets, with the configuration and the keys of another that has ended.
class InnerServer {
 public:
  InnerServer(const TestServer& of, const ManualClock& clock) : of_(of), clock_(clock) {
    const absl::StatusOr<Config> config = LoadConfig(of.folder() + "/fenfend.toml");
    EXPECT_TRUE(config.ok()) << config.status();
    absl::StatusOr<std::unique_ptr<Log>> log = Log::Open(config->log);
    EXPECT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(*config, *log_, clock_);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(server_->grpc_address(), grpc::InsecureChannelCredentials());
  }
  template <typename Stub, typename Request, typename Reply>
  TestReply<Reply> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*), const Request& request) const {
    const absl::StatusOr<client::TokenSigner> signer = client::TokenSigner::FromKey(of_.BridgeKey(), "bridge");
    EXPECT_TRUE(signer.ok()) << signer.status();
    Stub stub(channel_);
    TestReply<Reply> result;
    grpc::ClientContext context;
    TestServer::Prepare(&context, signer->Mint("staff/attendant-a", "ATTENDANT", clock_.Now(), absl::Hours(1)));
    result.status = (stub.*method)(&context, request, &result.reply);
    return result;
  }
  int Waiting() const {
    v1::ListPendingDropsRequest request;
    request.set_region("regions/a");
    const auto reply = Call(&v1::VerificationService::Stub::ListPendingDrops, request);
    return reply.status.ok() ? reply.reply.pending_drops_size() : -1;
  }

 private:
  const TestServer& of_;
  const ManualClock& clock_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

class DecideDropsOfTwo : public SharedDeployment {
 protected:
  // The district, whose food waits a day to be released and whose recyclables to be rejected, from tomorrow on.
  void Configure() {
    for (TestServer* server : {&a_, &b_}) {
      server->AddConfig("[timers]\nperiods = { decide-drops = \"100ms\" }\n");
      ASSERT_TRUE(server->Start()) << server->Log();
      if (server == &a_) FillIn();
      ASSERT_EQ(server->Stop(), 0) << server->Log();
    }
  }
  void FillIn() {
    a_.ImportDistrict();
    v1::UpdateCatalogueRequest update;
    update.set_request_id(a_.NewRequestId());
    v1::RuleSet& rules = *update.mutable_rule_set();
    rules.set_version(2);
    rules.set_late_days_max(7);
    rules.set_expiry_grace_months(3);
    for (const v1::Category category : {v1::CATEGORY_FOOD, v1::CATEGORY_RECYCLABLE}) {
      const bool food = category == v1::CATEGORY_FOOD;
      v1::Rule& rule = *rules.add_rules();
      rule.set_id(food ? "food" : "recyclable");
      rule.set_category(category);
      rule.set_reward_per_drop(100);
      v1::VerificationPolicy& policy = *rules.add_verification_policies();
      policy.set_id(rule.id());
      policy.mutable_match()->add_categories(category);
      policy.set_timing(food ? v1::CREDIT_TIMING_DELAYED : v1::CREDIT_TIMING_INSPECTED);
      policy.set_wait_hours(24);
    }
    const auto updated = a_.Call(&v1::CatalogueService::Stub::UpdateCatalogue, update, a_.Token(kOperator, "OPERATOR"));
    ASSERT_TRUE(updated.status.ok() && updated.reply.errors().empty()) << updated.error().ToString() << updated.reply.ShortDebugString();
  }
  void Drop(const InnerServer& server, const std::string& household, v1::Category category) {
    v1::RecordDropRequest request;
    request.set_household(household);
    request.set_request_id(client::FormatUuid7(clock_.Now(), ++requests_, 7));
    request.set_station("stations/s-a");
    request.set_category(category);
    const auto dropped = server.Call(&v1::DropService::Stub::RecordDrop, request);
    ASSERT_TRUE(dropped.status.ok()) << dropped.error().ToString();
    ASSERT_NE(dropped.reply.pending_drop(), "");
  }
  static bool Await(const std::function<bool()>& condition) {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (!condition() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
    return condition();
  }

  ManualClock clock_{absl::FromCivil(absl::CivilSecond(absl::ToCivilDay(absl::Now(), kShanghai) + 2) + 12 * 3600, kShanghai)};
  uint16_t requests_ = 0;
};

TEST_F(DecideDropsOfTwo, EachIsDecidedOnceAndBothKnow) {
  ASSERT_NO_FATAL_FAILURE(Configure());
  InnerServer one(a_, clock_);
  InnerServer other(b_, clock_);
  for (int n = 0; n < kDropsOfEach; ++n) {
    for (const std::string household : {"households/1001", "households/1002"}) {
      Drop(n % 2 == 0 ? one : other, household, v1::CATEGORY_FOOD);
      Drop(n % 2 == 0 ? other : one, household, v1::CATEGORY_RECYCLABLE);
    }
  }
  for (const InnerServer* server : {&one, &other}) EXPECT_TRUE(Await([&] { return server->Waiting() == 4 * kDropsOfEach; }));
  clock_.Advance(absl::Hours(24));
  for (const InnerServer* server : {&one, &other}) ASSERT_TRUE(Await([&] { return server->Waiting() == 0; })) << server->Waiting();
  EXPECT_EQ(Ask("SELECT count(*) FROM fenfen.entries WHERE kind = 7"), absl::StrCat(2 * kDropsOfEach));
  EXPECT_EQ(Ask("SELECT count(*) FROM fenfen.entries WHERE kind = 8"), absl::StrCat(2 * kDropsOfEach));
  EXPECT_EQ(Ask("SELECT (SELECT count(*) FROM fenfen.broken_partitions) + (SELECT count(*) FROM fenfen.unbalanced_entries)"), "0");
}

}  // namespace
}  // namespace fenfen::server
