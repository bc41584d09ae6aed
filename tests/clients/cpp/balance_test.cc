// One client over several servers that share a store: spreading, staying, draining, dying, slowness, and an outcome that nobody knows.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/client.h"
#include "fenfen/v1/catalogue.grpc.pb.h"
#include "tests/clients/cpp/shared_ledger.h"
#include "tests/server/server_fixture.h"

namespace fenfen::client {
namespace {

// Far more than any of it takes; what happens in the meantime is not timed.
constexpr absl::Duration kPatience = absl::Seconds(20);

bool Await(const std::function<bool()>& what) {
  for (const absl::Time end = absl::Now() + kPatience; absl::Now() < end; absl::SleepFor(absl::Milliseconds(5))) {
    if (what()) return true;
  }
  return false;
}

class Balance : public testing::Test {
 protected:
  void Open(
      int servers, const std::function<void(ClientOptions*)>& change = [](ClientOptions*) {}) {
    ClientOptions options;
    for (int i = 0; i < servers; ++i) {
      servers_.push_back(std::make_unique<LedgerServer>(&ledger_, i));
      options.targets.push_back(servers_.back()->target());
    }
    change(&options);
    absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(std::move(options));
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    for (size_t i = 0; servers > 1 && i < static_cast<size_t>(servers); ++i) ASSERT_TRUE(AwaitHealth(i, Health::kServing)) << i;
  }
  bool AwaitHealth(size_t server, Health health) {
    return Await([&] { return client_->servers().health(server) == health; });
  }
  Result<v1::ReserveVoucherResponse> Reserve(int household, const CallOptions& call = {}, const std::string& id = "") {
    v1::ReserveVoucherRequest request;
    request.set_household(absl::StrCat("households/", household));
    request.set_request_id(id.empty() ? ids_.Next() : id);
    request.set_offer(absl::StrCat("offers/", household));
    return client_->Call(&v1::VoucherService::Stub::ReserveVoucher, request, call);
  }
  Result<v1::GetBalanceResponse> GetBalance(int household, const CallOptions& call = {}) {
    v1::GetBalanceRequest request;
    request.set_household(absl::StrCat("households/", household));
    return client_->Call(&v1::HouseholdService::Stub::GetBalance, request, call);
  }
  // A household that prefers this server.
  int HouseholdOf(size_t server) {
    for (int household = 1;; ++household) {
      if (client_->servers().Choose(AffinityOfName(absl::StrCat("households/", household)), 0) == server) return household;
    }
  }

  SharedLedger ledger_;
  std::vector<std::unique_ptr<LedgerServer>> servers_;
  std::unique_ptr<Client> client_;
  const RequestIds ids_ = RequestIds::FromSystem();
};

TEST_F(Balance, HouseholdsSpreadOverAllServersAndEachKeepsToOne) {
  Open(3);
  for (int round = 0; round < 2; ++round) {
    for (int household = 1; household <= 150; ++household) ASSERT_TRUE(GetBalance(household).ok());
  }
  for (const auto& [household, servers] : ledger_.served_by) EXPECT_EQ(servers.size(), 1u) << household;
  for (const auto& server : servers_) EXPECT_GT(server->calls, 40);
}

TEST_F(Balance, WithoutAffinityEachServerHasItsTurn) {
  Open(3, [](ClientOptions* options) { options->affinity = false; });
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(GetBalance(7).ok());
  for (const auto& server : servers_) EXPECT_EQ(server->calls, 10);
}

TEST_F(Balance, AServerKilledUnderLoadCostsNoCallAndNoEffectComesTwice) {
  Open(3);
  for (const auto& server : servers_) server->unhurried = true;
  std::atomic<int> done{0}, failed{0};
  std::vector<std::thread> load;
  for (int thread = 0; thread < 6; ++thread) {
    load.emplace_back([&, thread] {
      for (int i = 0; i < 250; ++i) {
        if (const auto reply = Reserve(thread * 250 + i + 1); !reply.ok()) {
          ++failed;
          ADD_FAILURE() << reply.error().ToString();
        }
        ++done;
      }
    });
  }
  ASSERT_TRUE(Await([&] { return done > 300; }));
  servers_[0]->Kill();
  EXPECT_TRUE(AwaitHealth(0, Health::kDown));
  ASSERT_TRUE(Await([&] { return done > 600; }));
  servers_[0]->Start();
  EXPECT_TRUE(AwaitHealth(0, Health::kServing));
  servers_[1]->Kill();
  for (std::thread& thread : load) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(ledger_.bodies.size(), 1'500u) << "each intent has one id, whoever it went to";
  EXPECT_EQ(ledger_.differing, 0);
}

TEST_F(Balance, ADrainingServerGetsNothingNew) {
  Open(2);
  const int household = HouseholdOf(0);
  servers_[0]->SetServing(false);
  ASSERT_TRUE(AwaitHealth(0, Health::kDown));
  const int before = servers_[0]->calls;
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(Reserve(i % 2 == 0 ? household : i).ok());
  EXPECT_EQ(servers_[0]->calls, before);
  servers_[0]->SetServing(true);
  ASSERT_TRUE(AwaitHealth(0, Health::kServing)) << "its keys return by themselves";
  EXPECT_TRUE(Reserve(household).ok());
  EXPECT_GT(servers_[0]->calls, before);
}

TEST_F(Balance, AServerThatSaysItEndsIsLeftAtOnceAndItsDelayDoesNotMatter) {
  std::atomic<int> sleeps{0};
  Open(2, [&](ClientOptions* options) { options->sleep = [&](absl::Duration) { ++sleeps; }; });
  const int household = HouseholdOf(0);
  for (const v1::Reason reason : {v1::REASON_SHUTTING_DOWN, v1::REASON_STORAGE_FULL, v1::REASON_JOURNAL_FAILED}) {
    servers_[0]->refuse = reason;
    EXPECT_TRUE(Reserve(household).ok()) << ReasonName(reason);
  }
  EXPECT_EQ(sleeps, 0);
  EXPECT_GE(servers_[0]->calls, 1);
}

TEST_F(Balance, AnOverloadedServersDelayIsKeptAndThenAnotherIsAsked) {
  std::vector<absl::Duration> sleeps;
  Open(2, [&](ClientOptions* options) { options->sleep = [&](absl::Duration delay) { sleeps.push_back(delay); }; });
  const int household = HouseholdOf(1);
  servers_[1]->refuse = v1::REASON_OVERLOADED;
  EXPECT_TRUE(Reserve(household).ok());
  EXPECT_EQ(sleeps, std::vector<absl::Duration>{absl::Seconds(10)});
  EXPECT_EQ(servers_[1]->calls, 1);
  // A wait that would outlast the call is not begun.
  servers_[0]->refuse = v1::REASON_OVERLOADED;
  sleeps.clear();
  Open(2, [&](ClientOptions* options) {
    options->sleep = [&](absl::Duration delay) { sleeps.push_back(delay); };
    options->deadline = options->call_deadline = absl::Seconds(5);
  });
  servers_[2]->refuse = servers_[3]->refuse = v1::REASON_OVERLOADED;
  EXPECT_EQ(Reserve(household).error().reason, v1::REASON_OVERLOADED);
  EXPECT_TRUE(sleeps.empty());
}

TEST_F(Balance, WithAllServersGoneCallsFailSoonAndRecoverByThemselves) {
  Open(2);
  for (const auto& server : servers_) server->Kill();
  EXPECT_TRUE(AwaitHealth(0, Health::kDown) && AwaitHealth(1, Health::kDown));
  EXPECT_FALSE(client_->servers().IsReachable());
  const auto reply = Reserve(1);
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().reason, v1::REASON_SERVER_UNREACHABLE) << "nobody was reached, so nothing was done";
  for (const auto& server : servers_) server->Start();
  EXPECT_TRUE(AwaitHealth(0, Health::kServing) && AwaitHealth(1, Health::kServing)) << "without a call";
  EXPECT_TRUE(client_->servers().IsReachable());
  EXPECT_TRUE(Reserve(1).ok());
}

TEST_F(Balance, AnOnlyServerThatIsWatchedIsFoundAgainWithoutACall) {
  Open(1, [](ClientOptions* options) { options->watch = true; });
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(AwaitHealth(0, Health::kServing)) << round;
    EXPECT_TRUE(Reserve(1).ok());
    servers_[0]->Kill();
    ASSERT_TRUE(AwaitHealth(0, Health::kDown)) << round;
    servers_[0]->Start();
  }
}

TEST_F(Balance, AnOnlyServerThatIsNotIsFoundAgainByACallThatIsRepeated) {
  Open(1);
  EXPECT_TRUE(Reserve(1).ok());
  servers_[0]->Kill();
  EXPECT_EQ(Reserve(1).error().reason, v1::REASON_SERVER_UNREACHABLE);
  servers_[0]->Start();
  EXPECT_TRUE(Await([this] { return Reserve(1).ok(); }));
}

TEST_F(Balance, TheOneThatIsLeftIsFoundAtTheFirstCall) {
  Open(2);
  servers_[0]->Kill();
  ClientOptions options;
  options.targets = {servers_[0]->target(), servers_[1]->target()};
  client_ = *Client::Connect(options);
  for (int household = 1; household <= 20; ++household) EXPECT_TRUE(Reserve(household).ok());
}

TEST_F(Balance, ASlowServerEndsByTheDeadlineAndTheNextGivesTheOutcome) {
  Open(2);
  const int household = HouseholdOf(0);
  servers_[0]->silent = true;
  CallOptions once;
  once.deadline = absl::Milliseconds(300);
  once.attempts_max = 1;
  const std::string id = ids_.Next();
  EXPECT_EQ(Reserve(household, once, id).error().reason, v1::REASON_OUTCOME_UNKNOWN);
  EXPECT_TRUE(Reserve(household, once, id).replayed()) << "the silent one is left alone; the other knows";
  ASSERT_TRUE(Await([&] { return client_->servers().IsHealthy(0); }));
  CallOptions twice = once;
  twice.attempts_max = 2;
  const auto reply = Reserve(household, twice);
  ASSERT_TRUE(reply.ok());
  EXPECT_TRUE(reply.replayed());
  EXPECT_EQ(ledger_.differing, 0);
}

TEST_F(Balance, AChangeWhoseServerDiesIsUnknownAndAReadIsNot) {
  Open(1);
  servers_[0]->silent = true;
  CallOptions once;
  once.attempts_max = 1;
  const std::string id = ids_.Next();
  std::thread change([&] { EXPECT_EQ(Reserve(1, once, id).error().reason, v1::REASON_OUTCOME_UNKNOWN); });
  std::thread read([&] { EXPECT_EQ(GetBalance(1, once).error().reason, v1::REASON_SERVER_UNREACHABLE); });
  ASSERT_TRUE(Await([&] { return servers_[0]->calls == 2; }));
  servers_[0]->Kill();
  change.join();
  read.join();
  EXPECT_EQ(Reserve(1, once).error().reason, v1::REASON_SERVER_UNREACHABLE) << "this one has not been anywhere";
  servers_[0]->silent = false;
  servers_[0]->Start();
  ASSERT_TRUE(Await([&] { return client_->servers().IsReachable(); }));
  EXPECT_TRUE(Reserve(1, {}, id).replayed());
}

TEST(BalanceOverFenfend, NoReadFailsWhileOneHangsOneIsKilledAndOneStops) {
  server::TestServer servers[3];
  ClientOptions options;
  for (server::TestServer& server : servers) {
    ASSERT_TRUE(server.Start()) << server.Log();
    options.targets.push_back(server.address());
  }
  const auto client = *Client::Connect(options);
  const auto health = [&](size_t server, Health wanted) { return Await([&] { return client->servers().health(server) == wanted; }); };
  for (size_t i = 0; i < 3; ++i) ASSERT_TRUE(health(i, Health::kServing)) << i;
  // One that hangs without its connection breaking costs an attempt, no call.
  CallOptions patient;
  patient.deadline = absl::Milliseconds(500);
  kill(servers[2].pid(), SIGSTOP);
  for (int i = 0; i < 12; ++i) {
    EXPECT_TRUE(client->Call(&v1::CatalogueService::Stub::ListRegions, v1::ListRegionsRequest(), patient).ok());
  }
  kill(servers[2].pid(), SIGCONT);
  std::atomic<bool> stop{false};
  std::atomic<int> calls{0}, failed{0};
  std::vector<std::thread> load;
  for (int i = 0; i < 3; ++i) {
    load.emplace_back([&] {
      while (!stop) {
        const auto reply = client->Call(&v1::CatalogueService::Stub::ListRegions, v1::ListRegionsRequest());
        if (!reply.ok() && ++failed < 4) ADD_FAILURE() << reply.error().ToString();
        ++calls;
        absl::SleepFor(absl::Milliseconds(1));
      }
    });
  }
  const auto some_calls = [&] { return Await([&, from = calls.load()] { return calls > from + 100; }); };
  EXPECT_TRUE(some_calls());
  servers[0].Kill();
  EXPECT_TRUE(health(0, Health::kDown) && some_calls());
  EXPECT_EQ(servers[1].Stop(), 0) << servers[1].Log();
  EXPECT_TRUE(health(1, Health::kDown) && some_calls());
  stop = true;
  for (std::thread& thread : load) thread.join();
  EXPECT_EQ(failed, 0);
}

TEST(Connect, RefusesTargetsThatAreNone) {
  const auto fault = [](const std::string& target, std::vector<std::string> targets) {
    ClientOptions options;
    options.target = target;
    options.targets = std::move(targets);
    return std::string(Client::Connect(options).status().message());
  };
  EXPECT_NE(fault("host", {}).find("target："), std::string::npos);
  EXPECT_NE(fault("", {"a:1", "a:1"}).find("targets[1]"), std::string::npos);
  EXPECT_NE(fault("a:1", {"b:1"}).find("not both"), std::string::npos);
}

}  // namespace
}  // namespace fenfen::client
