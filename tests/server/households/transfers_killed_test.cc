// Gifts while the server is killed: every point is with one household, the other, or on its way, and in the end each gift that was asked
// for is given once.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/verify/verify_journal.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/transfer.grpc.pb.h"
#include "tests/server/server_fixture.h"

namespace fenfen::server {
namespace {

constexpr int kKills = 3;
constexpr int kThreads = 4;
constexpr int kAnsweredBeforeAKill = 10;
constexpr absl::Duration kWait = absl::Seconds(60);

class TransfersKilledTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.Start()) << server_.Log();
    server_.ImportDistrict();
    v1::UpdateCatalogueRequest update;
    update.set_request_id(server_.NewRequestId());
    v1::RuleSet& rules = *update.mutable_rule_set();
    const auto present = server_.Call(&v1::CatalogueService::Stub::GetRuleSet, v1::GetRuleSetRequest(), "");
    ASSERT_TRUE(present.status.ok()) << present.error().ToString();
    rules = present.reply.rule_set();
    rules.set_version(rules.version() + 1);
    rules.clear_effective_date();
    rules.mutable_gift_limits()->set_daily_gifts(10'000);
    rules.mutable_gift_limits()->set_daily_amount(100'000'000);
    const auto updated = server_.Call(&v1::CatalogueService::Stub::UpdateCatalogue, update, server_.Token(kOperator, "OPERATOR"));
    ASSERT_TRUE(updated.status.ok() && updated.reply.errors().empty()) << updated.reply.ShortDebugString();
    v1::RecordDropRequest drop;
    drop.set_household("households/1001");
    drop.set_request_id(server_.NewRequestId());
    drop.set_station("stations/s-a");
    drop.set_category(v1::CATEGORY_FOOD);
    drop.set_weight_grams(50'000);
    ASSERT_TRUE(server_.Call(&v1::DropService::Stub::RecordDrop, drop, server_.Token("staff/attendant-a", "ATTENDANT")).status.ok());
    total_ = Reward("1001") + Reward("2001");
    ASSERT_GT(total_, 0);
  }

  int64_t Reward(const std::string& household) {
    v1::GetBalanceRequest request;
    request.set_household("households/" + household);
    const std::string town = household == "2001" ? "b" : "a";
    const auto reply = server_.Call(&v1::HouseholdService::Stub::GetBalance, request, server_.Token("staff/staff-" + town, "STAFF"));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    return reply.reply.balance().reward();
  }

  // A gift of a hundredth of a point, or a repetition of it; whether it was given.
  bool Give(const std::string& request_id) {
    v1::GiftPointsRequest request;
    request.set_household("households/1001");
    request.set_request_id(request_id);
    request.set_to("households/2001");
    request.set_amount(1);
    return server_.Call(&v1::TransferService::Stub::GiftPoints, request, server_.Token(kResident, "RESIDENT")).status.ok();
  }

  // Gives and gives until the server is killed under it. All requests, whatever became of them.
  void GiveUntilKilled() {
    std::atomic<int> answered{0};
    std::atomic<bool> killed{false};
    std::vector<std::vector<std::string>> asked(kThreads);
    std::vector<std::thread> givers;
    for (int t = 0; t < kThreads; ++t) {
      givers.emplace_back([&, t] {
        while (!killed) {
          asked[t].push_back(server_.NewRequestId());
          if (Give(asked[t].back())) ++answered;
        }
      });
    }
    const absl::Time deadline = absl::Now() + kWait;
    while (answered < kAnsweredBeforeAKill && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(1));
    EXPECT_GE(answered, kAnsweredBeforeAKill);
    server_.Kill();
    killed = true;
    for (std::thread& giver : givers) giver.join();
    for (const std::vector<std::string>& some : asked) asked_.insert(asked_.end(), some.begin(), some.end());
  }

  // What was on its way when the server was killed, the job sees through.
  void ExpectNothingIsLeftOnItsWay() {
    const absl::Time deadline = absl::Now() + kWait;
    int64_t sum = 0;
    while ((sum = Reward("1001") + Reward("2001")) != total_ && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
    EXPECT_EQ(sum, total_);
  }

  TestServer server_;
  int64_t total_ = 0;
  std::vector<std::string> asked_;
};

TEST_F(TransfersKilledTest, EachGiftIsGivenOnce) {
  for (int kill = 0; kill < kKills; ++kill) {
    GiveUntilKilled();
    ASSERT_TRUE(server_.Start()) << server_.Log();
    ExpectNothingIsLeftOnItsWay();
  }
  // A client that got no answer asks again.
  for (const std::string& request_id : asked_) EXPECT_TRUE(Give(request_id)) << request_id;
  EXPECT_EQ(Reward("2001"), static_cast<int64_t>(asked_.size()));
  ExpectNothingIsLeftOnItsWay();
  ASSERT_EQ(server_.Stop(), 0);
  const absl::StatusOr<ctl::VerifyReport> report = ctl::VerifyJournal(server_.data_dir() + "/journal", {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->findings_total, 0u) << (report->findings.empty() ? "" : report->findings.front().what);
  EXPECT_EQ(report->reward.in_transit, 0);
}

}  // namespace
}  // namespace fenfen::server
