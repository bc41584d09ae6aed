// SIGKILL at every call by which a ledger of 200 commits changes files, each followed by the check (check.h): acknowledged ⊆ recovered ⊆
// submitted, sums zero, no gaps, and the ledger goes on.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>

#include "absl/strings/match.h"
#include "tests/faults/strikes.h"

namespace fenfen::faults {
namespace {

class KillTest : public testing::Test {
 protected:
  size_t KillAtEach(const Way& way, Strike strike, const std::vector<FileCall>& calls) const {
    return strikes.AtEach(way, strike, calls, [this](const Life& life, const TraceResult& result, const FileCall&) -> std::string {
      if (result.struck && result.signal != SIGKILL) return absl::StrCat("ended by signal ", result.signal, ", exit ", result.exit_code);
      if (!result.struck && result.exit_code != 0) return absl::StrCat("exit ", result.exit_code, ": ", life.Errors());
      const absl::StatusOr<CheckReport> report = life.Check(strikes.script(), strikes.expected());
      return report.ok() ? "" : report.status().ToString();
    });
  }
  // The listed calls to files whose names end so, or to all.
  std::vector<FileCall> Calls(const Way& way, absl::string_view call = "", absl::string_view file_end = "") const {
    std::vector<FileCall> calls = strikes.ListCalls(way);
    const auto other = [&](const FileCall& c) { return (!call.empty() && c.call != call) || !absl::EndsWith(c.file, file_end); };
    calls.erase(std::remove_if(calls.begin(), calls.end(), other), calls.end());
    return calls;
  }
  static void Say(const std::string& what) { std::cout << what << std::endl; }

  const Strikes strikes;
};

// The list itself: every commit has its write and its sync, every acknowledgement its write, and segments change.
TEST_F(KillTest, TheListHoldsEveryWriteAndEverySync) {
  const std::vector<FileCall> calls = Calls({});
  EXPECT_EQ(CountOf(calls, "pwrite64", ".seg"), kCommits);
  EXPECT_EQ(CountOf(calls, "fdatasync", ".seg"), kCommits);
  EXPECT_EQ(CountOf(calls, "write", "acknowledged"), kCommits);
  EXPECT_GE(CountOf(calls, "rename", ".tmp"), 4u);
}

// strace, which knows nothing of our tracer, counts as many.
TEST_F(KillTest, TheListIsStracesToo) {
  const std::vector<FileCall> calls = Calls({});
  const TemporaryFolder folder;
  const std::string command =
      absl::StrCat("timeout 60 strace -f -q --seccomp-bpf -o ", folder / "trace",
                   " -e trace=pwrite64,writev,pwritev,pwritev2,fdatasync,fsync,rename,unlink,ftruncate,fallocate ", FaultScript(),
                   " run --finish --snapshot-every=60 ", folder / "journal", " >", folder / "out", " 2>&1");
  ASSERT_EQ(std::system(command.c_str()), 0) << command << "\n" << FileText(folder / "out");
  std::map<std::string, size_t> counted;
  std::ifstream trace(folder / "trace");
  for (std::string line; std::getline(trace, line);) {
    // "PID call(…"; the second half of a call that was interrupted by another says "<... call resumed>".
    const size_t begin = line.find_first_not_of("0123456789 ");
    const size_t end = line.find('(');
    if (begin != std::string::npos && end != std::string::npos && begin < end && line[begin] != '<')
      ++counted[line.substr(begin, end - begin)];
  }
  EXPECT_EQ(counted["pwrite64"], CountOf(calls, "pwrite64", ""));
  EXPECT_EQ(counted["fdatasync"], CountOf(calls, "fdatasync", ""));
  for (const auto& [call, count] : counted) EXPECT_EQ(count, CountOf(calls, call, "")) << call;
}

// The check finds what it is there for.
TEST_F(KillTest, TheCheckCanFail) {
  const FileCall midway{"fdatasync", "00000002.seg", 5};
  const auto after = [&](const std::function<void(Told&)>& lie) {
    const Life life({});
    const absl::StatusOr<TraceResult> killed = life.Run(Strike::kKillBefore, midway);
    EXPECT_TRUE(killed.ok() && killed->struck) << killed.status();
    absl::StatusOr<std::vector<bool>> acknowledged = life.Acknowledged(strikes.script());
    EXPECT_TRUE(acknowledged.ok()) << acknowledged.status();
    Told told = Told::After(*std::move(acknowledged), 1);
    lie(told);
    return std::string(life.Check(strikes.script(), strikes.expected(), told).status().message());
  };
  EXPECT_EQ(after([](Told&) {}), "");
  EXPECT_THAT(after([](Told& told) { told.acknowledged[150] = true; }), testing::HasSubstr("step 150 is lost"));
  EXPECT_THAT(after([](Told& told) { told.submitted -= 2; }), testing::HasSubstr("was never submitted"));
}

TEST_F(KillTest, BeforeEveryCall) {
  const std::vector<FileCall> calls = Calls({});
  EXPECT_EQ(KillAtEach({}, Strike::kKillBefore, calls), calls.size());
  Say(absl::StrCat("killed before each of ", calls.size(), " calls"));
}

TEST_F(KillTest, AfterEveryCall) {
  const std::vector<FileCall> calls = Calls({});
  EXPECT_EQ(KillAtEach({}, Strike::kKillAfter, calls), calls.size());
  Say(absl::StrCat("killed after each of ", calls.size(), " calls"));
}

TEST_F(KillTest, MidwayThroughEveryWriteThatCanBeCut) {
  const size_t struck = KillAtEach({}, Strike::kKillMidway, Calls({}, "pwrite64"));
  EXPECT_GT(struck, 10u);
  Say(absl::StrCat("killed midway through ", struck, " writes that cross a page"));
}

// Groups of several commits. They fall differently from run to run, so many of the listed calls come again, but not all.
TEST_F(KillTest, BeforeEveryCallWithEightInFlight) {
  const Way way{.in_flight = 8};
  const std::vector<FileCall> calls = Calls(way);
  const size_t struck = KillAtEach(way, Strike::kKillBefore, calls);
  EXPECT_GT(struck, calls.size() / 2);
  Say(absl::StrCat("killed before ", struck, " of ", calls.size(), " calls with eight commits in flight"));
}

// Segments that take more than one write and one sync of zeros.
TEST_F(KillTest, BeforeEveryCallThatMakesALongSegment) {
  const Way way{.segment_bytes = 9u << 20};
  const std::vector<FileCall> calls = Calls(way, "", ".tmp");
  EXPECT_GE(CountOf(calls, "pwrite64", ".tmp"), 20u);
  EXPECT_EQ(KillAtEach(way, Strike::kKillBefore, calls), calls.size());
  Say(absl::StrCat("killed before each of ", calls.size(), " calls that make a long segment"));
}

}  // namespace
}  // namespace fenfen::faults
