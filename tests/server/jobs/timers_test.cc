// Timers in whole servers: one alone, and two over one PostgreSQL and one Redis, at a year's end by a clock of the test's own, and when one
// is killed.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>

#include <fstream>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/timer.grpc.pb.h"
#include "server/server.h"
#include "tests/server/shared_deployment.h"

namespace fenfen::server {
namespace {

using testing::HasSubstr;

constexpr char kIssuer[] = "timers-test";
constexpr int kHouseholds = 12;
const absl::TimeZone kShanghai = absl::FixedTimeZone(8 * 3600);

client::Ed25519Key NewKey() {
  absl::StatusOr<client::Ed25519Key> key = client::Ed25519Key::Generate();
  EXPECT_TRUE(key.ok());
  return *std::move(key);
}

// A server in this process, whose time the test sets. Its configuration is that of a TestServer that has been started once.
class InnerServer {
 public:
  InnerServer(const TestServer& of, const client::Ed25519Key& key, const ManualClock& clock)
      : clock_(clock), signer_(client::TokenSigner::FromKey(key, kIssuer)), config_(LoadConfig(of.folder() + "/fenfend.toml")) {
    EXPECT_TRUE(config_.ok()) << config_.status();
    log_ = Log::Open(config_->log);
    server_ = Server::Start(*config_, **log_, clock_);
    EXPECT_TRUE(server_.ok()) << server_.status();
    channel_ = grpc::CreateChannel((*server_)->grpc_address(), grpc::InsecureChannelCredentials());
  }
  std::string Token(const std::string& subject, const std::string& role) const {
    return signer_->Mint(subject, role, clock_.Now(), absl::Hours(1));
  }
  template <typename Stub, typename Request, typename Reply>
  TestReply<Reply> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*), const Request& request,
                        const std::string& token) const {
    Stub stub(channel_);
    TestReply<Reply> result;
    grpc::ClientContext context;
    TestServer::Prepare(&context, token);
    result.status = (stub.*method)(&context, request, &result.reply);
    return result;
  }
  // Runs the job, again while another server has it.
  void RunUntilDone(const std::string& name) const {
    v1::RunTimerRequest request;
    request.set_name("timers/" + name);
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (absl::Now() < deadline) {
      const auto reply = Call(&v1::TimerService::Stub::RunTimer, request, Token(kOperator, "OPERATOR"));
      if (reply.status.ok()) return;
      ASSERT_EQ(reply.error().reason, v1::REASON_TIMER_ELSEWHERE) << reply.error().ToString();
      absl::SleepFor(absl::Milliseconds(5));
    }
    FAIL() << name << " is another's for ever";
  }
  // Two towns' worth of nothing but an estate, a station, rules whose points lapse with the year, and households with a drop each.
  void Fill() const;
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  std::string NewRequestId() const { return client::FormatUuid7(clock_.Now(), ++requests_, 7); }

  const ManualClock& clock_;
  const absl::StatusOr<client::TokenSigner> signer_;
  const absl::StatusOr<Config> config_;
  absl::StatusOr<std::unique_ptr<Log>> log_;
  absl::StatusOr<std::unique_ptr<Server>> server_;
  std::shared_ptr<grpc::Channel> channel_;
  mutable uint16_t requests_ = 0;
};

void InnerServer::Fill() const {
  v1::UpdateCatalogueRequest catalogue;
  catalogue.set_request_id(NewRequestId());
  for (const auto& [id, level, parent] : {std::tuple("t", "town", ""), std::tuple("e", "estate", "regions/t")}) {
    v1::Region& region = *catalogue.add_regions();
    region.set_name(absl::StrCat("regions/", id));
    region.set_display_name(id);
    region.set_level(level);
    region.set_parent(parent);
  }
  v1::Station& station = *catalogue.add_stations();
  station.set_name("stations/s");
  station.set_display_name("站");
  station.set_region("regions/e");
  v1::Staff& staff = *catalogue.add_staff();
  staff.set_name("staff/attendant");
  staff.set_role(v1::ROLE_ATTENDANT);
  staff.set_region("regions/t");
  v1::RuleSet& rules = *catalogue.mutable_rule_set();
  rules.set_version(1);
  rules.set_late_days_max(7);
  rules.set_expiry_grace_months(0);
  v1::Rule& food = *rules.add_rules();
  food.set_id("food");
  food.set_category(v1::CATEGORY_FOOD);
  food.set_reward_per_drop(200);
  food.set_daily_drops_max(2);
  food.set_daily_reward_max(1000);
  const auto updated = Call(&v1::CatalogueService::Stub::UpdateCatalogue, catalogue, Token(kOperator, "OPERATOR"));
  ASSERT_TRUE(updated.status.ok() && updated.reply.errors().empty()) << updated.error().ToString() << updated.reply.ShortDebugString();

  grpc::ClientContext context;
  TestServer::Prepare(&context, Token(kOperator, "OPERATOR"));
  v1::ImportHouseholdsResponse imported;
  v1::HouseholdService::Stub stub(channel_);
  const auto writer = stub.ImportHouseholds(&context, &imported);
  v1::ImportHouseholdsRequest households;
  households.set_request_id(NewRequestId());
  for (int n = 1; n <= kHouseholds; ++n) {
    v1::HouseholdRow& row = *households.add_rows();
    row.set_number(absl::StrCat(n));
    row.set_region("e");
    row.set_members(1);
  }
  writer->Write(households);
  writer->WritesDone();
  ASSERT_TRUE(writer->Finish().ok());
  for (int n = 1; n <= kHouseholds; ++n) {
    v1::RecordDropRequest drop;
    drop.set_household(absl::StrCat("households/", n));
    drop.set_request_id(NewRequestId());
    drop.set_station("stations/s");
    drop.set_category(v1::CATEGORY_FOOD);
    const auto dropped = Call(&v1::DropService::Stub::RecordDrop, drop, Token("staff/attendant", "ATTENDANT"));
    ASSERT_TRUE(dropped.status.ok()) << dropped.error().ToString();
  }
}

class TimersOfTwo : public SharedDeployment {
 protected:
  // Writes the servers' configurations, with an issuer of the test's own, by starting each once.
  void Configure(const std::string& timers) {
    for (TestServer* server : {&a_, &b_}) {
      std::ofstream(server->folder() + "/timers.pub.pem") << key_.PublicPem();
      server->AddConfig(absl::StrCat("[[issuer]]\nname = \"", kIssuer,
                                     "\"\npublic_key = \"timers.pub.pem\"\nroles = [\"OPERATOR\", \"ATTENDANT\"]\n", timers));
      ASSERT_TRUE(server->Start()) << server->Log();
      ASSERT_EQ(server->Stop(), 0) << server->Log();
    }
  }
  // How many entries of expiry there are.
  std::string Expiries() { return Ask("SELECT count(*) FROM fenfen.entries WHERE kind = 16"); }

  const client::Ed25519Key key_ = NewKey();
};

// Exactly once: whoever runs the job, at whatever moment and however often, each household's lots lapse once,
// in the first moment of the new year and not before.
TEST_F(TimersOfTwo, AtAYearsEndEachHouseholdsLotsLapseOnce) {
  Configure("[timers]\nenabled = false\n");
  ManualClock clock(absl::FromCivil(absl::CivilSecond(2031, 12, 31, 10, 0, 0), kShanghai));
  InnerServer one(a_, key_, clock);
  one.Fill();
  InnerServer other(b_, key_, clock);
  const auto both = [&] {
    std::thread second([&] { other.RunUntilDone("expire-lots"); });
    one.RunUntilDone("expire-lots");
    second.join();
  };
  clock.Set(absl::FromCivil(absl::CivilSecond(2031, 12, 31, 23, 59, 59), kShanghai));
  both();
  EXPECT_EQ(Expiries(), "0");
  clock.Set(absl::FromCivil(absl::CivilSecond(2032, 1, 1, 0, 0, 0), kShanghai));
  both();
  EXPECT_EQ(Expiries(), absl::StrCat(kHouseholds));
  both();
  clock.Set(absl::FromCivil(absl::CivilSecond(2032, 1, 2, 0, 0, 0), kShanghai));
  both();
  EXPECT_EQ(Expiries(), absl::StrCat(kHouseholds));
  EXPECT_EQ(Ask("SELECT (SELECT count(*) FROM fenfen.broken_partitions) + (SELECT count(*) FROM fenfen.unbalanced_entries)"), "0");
}

// What one server was killed at passes on: the other goes on running the job, and nothing is done twice.
TEST_F(TimersOfTwo, AJobPassesOnWhenItsServerIsKilled) {
  Configure("[timers]\nlease = \"2s\"\nperiods = { expire-lots = \"200ms\" }\n");
  {
    // Ten years ago; so all that was earned then has lapsed by now.
    ManualClock clock(absl::Now() - absl::Hours(24 * 3660));
    InnerServer past(a_, key_, clock);
    past.Fill();
  }
  ASSERT_TRUE(a_.Start()) << a_.Log();
  ASSERT_TRUE(b_.Start()) << b_.Log();
  const auto runs = [](const TestServer& server) {
    const auto reply = server.Call(&v1::TimerService::Stub::ListTimers, v1::ListTimersRequest(), server.Token(kOperator, "OPERATOR"));
    EXPECT_TRUE(reply.status.ok()) << reply.error().ToString();
    for (const v1::Timer& timer : reply.reply.timers()) {
      if (timer.name() == "timers/expire-lots") return timer.runs();
    }
    return int64_t{0};
  };
  const auto await = [](const std::function<bool()>& condition) {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (!condition() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
    return condition();
  };
  ASSERT_TRUE(await([&] { return runs(a_) + runs(b_) > 0; }));
  TestServer& holder = runs(a_) > 0 ? a_ : b_;
  TestServer& heir = &holder == &a_ ? b_ : a_;
  holder.Kill();
  const int64_t before = runs(heir);
  EXPECT_TRUE(await([&] { return runs(heir) >= before + 3; })) << heir.Log();
  EXPECT_EQ(Expiries(), absl::StrCat(kHouseholds));
  EXPECT_THAT(MetricsOf(heir), HasSubstr("\nfenfen_timer_runs{timer=\"expire-lots\"} "));
  EXPECT_THAT(MetricsOf(heir), HasSubstr("\nfenfen_timer_since_done_seconds{timer=\"expire-lots\"} "));
}

class TimersOfOne : public testing::Test {
 protected:
  client::Error Run(const std::string& name) {
    v1::RunTimerRequest request;
    request.set_name(name);
    return server_.Call(&v1::TimerService::Stub::RunTimer, request, server_.Token(kOperator, "OPERATOR")).error();
  }
  TestServer server_{""};  // memory and files
};

TEST_F(TimersOfOne, AnOperatorListsAndRunsThem) {
  ASSERT_TRUE(server_.Start()) << server_.Log();
  server_.ImportDistrict();
  v1::RunTimerRequest request;
  request.set_name("timers/expire-lots");
  const auto run = server_.Call(&v1::TimerService::Stub::RunTimer, request, server_.Token(kOperator, "OPERATOR"));
  ASSERT_TRUE(run.status.ok()) << run.error().ToString();
  EXPECT_GE(run.reply.timer().runs(), 1);
  EXPECT_EQ(run.reply.timer().failures(), 0);
  EXPECT_EQ(run.reply.timer().period_seconds(), 3600);
  EXPECT_THAT(server_.AuditLog(), HasSubstr("timers/expire-lots"));
  const auto list = server_.Call(&v1::TimerService::Stub::ListTimers, v1::ListTimersRequest(), server_.Token(kOperator, "OPERATOR"));
  ASSERT_TRUE(list.status.ok()) << list.error().ToString();
  EXPECT_TRUE(list.reply.enabled());
  EXPECT_GE(list.reply.timers_size(), 1);
  EXPECT_EQ(Run("timers/nothing").reason, v1::REASON_TIMER_UNKNOWN);
  EXPECT_EQ(server_.Stop(), 0) << server_.Log();
}

TEST_F(TimersOfOne, AJobThatIsNotThereKeepsItFromStarting) {
  server_.AddConfig("[timers.periods]\nexpire-pots = \"1h\"\n");
  EXPECT_FALSE(server_.Start());
  EXPECT_THAT(server_.Log(), HasSubstr("timers.periods.expire-pots: there is no such job; there are: "));
}

TEST_F(TimersOfOne, NothingByItselfWhereTheyAreOff) {
  server_.AddConfig("[timers]\nenabled = false\n");
  ASSERT_TRUE(server_.Start()) << server_.Log();
  const auto list = server_.Call(&v1::TimerService::Stub::ListTimers, v1::ListTimersRequest(), server_.Token(kOperator, "OPERATOR"));
  ASSERT_TRUE(list.status.ok()) << list.error().ToString();
  EXPECT_FALSE(list.reply.enabled());
  for (const v1::Timer& timer : list.reply.timers()) EXPECT_LT(timer.since_done_seconds(), 0) << timer.name();
}

}  // namespace
}  // namespace fenfen::server
