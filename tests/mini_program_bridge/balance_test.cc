// The bridge before two servers: one dies, one drains, both are gone; and what it says of addresses that are none.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "mini_program_bridge/config.h"
#include "tests/mini_program_bridge/bridge_fixture.h"

namespace fenfen::bridge {
namespace {

bool Await(const std::function<bool()>& what) {
  for (const absl::Time end = absl::Now() + absl::Seconds(20); absl::Now() < end; absl::SleepFor(absl::Milliseconds(10))) {
    if (what()) return true;
  }
  return false;
}

class BridgeBalance : public BridgeFixture {
 protected:
  void SetUp() override {
    BridgeFixture::SetUp();
    second_ = std::make_unique<FakeServer>();
    std::string config = Config("rate_per_second = 0\n");
    const std::string one = absl::StrCat("server = \"", server_->address(), "\"");
    config.replace(config.find(one), one.size(), absl::StrCat("targets = [\"", server_->address(), "\", \"", second_->address(), "\"]"));
    address_ = StartBridge(config);
    ASSERT_FALSE(address_.empty()) << LogText();
    token_ = Mint("staff/a", "STAFF");
    ASSERT_TRUE(Await([this] { return Ready() == 200; }));
  }
  int Ready() { return Get(address_, "/readyz").status; }
  std::string Drop(int household, const std::string& request_id) {
    const std::string body = absl::StrCat(R"({"request_id":")", request_id, R"(","weight_grams":)", 1 + household, "}");
    return PostJson(address_, absl::StrCat("/v1/households/", household, "/drops"), body, token_).Reason();
  }
  // Drops of many households, under ids that begin with `round`; true if all were credited.
  bool DropAll(const std::string& round) {
    bool all = true;
    for (int household = 1; household <= 20; ++household) all = Drop(household, absl::StrCat(round, "-", household)) == "ok" && all;
    return all;
  }

  std::unique_ptr<FakeServer> second_;
  std::string token_;
};

TEST_F(BridgeBalance, AServerKilledUnderLoadCostsNoCall) {
  std::atomic<int> done{0};
  std::vector<std::thread> load;
  for (int thread = 0; thread < 4; ++thread) {
    load.emplace_back([&, thread] {
      for (int i = 0; i < 100; ++i) {
        const int household = thread * 100 + i + 1;
        EXPECT_EQ(Drop(household, absl::StrCat("id-", household)), "ok");
        ++done;
      }
    });
  }
  EXPECT_TRUE(Await([&] { return done > 150; }));
  second_->Kill();
  for (std::thread& thread : load) thread.join();
  std::map<std::string, std::string> seen = server_->drops();
  const std::map<std::string, std::string> by_second = second_->drops();
  EXPECT_GT(by_second.size(), 20u) << "while it lived it had its part";
  for (const auto& [id, body] : by_second) EXPECT_EQ(seen.emplace(id, body).first->second, body) << id;
  EXPECT_EQ(seen.size(), 400u);
}

TEST_F(BridgeBalance, ADrainingServerGetsNothingNewAndItsPartReturns) {
  EXPECT_TRUE(Await([&, round = 0]() mutable { return DropAll(absl::StrCat("a", ++round)) && second_->drops_seen() > 0; }));
  second_->SetServing(false);
  int before = -1;
  EXPECT_TRUE(Await([&, round = 0]() mutable {
    before = second_->drops_seen();
    return DropAll(absl::StrCat("b", ++round)) && second_->drops_seen() == before;
  }));
  EXPECT_TRUE(DropAll("c"));
  EXPECT_EQ(second_->drops_seen(), before);
  EXPECT_EQ(Ready(), 200);
  second_->SetServing(true);
  EXPECT_TRUE(Await([&, round = 0]() mutable { return DropAll(absl::StrCat("d", ++round)) && second_->drops_seen() > before; }));
}

TEST_F(BridgeBalance, WithBothGoneItSaysSoAndRecoversByItself) {
  server_->Kill();
  second_->Kill();
  const std::string gone = Drop(1, "x");
  EXPECT_TRUE(gone == "SERVER_UNREACHABLE" || gone == "OUTCOME_UNKNOWN") << gone;
  EXPECT_TRUE(Await([&] { return Ready() == 503; }));
  EXPECT_EQ(Drop(1, "y"), "SERVER_UNREACHABLE");
  server_->Start();
  second_->Start();
  EXPECT_TRUE(Await([&] { return Ready() == 200; }));
  EXPECT_EQ(Drop(1, "z"), "ok");
}

TEST_F(BridgeBalance, ASlowServerEndsByTheDeadlineAndABusyOneSpeaksForItself) {
  EXPECT_EQ(Get(address_, "/v1/households/504/balance", token_).Reason(), "OUTCOME_UNKNOWN");
  const ProbeReply busy = PostJson(address_, "/v1/households/1/drops", R"({"request_id":"b","station_code":"busy"})", token_);
  EXPECT_EQ(busy.Reason(), "OVERLOADED");
  EXPECT_EQ(busy.headers.at("retry-after"), "7") << "the wait is the caller's";
  EXPECT_EQ(server_->drops_seen() + second_->drops_seen(), 1) << "and it was not sent on";
}

TEST(BridgeTargets, AreReadAndCheckedByName) {
  const auto parse = [](const std::string& top) { return ParseConfig(top + "\n[wechat]\napp_id = \"a\"\nsecret_file = \"s\"\n", "/tmp"); };
  EXPECT_EQ(parse("")->targets, std::vector<std::string>{"127.0.0.1:7000"});
  EXPECT_EQ(parse("server = \"h:1\"")->targets, std::vector<std::string>{"h:1"});
  EXPECT_EQ(parse("targets = [\"h:1\", \"[::1]:2\"]\naffinity = false")->targets, (std::vector<std::string>{"h:1", "[::1]:2"}));
  const auto fault = [&](const std::string& top) { return std::string(parse(top).status().message()); };
  const std::pair<const char*, const char*> faults[] = {
      {"server = \"h\"", "server："},
      {"targets = []", "targets：至少要有一个"},
      {"targets = [\"h:1\", \"h\"]", "targets[1]："},
      {"targets = [\"h:1\", \"H:1\"]", "targets[1]：\"H:1\" 与 targets[0] 重复"},
      {"targets = [\"h:1\", 2]", "targets must be a list of strings"},
      {"targets = \"h:1\"", "targets must be a list of strings"},
      {"server = \"h:1\"\ntargets = [\"h:2\"]", "targets is in place of server"},
      {"production = true\ntargets = [\"127.0.0.1:1\", \"h:2\"]", "production: targets h:2 is not on this machine"},
  };
  for (const auto& [top, part] : faults) EXPECT_TRUE(absl::StrContains(fault(top), part)) << top << " → " << fault(top);
}

}  // namespace
}  // namespace fenfen::bridge
