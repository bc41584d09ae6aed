// ENOSPC without a full disk: the tracer answers it, from one of the calls that take space on and to all that follow, while the ledger of
// 200 commits runs. What disk_full_test does with a file system that is full in fact, for machines where nothing can be mounted; and more
// than that: the disk fills up at every file that is made.
//
// Must hold: writes are refused with STORAGE_FULL and nothing else; reads go on, also after a restart on the full disk; as room comes,
// writes resume by themselves; all is there once; and a journal that finds no room to begin is not opened.
#include <algorithm>
#include <iostream>

#include "absl/strings/match.h"
#include "tests/faults/strikes.h"

namespace fenfen::faults {
namespace {

// Making a file, and the first write to it.
bool TakesSpace(const FileCall& call) {
  return absl::EndsWith(call.file, ".tmp") && (call.call == "openat" || (call.call == "pwrite64" && call.nth == 1));
}

// While these are made most of the script is still to come, so it runs out of room.
bool MustRunOut(const FileCall& call) { return call.file == "00000002.seg.tmp" || call.file == "00000003.seg.tmp"; }

TEST(NoSpaceTest, WhereverTheDiskFillsUp) {
  const Strikes strikes;
  std::vector<FileCall> calls = strikes.ListCalls({});
  calls.erase(std::remove_if(calls.begin(), calls.end(), [](const FileCall& call) { return !TakesSpace(call); }), calls.end());
  ASSERT_GE(CountOf(calls, "openat", ".seg.tmp"), 4u);
  const auto judge = [&](const Life& life, const TraceResult& result, const FileCall& call) -> std::string {
    const absl::StatusOr<std::vector<bool>> acknowledged = life.Acknowledged(strikes.script());
    if (!acknowledged.ok()) return acknowledged.status().ToString();
    const auto count = std::count(acknowledged->begin(), acknowledged->end(), true);
    const std::string errors = life.Errors();
    const bool not_opened = call.file == "00000001.seg.tmp" && result.exit_code == 1 && count == 0;
    const bool through = result.exit_code == 0 && count == kCommits;
    if (result.struck && !not_opened && !through) {
      return absl::StrCat("exit ", result.exit_code, ", signal ", result.signal, ", acknowledged ", count, ": ", errors);
    }
    if (not_opened && !absl::StrContains(errors, "No space left on device")) return absl::StrCat("not opened for another reason: ", errors);
    if (result.struck && MustRunOut(call) && !absl::StrContains(errors, "storage full after")) return "it never ran out of room";
    const absl::StatusOr<CheckReport> report = life.Check(strikes.script(), strikes.expected());
    if (!report.ok()) return report.status().ToString();
    return report->recovered == count ? "" : absl::StrCat("recovered ", report->recovered, " of ", count);
  };
  const size_t struck = strikes.AtEach({.when_full = true}, Strike::kNoSpace, calls, judge);
  // What is made at the very end may come too late for a run that does not wait for it.
  EXPECT_GE(struck + 8, calls.size());
  std::cout << "ENOSPC from each of " << struck << " of " << calls.size() << " calls on" << std::endl;
}

}  // namespace
}  // namespace fenfen::faults
