#include "tests/mini_program_bridge/bridge_fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <boost/json/object.hpp>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/key_file.h"
#include "mini_program_bridge/wechat.h"

namespace fenfen::bridge {

void BridgeFixture::Write(const std::string& name, const std::string& content, int mode) {
  const std::string path = folder_ + "/" + name;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << content;
  chmod(path.c_str(), static_cast<mode_t>(mode));
}

void BridgeFixture::SetUp() {
  char name[] = "/tmp/fenfen_bridge_XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  folder_ = name;
  Write("bridge.key.pem", client::Ed25519Key::Generate()->PrivatePem());
  std::string hex;
  for (int i = 0; i < 32; ++i) hex += "07";
  Write("subject.key", hex);
  Write("secret", "canary-app-secret\n");
  Write("people.json", absl::StrCat(R"([{"openid":")", kOpenid, R"(","label":"居民 甲"},{"openid":"oStranger","label":"生人"}])"));
  Write("static/index.html", "<html><body>" + std::string(3000, 'p') + "</body></html>");
  server_ = std::make_unique<FakeServer>();
  ASSERT_GT(server_->port(), 0);
  server_->Know(WechatSubject(std::string(32, '\7'), "wxtest", kOpenid));
  sandbox_ = std::make_unique<Process>(
      "fenfen-wechat-sandbox",
      std::vector<std::string>{"--listen", "127.0.0.1:0", "--people", folder_ + "/people.json", "--ready-file", folder_ + "/sandbox.ready"},
      folder_ + "/sandbox.out");
  sandbox_address_ = AwaitAddress(folder_ + "/sandbox.ready");
  ASSERT_FALSE(sandbox_address_.empty()) << ReadAll(folder_ + "/sandbox.out");
  address_ = StartBridge(Config());
  ASSERT_FALSE(address_.empty()) << LogText();
}

void BridgeFixture::TearDown() {
  bridge_ = nullptr;
  sandbox_ = nullptr;
  server_ = nullptr;
  std::filesystem::remove_all(folder_);
}

std::string BridgeFixture::Config(const std::string& limits) {
  return absl::StrCat(
      "listen = \"127.0.0.1:0\"\nready_file = \"bridge.ready\"\nserver = \"", server_->address(),
      "\"\nstatic_dir = \"static\"\nsubject_key = \"subject.key\"\ndeadline_seconds = 1\n",
      "[session]\nissuer = \"bridge\"\nkey = \"bridge.key.pem\"\nttl_seconds = 600\n", "[wechat]\napi = \"http://", sandbox_address_,
      "\"\napp_id = \"wxtest\"\nsecret_file = \"secret\"\nsandbox = true\ndeadline_seconds = 2\n[log]\nfile = \"bridge.log\"\n",
      "[limits]\n", limits);
}

std::string BridgeFixture::StartBridge(const std::string& config) {
  bridge_ = nullptr;
  std::filesystem::remove(folder_ + "/bridge.ready");
  Write("bridge.toml", config);
  bridge_ =
      std::make_unique<Process>("fenfen-bridge", std::vector<std::string>{"--config", folder_ + "/bridge.toml"}, folder_ + "/bridge.out");
  return AwaitAddress(folder_ + "/bridge.ready");
}

std::string BridgeFixture::Code() {
  const ProbeReply reply = PostJson(address_, "/v1/sandbox/codes", absl::StrCat(R"({"openid":")", kOpenid, "\"}"));
  EXPECT_EQ(reply.Reason(), "ok") << reply.body;
  return reply.Reason() == "ok" ? std::string(reply.Json().at("data").at("code").as_string()) : "";
}

std::string BridgeFixture::SignIn() {
  const ProbeReply reply = PostJson(address_, "/v1/sessions", absl::StrCat(R"({"code":")", Code(), "\"}"));
  EXPECT_EQ(reply.Reason(), "ok") << reply.body;
  return reply.Reason() == "ok" ? std::string(reply.Json().at("data").at("token").as_string()) : "";
}

std::string BridgeFixture::Mint(const std::string& subject, const std::string& role) {
  return client::TokenSigner::FromPemFile(folder_ + "/bridge.key.pem", "bridge")->Mint(subject, role, absl::Now(), absl::Minutes(5));
}

}  // namespace fenfen::bridge
