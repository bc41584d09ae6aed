// The bridge and the WeChat sandbox as processes, before a fake server, in a temporary folder.
#ifndef FENFEN_TESTS_MINI_PROGRAM_BRIDGE_BRIDGE_FIXTURE_H_
#define FENFEN_TESTS_MINI_PROGRAM_BRIDGE_BRIDGE_FIXTURE_H_

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>

#include "clients/cpp/token.h"
#include "tests/mini_program_bridge/fake_server.h"
#include "tests/mini_program_bridge/http_probe.h"

namespace fenfen::bridge {

class BridgeFixture : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // The bridge's configuration; `limits` are further lines of [limits].
  std::string Config(const std::string& limits = "");
  // Starts a bridge with this configuration and gives its address.
  std::string StartBridge(const std::string& config);
  void Write(const std::string& name, const std::string& content, int mode = 0600);
  // A sign-in code for the sandbox's person, and a session made with one.
  std::string Code();
  std::string SignIn();
  // A token of the bridge's own key, for any subject.
  std::string Mint(const std::string& subject, const std::string& role);
  // What the bridge has written to its log so far; a line comes after the reply that it tells of.
  std::string LogText() { return ReadAll(folder_ + "/bridge.log") + ReadAll(folder_ + "/bridge.out"); }
  // Stops the bridge, so that every line is there, and gives them all.
  std::string FinalLog() {
    EXPECT_EQ(bridge_->Stop(SIGTERM), 0);
    return LogText();
  }

  static constexpr char kOpenid[] = "oCanary-openid-1";

  std::string folder_;
  std::unique_ptr<FakeServer> server_;
  std::unique_ptr<Process> sandbox_;
  std::unique_ptr<Process> bridge_;
  std::string sandbox_address_;
  std::string address_;
};

}  // namespace fenfen::bridge

#endif  // FENFEN_TESTS_MINI_PROGRAM_BRIDGE_BRIDGE_FIXTURE_H_
