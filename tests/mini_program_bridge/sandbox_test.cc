// The sandbox speaks WeChat's contract: codes that are good once, and its error codes.
#include "mini_program_bridge/sandbox/sandbox.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "absl/strings/str_cat.h"

namespace fenfen::bridge {
namespace {

class SandboxTest : public ::testing::Test {
 protected:
  boost::json::value Send(const std::string& method, const std::string& target, const std::string& body = "") {
    HttpRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    boost::json::value json;
    sandbox_.Handle(std::move(request), [&](const HttpResponse& response) { json = boost::json::parse(*response.body); });
    return json;
  }
  std::string Code() { return std::string(Send("POST", "/sandbox/codes", R"({"openid":"o1"})").at("code").as_string()); }
  boost::json::value Exchange(const std::string& code, const std::string& rest = "appid=a&secret=s&grant_type=authorization_code") {
    return Send("GET", absl::StrCat("/sns/jscode2session?js_code=", code, "&", rest));
  }
  std::int64_t Errcode(const boost::json::value& reply) {
    return reply.as_object().contains("errcode") ? reply.at("errcode").as_int64() : 0;
  }

  absl::Time now_ = absl::FromUnixSeconds(1750000000);
  Sandbox sandbox_{*ParseSandboxPeople(R"([{"openid":"o1","label":"居民"}])"), [this] { return now_; }};
};

TEST_F(SandboxTest, ACodeIsGoodOnceForFiveMinutes) {
  const std::string code = Code();
  const boost::json::value reply = Exchange(code);
  EXPECT_EQ(reply.at("openid").as_string(), "o1");
  EXPECT_EQ(reply.at("session_key").as_string().size(), 24u);
  EXPECT_EQ(Errcode(Exchange(code)), 40029);
  const std::string late = Code(), in_time = Code();
  now_ += absl::Minutes(5) - absl::Seconds(1);
  EXPECT_EQ(Errcode(Exchange(in_time)), 0);
  now_ += absl::Seconds(1);
  EXPECT_EQ(Errcode(Exchange(late)), 40029);
}

TEST_F(SandboxTest, SpeaksWechatsErrors) {
  const std::string code = Code();
  EXPECT_EQ(Errcode(Exchange("busy-once-" + code)), -1);
  EXPECT_EQ(Errcode(Exchange("busy-once-" + code)), 0);
  EXPECT_EQ(Errcode(Exchange("high-risk")), 40226);
  EXPECT_EQ(Errcode(Exchange("too-often")), 45011);
  EXPECT_EQ(Errcode(Exchange(Code(), "secret=s&grant_type=authorization_code")), 40013);
  EXPECT_EQ(Errcode(Exchange(Code(), "appid=a&grant_type=authorization_code")), 40125);
  EXPECT_EQ(Errcode(Exchange(Code(), "appid=a&secret=s")), 40002);
}

TEST_F(SandboxTest, APersonMayExchangeAHundredCodesAMinute) {
  for (int i = 0; i < 100; ++i) ASSERT_EQ(Errcode(Exchange(Code())), 0) << i;
  EXPECT_EQ(Errcode(Exchange(Code())), 45011);
  now_ += absl::Minutes(1);
  EXPECT_EQ(Errcode(Exchange(Code())), 0);
}

TEST_F(SandboxTest, OldCodesMakeRoom) {
  const std::string first = Code();
  for (std::size_t i = 0; i < Sandbox::kCodesMax; ++i) Code();
  EXPECT_EQ(Errcode(Exchange(first)), 40029);
}

TEST(SandboxPeople, AreChecked) {
  for (const char* text : {"", "{}", "[1]", R"([{"openid":"a"}])", R"([{"openid":"","label":"x"}])"})
    EXPECT_FALSE(ParseSandboxPeople(text).ok()) << text;
}

}  // namespace
}  // namespace fenfen::bridge
