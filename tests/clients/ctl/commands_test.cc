// What the commands print and make: tables, points, secrets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/escaping.h"
#include "clients/ctl/commands/context.h"
#include "clients/ctl/commands/secrets.h"
#include "clients/ctl/commands/text_table.h"

namespace fenfen::ctl {
namespace {

TEST(TextTable, AlignsChineseByTwoCells) {
  TextTable table({"名称", ">积分", "x"});
  table.Row({"a", "1.00", "last"});
  table.Row({"厨余", "12.34", "z"});
  EXPECT_EQ(table.Lines(),
            "名称   积分  x\n"
            "a      1.00  last\n"
            "厨余  12.34  z\n");
  EXPECT_EQ(DisplayWidth("ab厨。—"), 7);
}

TEST(FormatPoints, TakesEverySize) {
  EXPECT_EQ(FormatPoints(0), "0.00");
  EXPECT_EQ(FormatPoints(5), "0.05");
  EXPECT_EQ(FormatPoints(-1234), "-12.34");
  EXPECT_EQ(FormatPoints(1234, true), "+12.34");
  EXPECT_EQ(FormatPoints(INT64_MIN), "-92233720368547758.08");
}

TEST(Secrets, AreMadeOnceAndKeptFromOthers) {
  char name[] = "/tmp/fenfen-secrets-XXXXXX";
  const std::string folder = mkdtemp(name);
  ASSERT_TRUE(WriteNewSecret(folder + "/codes.key").ok());
  EXPECT_EQ(ReadSecret(folder + "/codes.key")->size(), 32u);
  EXPECT_EQ(WriteNewSecret(folder + "/codes.key").code(), absl::StatusCode::kAlreadyExists);
  struct stat info;
  ASSERT_EQ(stat((folder + "/codes.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_TRUE(WriteNewKeyPair(folder + "/operator").ok());
  EXPECT_EQ(ReadSecret(folder + "/operator.pub.pem").status().code(), absl::StatusCode::kPermissionDenied);
  std::filesystem::remove_all(folder);
}

TEST(Secrets, TheSubjectOfAnOpenidIsThatOfTheBridge) {
  // The worked example of docs/formats/subject.md.
  const std::string key = absl::HexStringToBytes("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(WechatSubject(key, "wx0000000000000001", "oTest-0001"), "T2UT1EuQRNSYbKE7ObZNQg");
}

}  // namespace
}  // namespace fenfen::ctl
