// Logs: JSON lines, levels, and the audit log, whose records are on the disk before a reply may leave.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "ledger/core/errors.h"
#include "server/log/audit_log.h"
#include "server/log/json_line.h"
#include "server/log/log.h"

namespace fenfen::server {
namespace {

std::string TempPath(const std::string& name) {
  return (std::filesystem::path(testing::TempDir()) / absl::StrCat(name, "-", getpid())).string();
}

std::string ReadAll(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

absl::Status AppendAndWait(AuditLog& log, const std::string& line) {
  absl::Status result;
  absl::Notification written;
  log.Append(line, [&](absl::Status status) {
    result = std::move(status);
    written.Notify();
  });
  written.WaitForNotification();
  return result;
}

TEST(JsonLine, EscapesWhatMustBe) {
  JsonLine line;
  line.Add("a", "x\"y\\z\n\x01居民").Add("n", -5);
  EXPECT_EQ(line.Finish(), "{\"a\":\"x\\\"y\\\\z\\u000a\\u0001居民\",\"n\":-5}");
  EXPECT_EQ(JsonLine().Finish(), "{}");
}

TEST(Log, WritesWhatItsLevelAsksFor) {
  const std::string path = TempPath("log");
  {
    const auto log = Log::Open({"warn", path});
    ASSERT_TRUE(log.ok()) << log.status();
    (*log)->Write(Log::Level::kInfo, "quiet");
    (*log)->Write(Log::Level::kError, "loud", {{"key", "va\"lue"}});
  }
  const std::string text = ReadAll(path);
  EXPECT_EQ(text.find("quiet"), std::string::npos);
  EXPECT_NE(text.find(R"("level":"error","message":"loud","key":"va\"lue"})"), std::string::npos) << text;
  std::filesystem::remove(path);
  EXPECT_FALSE(Log::Open({"info", "/dev/null/x"}).ok());
}

TEST(AuditLog, ARecordIsOnTheDiskWhenItsReplyMayLeave) {
  const std::string path = TempPath("audit");
  {
    const auto log = AuditLog::Open(path);
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_TRUE(AppendAndWait(**log, "{\"n\":1}").ok());
    EXPECT_EQ(ReadAll(path), "{\"n\":1}\n");
    absl::BlockingCounter left(100);
    for (int i = 0; i < 100; ++i) {
      (*log)->Append("{}", [&](const absl::Status& status) {
        EXPECT_TRUE(status.ok());
        left.DecrementCount();
      });
    }
    left.Wait();
  }
  {
    const auto again = AuditLog::Open(path);
    EXPECT_TRUE(AppendAndWait(**again, "{\"n\":2}").ok());
  }
  const std::string text = ReadAll(path);
  EXPECT_EQ(text.size(), 8u + 100 * 3 + 8) << "appended to, never begun anew";
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::filesystem::remove(path);
}

TEST(AuditLog, AFullDiskIsToldAndStaysTold) {
  const auto log = AuditLog::Open("/dev/full");
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(RefusalOf(AppendAndWait(**log, "{}")).reason, Reason::REASON_STORAGE_FULL);
  EXPECT_EQ(RefusalOf(AppendAndWait(**log, "{}")).reason, Reason::REASON_STORAGE_FULL);
}

}  // namespace
}  // namespace fenfen::server
