// Addresses of servers, and what is wrong with those that are none.
#include "clients/cpp/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fenfen::client {
namespace {

using testing::HasSubstr;

std::string Fault(const std::vector<std::string>& targets) { return std::string(CheckTargets("targets", targets).message()); }

TEST(Targets, AHostAndAPort) {
  for (const char* good : {"127.0.0.1:7070", "localhost:1", "ledger-1.example_net.internal:65535", "[::1]:7070", "[fe80::1.2.3.4]:7",
                           "unix:/run/fenfend.sock"}) {
    EXPECT_TRUE(CheckTarget("server", good).ok()) << CheckTarget("server", good);
  }
  for (const char* bad : {"",           "7070",      "host",          "host:",         "host:0",        "host:65536",    "host:-1",
                          "host:70 70", "host:7o70", "host:000001",   ":7070",         "a b:1",         "::1:7070",      "[::1]7070",
                          "[]:1",       "[host]:1",  "dns:///host:1", "http://host:1", "host:1,host:2", "unix:relative", "unix:",
                          "unix:/",     "主机:1"}) {
    EXPECT_EQ(CheckTarget("server", bad).code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(std::string(CheckTarget("server", bad).message()), HasSubstr("server：")) << bad;
  }
  EXPECT_FALSE(CheckTarget("server", std::string(300, 'a') + ":1").ok());
}

TEST(Targets, AListNamesTheOneThatIsWrong) {
  EXPECT_EQ(Fault({"a:1", "b:1", "a:2"}), "");
  EXPECT_THAT(Fault({"a:1", "b"}), testing::AllOf(HasSubstr("targets[1]"), HasSubstr("\"b\""), HasSubstr("no port")));
  EXPECT_THAT(Fault({"a:1", "b:1", "A:1"}), testing::AllOf(HasSubstr("targets[2]"), HasSubstr("same as targets[0]"), HasSubstr("重复")));
  EXPECT_EQ(Fault({"unix:/a", "unix:/A"}), "");
  EXPECT_THAT(Fault({}), HasSubstr("at least one"));
  std::vector<std::string> many;
  for (size_t i = 0; i <= kTargetsMax; ++i) many.push_back("host:" + std::to_string(i + 1));
  EXPECT_THAT(Fault(many), HasSubstr("at most 16"));
  many.pop_back();
  EXPECT_EQ(Fault(many), "");
}

}  // namespace
}  // namespace fenfen::client
