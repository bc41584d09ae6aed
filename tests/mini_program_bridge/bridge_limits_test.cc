// The bridge's limits of size, time and number, and what it refuses to start with.
#include <signal.h>

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/mini_program_bridge/bridge_fixture.h"

namespace fenfen::bridge {
namespace {

class BridgeLimitsTest : public BridgeFixture {
 protected:
  void Restart(const std::string& limits, const std::string& top = "") {
    address_ = StartBridge(top + Config(limits));
    ASSERT_FALSE(address_.empty()) << LogText();
  }
  // What the bridge says where it does not start.
  std::string Refusal(const std::string& config) {
    Write("bad.toml", config);
    const std::string output = absl::StrCat(folder_, "/bad.", ++started_);
    Process process("fenfen-bridge", {"--config", folder_ + "/bad.toml"}, output);
    const int status = process.Wait();
    return absl::StrCat(status, " ", ReadAll(output));
  }
  // The configuration with one text in place of another.
  std::string Changed(const std::string& from, const std::string& to) {
    std::string config = Config();
    config.replace(config.find(from), from.size(), to);
    return config;
  }

  int started_ = 0;
};

TEST_F(BridgeLimitsTest, ABodyOver256KiBIsRefusedAndTheClientHearsIt) {
  const std::string body(300000, ' ');
  const ProbeReply declared = PostJson(address_, "/v1/sessions", body);
  EXPECT_EQ(declared.status, 413);
  EXPECT_EQ(declared.Reason(), "BODY_TOO_LARGE");
  Probe chunked(address_);
  chunked.Send("POST /v1/sessions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 30; ++i) chunked.Send(absl::StrCat("2710\r\n", std::string(10000, ' '), "\r\n"));
  EXPECT_EQ(chunked.Read().Reason(), "BODY_TOO_LARGE");
  EXPECT_EQ(PostJson(address_, "/v1/sessions", std::string(262144, ' ')).Reason(), "BODY_NOT_JSON") << "the limit itself is taken";
}

TEST_F(BridgeLimitsTest, AHeadOver8KiBIsRefused) {
  const ProbeReply reply = Fetch(address_, "GET", "/healthz", {"X-Long: " + std::string(9000, 'x')});
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.Reason(), "FIELD_TOO_LONG");
  EXPECT_EQ(Fetch(address_, "GET", "/" + std::string(9000, 'x')).Reason(), "FIELD_TOO_LONG");
}

TEST_F(BridgeLimitsTest, WhatIsNotHttpIsToldSo) {
  for (const char* nonsense : {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                               "GET / HTTP/1.1\r\nno colon\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                               "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                               "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    Probe probe(address_);
    probe.Send(nonsense);
    const ProbeReply reply = probe.Read();
    EXPECT_EQ(reply.status, 400) << nonsense;
    EXPECT_EQ(reply.Reason(), "FIELD_MALFORMED") << nonsense;
    EXPECT_TRUE(probe.ClosedWithin(3000));
  }
}

TEST_F(BridgeLimitsTest, ASlowClientIsToldAndLetGo) {
  Restart("head_seconds = 1\nbody_seconds = 1\nidle_seconds = 1\n");
  Probe head(address_), body(address_), idle(address_), silent(address_);
  head.Send("GET /healthz HTTP/1.1\r\nHos");
  body.Send("POST /v1/sessions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
  idle.Send("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(idle.Read().status, 200);
  const ProbeReply head_reply = head.Read();
  EXPECT_EQ(head_reply.status, 408);
  EXPECT_EQ(head_reply.Reason(), "REQUEST_TIMEOUT");
  EXPECT_EQ(body.Read().Reason(), "REQUEST_TIMEOUT");
  EXPECT_TRUE(idle.ClosedWithin(2000));
  EXPECT_TRUE(silent.ClosedWithin(2000)) << "who said nothing is answered nothing";
}

TEST_F(BridgeLimitsTest, ARequestInPiecesAndTwoAtOnceAreStillRequests) {
  Probe pieces(address_);
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n";
  for (const char c : request) pieces.Send(std::string(1, c));
  EXPECT_EQ(pieces.Read().Reason(), "ok");
  pieces.Send(request + request);
  EXPECT_EQ(pieces.Read().Reason(), "ok");
  EXPECT_EQ(pieces.Read().Reason(), "ok");
  Probe waits(address_);
  waits.Send(
      "POST /v1/sandbox/codes HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(waits.Read().status, 100);
  waits.Send("{}");
  EXPECT_EQ(waits.Read().Reason(), "PERSON_UNKNOWN");
}

TEST_F(BridgeLimitsTest, ConnectionsBeyondTheLimitAreToldSo) {
  Restart("connections = 3\n");
  std::vector<std::unique_ptr<Probe>> probes;
  for (int i = 0; i < 3; ++i) {
    probes.push_back(std::make_unique<Probe>(address_));
    probes.back()->Send("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_EQ(probes.back()->Read().status, 200);
  }
  Probe beyond(address_);
  const ProbeReply reply = beyond.Read();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.Reason(), "OVERLOADED");
  probes.clear();
  int status = 0;
  for (int i = 0; i < 50 && status != 200; ++i) {
    absl::SleepFor(absl::Milliseconds(50));
    status = Get(address_, "/healthz").status;
  }
  EXPECT_EQ(status, 200) << "there is room again";
}

TEST_F(BridgeLimitsTest, ACallerTooOftenWaitsAndOthersDoNot) {
  Restart("rate_per_second = 1\nrate_burst = 3\n");
  const std::string token = Mint("households/1/members/1", "RESIDENT"), other = Mint("households/1/members/2", "RESIDENT");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Get(address_, "/v1/households/1/balance", token).status, 200);
  const ProbeReply often = Get(address_, "/v1/households/1/balance", token);
  EXPECT_EQ(often.status, 429);
  EXPECT_EQ(often.Reason(), "RATE_LIMITED");
  EXPECT_EQ(often.headers.at("retry-after"), "1");
  EXPECT_EQ(Get(address_, "/v1/households/1/balance", Mint("households/1/members/1", "RESIDENT")).status, 429)
      << "a new token is the same caller";
  EXPECT_EQ(Get(address_, "/v1/households/1/balance", other).status, 200);
  for (int i = 0; i < 3; ++i) Get(address_, "/v1/households/1/balance", absl::StrCat("forged", i));
  EXPECT_EQ(Get(address_, "/v1/households/1/balance", "forged9").status, 429) << "forged tokens share their address's bucket";
  EXPECT_EQ(Get(address_, "/").status, 200) << "pages are not counted";
}

TEST_F(BridgeLimitsTest, MetricsAreServedOnTheirOwnAddress) {
  const std::string port = absl::StrCat(sandbox_address_.substr(sandbox_address_.rfind(':') + 1));
  // The sandbox has to go, so that its port is free and known.
  sandbox_ = nullptr;
  Restart("", absl::StrCat("metrics_listen = \"127.0.0.1:", port, "\"\n"));
  Get(address_, "/v1/households/1/balance");
  const ProbeReply metrics = Get("127.0.0.1:" + port, "/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_NE(metrics.body.find(R"(fenfen_bridge_requests_total{route="/v1/{household=households/*}/balance",status="401"} 1)"),
            std::string::npos)
      << metrics.body;
  EXPECT_NE(metrics.body.find(R"(fenfen_bridge_refusals_total{reason="TOKEN_MISSING"} 1)"), std::string::npos);
  EXPECT_EQ(Get("127.0.0.1:" + port, "/v1/offers").status, 404);
  EXPECT_EQ(Get(address_, "/metrics").status, 404);
}

TEST_F(BridgeLimitsTest, ProductionRefusesWhatIsForDemonstrations) {
  const auto expect = [&](const std::string& config, const std::string& part) {
    const std::string said = Refusal(config);
    EXPECT_EQ(said[0], '2') << said;
    EXPECT_NE(said.find(part), std::string::npos) << said;
  };
  const std::string production = "production = true\n";
  expect(production + Config(), "sandbox must be false");
  std::string real = Changed("sandbox = true", "sandbox = false");
  real.replace(real.find("http://"), 7, "https://");
  expect(production + real, "api must not be on this machine");
  std::string away = Config();
  away.replace(away.find("127.0.0.1:" + absl::StrCat(server_->port())), std::string("127.0.0.1:").size(), "10.0.0.1:");
  away.replace(away.find("sandbox = true"), 14, "sandbox = false");
  away.replace(away.find(absl::StrCat("http://", sandbox_address_)), 7 + sandbox_address_.size(), "https://api.weixin.qq.com");
  expect(production + away, "server_ca is needed");
}

TEST_F(BridgeLimitsTest, AMistakeInTheConfigurationIsNamed) {
  EXPECT_EQ(Refusal("colour = \"green\"\n" + Config()).find("2 "), 0u);
  EXPECT_NE(Refusal("colour = \"green\"\n" + Config()).find("colour is not a known key"), std::string::npos);
  EXPECT_NE(Refusal(Changed("ttl_seconds = 600", "ttl_seconds = 100000")).find("[session] ttl_seconds must be 60 to 86400"),
            std::string::npos);
  EXPECT_NE(Refusal(Changed("ttl_seconds = 600", "ttl_seconds = \"x\"")).find("must be a whole number"), std::string::npos);
  EXPECT_NE(Refusal(Changed("sandbox = true", "sandbox = false")).find("must be https"), std::string::npos);
  EXPECT_NE(Refusal("= 3").find("line 1"), std::string::npos);
  EXPECT_NE(Refusal(Changed("\"static\"", "\"absent\"")).find("static_dir"), std::string::npos);
  EXPECT_NE(Refusal(Changed("\"127.0.0.1:0\"", "\"here:0\"")).find("not an IP address"), std::string::npos);
  Write("subject.key", "short", 0600);
  EXPECT_NE(Refusal(Config()).find("64 hexadecimal digits"), std::string::npos);
  Write("subject.key", std::string(64, 'a'), 0644);
  EXPECT_NE(Refusal(Config()).find("subject.key"), std::string::npos);
}

}  // namespace
}  // namespace fenfen::bridge
