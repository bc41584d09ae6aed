// The bridge over HTTP, in front of a fake server and the WeChat sandbox: what its clients rely on.
#include <signal.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/mini_program_bridge/bridge_fixture.h"

namespace fenfen::bridge {
namespace {

class BridgeTest : public BridgeFixture {};

constexpr char kDrop[] =
    R"({"request_id":"0197a3c0-5f00-7b1e-8a55-0f6d3c2b1a90","station_code":"FS1.a.1.b","category":"CATEGORY_FOOD","weight_grams":1200})";

TEST_F(BridgeTest, SignInLeadsToACallInTheResidentsName) {
  const ProbeReply session = PostJson(address_, "/v1/sessions", absl::StrCat(R"({"code":")", Code(), "\"}"));
  ASSERT_EQ(session.status, 200) << session.body;
  const boost::json::value data = session.Json().at("data");
  EXPECT_EQ(data.at("principal").at("subject").as_string(), "households/1/members/2");
  EXPECT_EQ(data.at("principal").at("role").as_string(), "ROLE_RESIDENT");
  EXPECT_EQ(data.at("principals").as_array().size(), 2u) << "a person never signs in as a bridge";
  EXPECT_EQ(data.at("expires_in").as_int64(), 600);
  EXPECT_TRUE(absl::StartsWith(server_->authorization(), "Bearer ")) << "ResolveSubject was asked with a token of the bridge's own";
  const std::string token(data.at("token").as_string());
  EXPECT_NE(server_->authorization(), "Bearer " + token);
  const ProbeReply balance = Get(address_, "/v1/households/1/balance", token);
  EXPECT_EQ(balance.status, 200);
  EXPECT_EQ(balance.Json().at("errcode").as_int64(), 0);
  EXPECT_EQ(balance.Json().at("data").at("balance").at("reward").as_int64(), 12345);
  EXPECT_EQ(server_->authorization(), "Bearer " + token);
}

TEST_F(BridgeTest, AnInvitedPersonJoinsWithTheSignIn) {
  const ProbeReply session = PostJson(address_, "/v1/sessions", absl::StrCat(R"({"code":")", Code(), R"(","invitation":"FI1.A"})"));
  ASSERT_EQ(session.status, 200) << session.body;
  EXPECT_EQ(session.Json().at("data").at("principal").at("subject").as_string(), "households/1/members/2");
  EXPECT_EQ(server_->join().code(), "FI1.A");
  EXPECT_FALSE(server_->join().wechat_subject().empty());
  EXPECT_EQ(server_->join().request_id().size(), 36u);
  EXPECT_EQ(PostJson(address_, "/v1/sessions", absl::StrCat(R"({"code":")", Code(), R"(","invitation":"USED"})")).Reason(),
            "INVITATION_USED");
}

TEST_F(BridgeTest, ASubjectIsChosenAmongOnesOwn) {
  const ProbeReply merchant =
      PostJson(address_, "/v1/sessions", absl::StrCat(R"({"code":")", Code(), R"(","subject":"merchants/m1/operators/o1"})"));
  ASSERT_EQ(merchant.Reason(), "ok") << merchant.body;
  EXPECT_EQ(merchant.Json().at("data").at("principal").at("role").as_string(), "ROLE_MERCHANT");
  EXPECT_EQ(PostJson(address_, "/v1/sessions", absl::StrCat(R"({"code":")", Code(), R"(","subject":"staff/boss"})")).Reason(),
            "PERMISSION_DENIED");
  EXPECT_EQ(PostJson(address_, "/v1/sessions", absl::StrCat(R"({"code":")", Code(), R"(","subject":"bridges/b"})")).Reason(),
            "PERMISSION_DENIED");
}

TEST_F(BridgeTest, EachWayThatWechatRefusesHasItsReason) {
  const auto sign_in = [&](const std::string& code) {
    return PostJson(address_, "/v1/sessions", absl::StrCat(R"({"code":")", code, "\"}"));
  };
  const std::string code = Code();
  EXPECT_EQ(sign_in(code).Reason(), "ok");
  EXPECT_EQ(sign_in(code).Reason(), "SIGN_IN_CODE_INVALID") << "a code is good once";
  EXPECT_EQ(sign_in("nonsense&appid=other").Reason(), "SIGN_IN_CODE_INVALID");
  EXPECT_EQ(sign_in("busy-once-" + Code()).Reason(), "ok") << "busy is tried once more";
  EXPECT_EQ(sign_in("busy-always").Reason(), "WECHAT_UNAVAILABLE");
  EXPECT_EQ(sign_in("high-risk").Reason(), "WECHAT_USER_BLOCKED");
  const ProbeReply often = sign_in("too-often");
  EXPECT_EQ(often.Reason(), "RATE_LIMITED");
  EXPECT_EQ(often.headers.at("retry-after"), "60");
  EXPECT_EQ(sign_in("").Reason(), "FIELD_MISSING");
  server_->Know("nobody");
  EXPECT_EQ(sign_in(Code()).Reason(), "PERSON_UNKNOWN");
  EXPECT_EQ(sandbox_->Stop(SIGTERM), 0);
  EXPECT_EQ(sign_in("any").Reason(), "WECHAT_UNAVAILABLE");
}

TEST_F(BridgeTest, SecretsAppearInNoLog) {
  // The sandbox's session_key is the same for the same person, so a direct exchange tells it.
  const std::string target = absl::StrCat("/sns/jscode2session?appid=wxtest&secret=s&grant_type=authorization_code&js_code=", Code());
  const boost::json::value direct = Get(sandbox_address_, target).Json();
  const std::string session_key(direct.at("session_key").as_string());
  ASSERT_EQ(direct.at("openid").as_string(), kOpenid);
  const std::string code = Code();
  const ProbeReply session = PostJson(address_, "/v1/sessions", absl::StrCat(R"({"code":")", code, "\"}"));
  const std::string token(session.Json().at("data").at("token").as_string());
  EXPECT_EQ(session.body.find(session_key), std::string::npos);
  EXPECT_EQ(session.body.find(kOpenid), std::string::npos);
  Get(address_, "/v1/regions/1/households:find?door=3-2-501canary", token);
  Get(address_, "/v1/households/1/balance", token);
  const std::string log = FinalLog();
  EXPECT_NE(log.find("/v1/sessions"), std::string::npos);
  EXPECT_NE(log.find("/v1/{region=regions/*}/households:find"), std::string::npos);
  for (const std::string& secret : {session_key, std::string(kOpenid), code, token, std::string("canary-app-secret"),
                                    std::string("501canary"), std::string("households/1/")}) {
    EXPECT_EQ(log.find(secret), std::string::npos) << secret;
  }
}

// Of each service that residents and merchants call, one method: nothing but the proto's option says where it is.
TEST_F(BridgeTest, EachServiceIsWhereItsOptionSays) {
  const std::string token = SignIn();
  const std::string id = R"("request_id":"0197a3c0-5f00-7b1e-8a55-0f6d3c2b1a90")";
  const auto data = [](const ProbeReply& reply, const char* field) {
    EXPECT_EQ(reply.Reason(), "ok") << reply.body;
    return reply.Json().at("data").at(field);
  };
  const boost::json::value quest = data(Get(address_, "/v1/households/1/quests", token), "quests").at(0);
  EXPECT_EQ(quest.at("team_title").as_string(), "households/1");
  EXPECT_EQ(quest.at("state").as_string(), "STATE_OPEN");
  EXPECT_EQ(quest.at("steps").at(0).at("left_zh").as_string(), "还差 3 次");
  EXPECT_EQ(data(Get(address_, "/v1/merchants/m1/settlements", token), "settlements").at(0).at("name").as_string(),
            "merchants/m1/settlements/1");
  const boost::json::value transfer = data(
      PostJson(address_, "/v1/households/1:giftPoints", absl::StrCat("{", id, R"(,"to":"households/2","amount":150})"), token), "transfer");
  EXPECT_EQ(transfer.at("from").as_string(), "households/1");
  EXPECT_EQ(transfer.at("to").as_string(), "households/2");
  EXPECT_EQ(transfer.at("amount").as_int64(), 150);
  const boost::json::value appeal = data(
      PostJson(address_, "/v1/households/1/entries/5:appeal", absl::StrCat("{", id, R"(,"reason":"CORRECTION_REASON_MISSED"})"), token),
      "appeal");
  EXPECT_EQ(appeal.at("entry").as_string(), "households/1/entries/5");
  EXPECT_EQ(appeal.at("reason").as_string(), "CORRECTION_REASON_MISSED");
  const boost::json::value invitation = data(
      PostJson(address_, "/v1/households/1/invitations", absl::StrCat("{", id, R"(,"role":"MEMBER_ROLE_MINOR"})"), token), "invitation");
  EXPECT_EQ(invitation.at("code").as_string(), "AJ31X");
  EXPECT_EQ(invitation.at("role").as_string(), "MEMBER_ROLE_MINOR");
}

TEST_F(BridgeTest, WithoutATokenNothingIsReachedButWhatIsPublic) {
  const ProbeReply missing = Get(address_, "/v1/households/1/balance");
  EXPECT_EQ(missing.status, 401);
  EXPECT_EQ(missing.Reason(), "TOKEN_MISSING");
  EXPECT_EQ(missing.headers.at("www-authenticate"), "Bearer");
  EXPECT_EQ(missing.Json().at("errmsg").as_string(), "请先登录");
  EXPECT_EQ(missing.Json().at("errmsg_en").as_string(), "Please sign in");
  EXPECT_EQ(missing.Json().at("errcode").as_int64(), 30);
  EXPECT_EQ(PostJson(address_, "/v1/households/1/drops", "not json").Reason(), "TOKEN_MISSING") << "who is asking comes before what";
  EXPECT_EQ(Get(address_, "/v1/offers").status, 200);
}

TEST_F(BridgeTest, RefusalsOfTheServerComeThroughWhole) {
  const std::string token = Mint("households/1/members/1", "RESIDENT");
  const auto drop = [&](const std::string& more) {
    return PostJson(address_, "/v1/households/1/drops", absl::StrCat(R"({"request_id":"x")", more, "}"), token);
  };
  const ProbeReply heavy = drop(R"(,"weight_grams":60000)");
  EXPECT_EQ(heavy.status, 400);
  EXPECT_EQ(heavy.Reason(), "WEIGHT_TOO_LARGE");
  EXPECT_EQ(heavy.Json().at("errmsg").as_string(), "重量 60000 克超出上限 50000 克，请核对");
  EXPECT_EQ(heavy.Json().at("field").as_string(), "weight_grams");
  EXPECT_EQ(heavy.headers.count("retry-after"), 0u);
  const ProbeReply busy = drop(R"(,"station_code":"busy")");
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.headers.at("retry-after"), "7");
  EXPECT_EQ(drop(R"(,"station_code":"again")").headers.at("fenfen-replayed"), "1");
  EXPECT_EQ(PostJson(address_, "/v1/households/1/drops", "{}", token).Reason(), "REQUEST_ID_MISSING");
  EXPECT_EQ(Get(address_, "/v1/households/404/balance", token).status, 404);
  EXPECT_EQ(Get(address_, "/v1/households/504/balance", token).Reason(), "OUTCOME_UNKNOWN");
  const ProbeReply fault = Get(address_, "/v1/households/500/balance", token);
  EXPECT_EQ(fault.status, 500);
  EXPECT_EQ(fault.Json().at("errcode").as_int64(), -1);
  EXPECT_EQ(fault.body.find("stack"), std::string::npos) << "the server's own words stay in the log";
  EXPECT_NE(FinalLog().find("the stack of the server"), std::string::npos);
}

TEST_F(BridgeTest, AFieldOfTheWrongKindNeverReachesTheServer) {
  const std::string token = Mint("households/1/members/1", "RESIDENT");
  const auto drop = [&](const std::string& body) { return PostJson(address_, "/v1/households/1/drops", body, token); };
  EXPECT_EQ(drop(R"({"request_id":"before"})").Reason(), "ok");
  EXPECT_EQ(drop(R"({"weight_grams":"heavy"})").Reason(), "WEIGHT_NOT_A_NUMBER");
  EXPECT_EQ(drop(R"({"category":"CATEGORY_GOLD"})").Reason(), "CATEGORY_UNKNOWN");
  EXPECT_EQ(drop(R"({"colour":"green"})").Reason(), "FIELD_UNKNOWN");
  EXPECT_EQ(drop(R"({"request_id":)").Json().at("errmsg").as_string(), "请求内容不是有效的 JSON（第 14 字节）");
  EXPECT_EQ(drop(R"({"request_id":"a","request_id":"b"})").Reason(), "FIELD_MALFORMED");
  EXPECT_EQ(server_->drop().request_id(), "before");
  EXPECT_EQ(drop(kDrop).Reason(), "ok");
  EXPECT_EQ(server_->drop().household(), "households/1");
  EXPECT_EQ(server_->drop().weight_grams(), 1200);
}

TEST_F(BridgeTest, ARequestIdIsKeptOrMadeAndGoesAlong) {
  const std::string token = Mint("households/1/members/1", "RESIDENT");
  const ProbeReply given = Fetch(address_, "GET", "/v1/households/1/balance", {"Authorization: Bearer " + token, "X-Request-Id: trace-1"});
  EXPECT_EQ(given.headers.at("x-request-id"), "trace-1");
  EXPECT_EQ(given.Json().at("request_id").as_string(), "trace-1");
  EXPECT_EQ(server_->request_id(), "trace-1");
  const ProbeReply forged = Fetch(address_, "GET", "/v1/households/1/balance", {"Authorization: Bearer " + token, "X-Request-Id: a\"b c"});
  EXPECT_EQ(forged.headers.at("x-request-id"), server_->request_id());
  EXPECT_NE(forged.headers.at("x-request-id"), "a\"b c");
  EXPECT_NE(FinalLog().find("trace-1"), std::string::npos);
}

TEST_F(BridgeTest, AnAuthorizationThatGrpcCannotCarryIsRefusedHere) {
  EXPECT_EQ(Fetch(address_, "GET", "/v1/households/1/balance", {"Authorization: Bearer \xe5\x88\x86"}).Reason(), "TOKEN_INVALID");
}

TEST_F(BridgeTest, AddressesAndMethodsThatDoNotFit) {
  EXPECT_EQ(Get(address_, "/v1/nothing").status, 404);
  EXPECT_EQ(Get(address_, "/v1/nothing").Reason(), "ROUTE_UNKNOWN");
  const ProbeReply wrong = Fetch(address_, "DELETE", "/v1/offers");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.Reason(), "METHOD_NOT_ALLOWED");
  EXPECT_EQ(wrong.headers.at("allow"), "GET, OPTIONS");
  const ProbeReply options = Fetch(address_, "OPTIONS", "/v1/households/1/vouchers");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.at("allow"), "GET, POST, OPTIONS");
  EXPECT_EQ(Fetch(address_, "PUT", "/").status, 405);
  EXPECT_EQ(Fetch(address_, "POST", "/v1/sessions", {"Content-Type: text/plain"}, "{}").status, 415);
  EXPECT_EQ(Fetch(address_, "POST", "/fenfen.v1.IdentityService/ResolveSubject", {"Content-Type: application/json"}, "{}").status, 404);
  for (const char* path : {"/../bridge.key.pem", "/static/../../bridge.key.pem", "/%2e%2e/bridge.key.pem", "/..%2fbridge.key.pem",
                           "//etc/passwd", "*", "/%00"}) {
    EXPECT_EQ(Get(address_, path).status, 404) << path;
  }
}

TEST_F(BridgeTest, AHeadIsAGetWithoutItsBodyAndTheConnectionGoesOn) {
  Probe probe(address_);
  probe.Send("HEAD /v1/offers HTTP/1.1\r\nHost: t\r\n\r\nHEAD / HTTP/1.1\r\nHost: t\r\n\r\nGET /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
  const ProbeReply offers = probe.Read(/*bodyless=*/true), page = probe.Read(/*bodyless=*/true), health = probe.Read();
  EXPECT_EQ(offers.status, 200);
  EXPECT_GT(std::stoi(offers.headers.at("content-length")), 1000);
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(health.Reason(), "ok");
}

TEST_F(BridgeTest, PublicReadsAreKeptForTheSecondsOfTheirOption) {
  const ProbeReply first = Get(address_, "/v1/offers"), second = Get(address_, "/v1/offers", "whoever");
  EXPECT_EQ(server_->offers_listed(), 1);
  EXPECT_TRUE(absl::StartsWith(first.headers.at("cache-control"), "public, max-age="));
  EXPECT_EQ(first.Json().at("data"), second.Json().at("data"));
  EXPECT_NE(first.Json().at("request_id"), second.Json().at("request_id"));
  EXPECT_EQ(server_->authorization(), "") << "what is shared is asked for by nobody in particular";
  EXPECT_EQ(Get(address_, "/v1/offers?x=1").Reason(), "FIELD_UNKNOWN");
  const std::string token = Mint("households/1/members/1", "RESIDENT");
  EXPECT_EQ(Get(address_, "/v1/households/1/balance", token).headers.at("cache-control"), "no-store");
}

TEST_F(BridgeTest, LongRepliesAreCompressedForThoseWhoTakeIt) {
  const std::string token = "Authorization: Bearer " + Mint("households/1/members/1", "RESIDENT");
  for (const std::string& path : {std::string("/v1/households/1/entries"), std::string("/v1/offers")}) {
    const ProbeReply plain = Fetch(address_, "GET", path, {token}), small = Fetch(address_, "GET", path, {token, "Accept-Encoding: gzip"});
    EXPECT_EQ(plain.headers.count("content-encoding"), 0u);
    EXPECT_EQ(small.headers.at("content-encoding"), "gzip");
    EXPECT_EQ(small.headers.at("vary"), "Accept-Encoding");
    EXPECT_LT(small.body.size() * 4, plain.body.size());
  }
  EXPECT_EQ(Fetch(address_, "GET", "/v1/households/1/balance", {token, "Accept-Encoding: gzip"}).headers.count("content-encoding"), 0u);
}

TEST_F(BridgeTest, EveryReplyCarriesTheSecurityHeaders) {
  for (const char* path : {"/", "/v1/offers", "/v1/nothing", "/healthz", "/openapi.json"}) {
    const ProbeReply reply = Get(address_, path);
    EXPECT_EQ(reply.headers.at("x-content-type-options"), "nosniff") << path;
    EXPECT_EQ(reply.headers.at("referrer-policy"), "no-referrer") << path;
    EXPECT_TRUE(absl::StrContains(reply.headers.at("permissions-policy"), "camera=(self)")) << path;
    EXPECT_TRUE(absl::StrContains(reply.headers.at("content-security-policy"), "frame-ancestors 'none'")) << path;
    EXPECT_EQ(reply.headers.count("server"), 0u) << path;
    EXPECT_EQ(reply.headers.count("strict-transport-security"), 0u) << "only behind TLS, in production";
  }
}

TEST_F(BridgeTest, AQrImageIsForThoseWhomTheOptionGrantsIt) {
  const std::string body = R"({"text":"FS1.a.1.b"})";
  const ProbeReply image = PostJson(address_, "/v1/qr", body, Mint("households/1/members/1", "RESIDENT"));
  EXPECT_EQ(image.status, 200);
  EXPECT_EQ(image.headers.at("content-type"), "image/png");
  EXPECT_EQ(image.body.substr(1, 3), "PNG");
  EXPECT_EQ(PostJson(address_, "/v1/qr", body).Reason(), "TOKEN_MISSING");
  EXPECT_EQ(PostJson(address_, "/v1/qr", body, "a.b.c").Reason(), "TOKEN_INVALID");
  EXPECT_EQ(PostJson(address_, "/v1/qr", body, Mint("merchants/m/operators/o", "MERCHANT")).Reason(), "PERMISSION_DENIED");
  const std::string token = Mint("staff/a", "STAFF");
  EXPECT_EQ(PostJson(address_, "/v1/qr", "{}", token).Reason(), "FIELD_MISSING");
  EXPECT_EQ(PostJson(address_, "/v1/qr", absl::StrCat(R"({"text":")", std::string(513, 'x'), "\"}"), token).Reason(), "FIELD_TOO_LONG");
  EXPECT_EQ(PostJson(address_, "/v1/qr", absl::StrCat(R"({"text":")", std::string(512, 'x'), "\"}"), token).status, 200);
}

TEST_F(BridgeTest, ReadyMeansThatTheServerServesAndComesBackWithIt) {
  EXPECT_EQ(Get(address_, "/healthz").status, 200);
  EXPECT_EQ(Get(address_, "/readyz").status, 200);
  const int port = server_->port();
  server_ = nullptr;
  EXPECT_EQ(Get(address_, "/healthz").status, 200);
  EXPECT_EQ(Get(address_, "/readyz").status, 503);
  const ProbeReply gone = Get(address_, "/v1/households/1/balance", Mint("households/1/members/1", "RESIDENT"));
  EXPECT_EQ(gone.Reason(), "SERVER_UNREACHABLE");
  EXPECT_EQ(gone.headers.at("retry-after"), "1");
  EXPECT_EQ(gone.body.find(absl::StrCat(port)), std::string::npos) << "where the server is concerns nobody";
  server_ = std::make_unique<FakeServer>(port);
  int status = 0;
  for (int i = 0; i < 100 && status != 200; ++i) {
    absl::SleepFor(absl::Milliseconds(100));
    status = Get(address_, "/readyz").status;
  }
  EXPECT_EQ(status, 200);
}

TEST_F(BridgeTest, TheDocumentIsServed) {
  const ProbeReply document = Get(address_, "/openapi.json");
  EXPECT_EQ(document.status, 200);
  EXPECT_EQ(document.Json().at("openapi").as_string(), "3.0.3");
}

TEST_F(BridgeTest, TheSandboxIsForwardedToOnlyWhereItIsOn) {
  const ProbeReply people = Get(address_, "/v1/sandbox/people");
  EXPECT_EQ(people.Json().at("data").at("people").as_array().size(), 2u);
  EXPECT_EQ(PostJson(address_, "/v1/sandbox/codes", R"({"openid":"nobody"})").Reason(), "PERSON_UNKNOWN");
  EXPECT_EQ(PostJson(address_, "/v1/sandbox/codes", "{").Reason(), "BODY_NOT_JSON");
  EXPECT_EQ(Get(address_, "/v1/sandbox/codes").status, 405);
  std::string config = Config();
  config.replace(config.find("sandbox = true"), 14, "sandbox = false");
  config.replace(config.find("http://"), 7, "https://");
  address_ = StartBridge(config);
  ASSERT_FALSE(address_.empty()) << LogText();
  EXPECT_EQ(Get(address_, "/v1/sandbox/people").Reason(), "ROUTE_UNKNOWN");
  EXPECT_EQ(PostJson(address_, "/v1/sessions", R"({"code":"x"})").Reason(), "WECHAT_UNAVAILABLE") << "what answers does not speak TLS";
}

TEST_F(BridgeTest, SigtermLetsARequestFinish) {
  const std::string token = Mint("households/1/members/1", "RESIDENT");
  Probe idle(address_);
  idle.Send("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(idle.Read().status, 200);
  ProbeReply slow;
  std::thread caller([&] { slow = Get(address_, "/v1/households/600/balance", token); });
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_EQ(bridge_->Stop(SIGTERM), 0);
  caller.join();
  EXPECT_EQ(slow.status, 200);
  EXPECT_EQ(slow.headers.at("connection"), "close");
  EXPECT_TRUE(idle.ClosedWithin(1000));
  EXPECT_EQ(Get(address_, "/healthz").status, 0);
  EXPECT_NE(LogText().find("\"stopped\""), std::string::npos);
}

}  // namespace
}  // namespace fenfen::bridge
