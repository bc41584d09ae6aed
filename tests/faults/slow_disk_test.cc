// A slow disk: strace delays every fdatasync of the script's program, which keeps more commits in flight than the journal's queue takes.
// What does not fit is refused with OVERLOADED and a retry delay (the program gives up on any other answer), the queue stays within its
// bound, and in the end everything is there once.
#include <sys/wait.h>

#include <cstdlib>

#include "absl/strings/numbers.h"
#include "ledger/journal/posix_file.h"
#include "tests/faults/acknowledged.h"
#include "tests/faults/check.h"
#include "tests/faults/fault_fixture.h"

namespace fenfen::faults {
namespace {

constexpr int kCommits = 10'000;
constexpr int kInFlight = 1000;  // some 300 bytes each: four times what the queue takes
constexpr size_t kSegmentBytes = 1u << 20;
constexpr int kDelayMicros = 20'000;
constexpr size_t kRecordBytesLeast = 100;

// A number of fault_script's line on standard error.
int NumberOf(const std::string& text, const std::string& name) {
  const size_t at = text.rfind(absl::StrCat("\"", name, "\":"));
  int number = -1;
  if (at == std::string::npos) return number;
  const size_t begin = at + name.size() + 3;
  EXPECT_TRUE(absl::SimpleAtoi(text.substr(begin, text.find_first_not_of("0123456789", begin) - begin), &number)) << text;
  return number;
}

TEST(SlowDiskTest, TheQueueStaysBoundedLoadIsShedAndNothingIsLost) {
  const TemporaryFolder folder;
  const std::string command = absl::StrCat("timeout 120 strace -f -q --seccomp-bpf -o ", folder / "trace",
                                           " -e trace=fdatasync -e inject=fdatasync:delay_enter=", kDelayMicros, " ", FaultScript(),
                                           " run ", folder / "journal", " --commits=", kCommits, " --in-flight=", kInFlight,
                                           " --segment-bytes=", kSegmentBytes, " >", folder / "acknowledged", " 2>", folder / "errors");
  const int status = std::system(command.c_str());
  ASSERT_EQ(status, 0) << command << "\n" << FileText(folder / "errors");
  ASSERT_NE(FileText(folder / "trace").find("(DELAYED)"), std::string::npos) << "strace delayed nothing";

  const std::string errors = FileText(folder / "errors");
  EXPECT_GT(NumberOf(errors, "overloaded"), 0) << errors;
  const auto bound = static_cast<int>(SmallJournal({}).queue_bytes_max / kRecordBytesLeast);
  EXPECT_LE(NumberOf(errors, "waiting_most"), bound) << errors;
  EXPECT_GT(NumberOf(errors, "waiting_most"), 1) << errors;

  const Script script(kCommits);
  const absl::StatusOr<std::vector<bool>> acknowledged = ReadAcknowledged(script, folder / "acknowledged");
  ASSERT_TRUE(acknowledged.ok()) << acknowledged.status();
  const absl::StatusOr<Expected> expected = Expected::Of(script);
  ASSERT_TRUE(expected.ok()) << expected.status();
  PosixFileSystem files;
  FileJournalOptions options = SmallJournal(folder / "journal");
  options.segment_bytes = kSegmentBytes;
  const absl::StatusOr<CheckReport> report =
      CheckFolder(files, options, script, *expected, Told::After(*acknowledged, kInFlight), kInFlight);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->recovered, kCommits);
}

}  // namespace
}  // namespace fenfen::faults
