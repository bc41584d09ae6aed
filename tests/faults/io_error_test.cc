// EIO from every write, sync, rename and removal of a ledger of 200 commits: writes stop for good with JOURNAL_FAILED, the file that failed
// is not touched again, reads go on, and a restart recovers all that was acknowledged (check.h). Only what is made beside the writing, an
// index or a compressed segment, is tried again from nothing and stops nobody.
#include <algorithm>
#include <iostream>

#include "absl/strings/match.h"
#include "tests/faults/strikes.h"

namespace fenfen::faults {
namespace {

bool IsWrite(const FileCall& call) { return call.call == "pwrite64" || call.call == "fdatasync" || call.call == "fsync"; }

// What is written after the call that failed and must not be: a sync that is tried again may lie. Empty where nothing is.
std::string WrittenAgain(const TraceResult& result, const FileCall& failed) {
  const auto at = std::find(result.calls.begin(), result.calls.end(), failed);
  for (auto later = at; later != result.calls.end(); ++later) {
    // What was being made beside the writing is made anew, from nothing.
    if (later->call == "openat" && later->file == failed.file) break;
    if (later == at || !IsWrite(*later)) continue;
    // A folder is synced for every new name in it, and a name that may be lost was told to nobody.
    if (failed.call == "fsync" || failed.call == "rename" || failed.call == "unlink") continue;
    if (later->file == failed.file) return absl::StrCat("the failed file is touched again: ", later->Name());
    // Only the maker of segments may still finish what it was at when the writer failed.
    const bool both_in_use = absl::EndsWith(failed.file, ".seg") && absl::EndsWith(later->file, ".seg");
    if (both_in_use) return absl::StrCat("written after the failure: ", later->Name());
  }
  return "";
}

TEST(IoErrorTest, EachStopsWritesForGood) {
  const Strikes strikes;
  std::vector<FileCall> calls = strikes.ListCalls({});
  const auto other = [](const FileCall& call) { return !IsWrite(call) && call.call != "rename" && call.call != "unlink"; };
  calls.erase(std::remove_if(calls.begin(), calls.end(), other), calls.end());
  const auto judge = [&](const Life& life, const TraceResult& result, const FileCall& call) -> std::string {
    const absl::StatusOr<std::vector<bool>> acknowledged = life.Acknowledged(strikes.script());
    if (!acknowledged.ok()) return acknowledged.status().ToString();
    const auto count = std::count(acknowledged->begin(), acknowledged->end(), true);
    const std::string errors = life.Errors();
    const bool told = absl::StrContains(errors, "Input/output error");
    const bool stayed_failed = result.exit_code == kExitJournalFailed && told;
    // The first segment cannot be made, so the journal is not opened; the last one fails when all is written already; or what fails is an
    // index or a compressed segment, which stops nothing.
    const bool in_use = absl::EndsWith(call.file, ".seg") && call.call != "unlink";
    const bool not_opened = result.exit_code == 1 && count == 0 && told && !in_use;
    const bool was_through = result.exit_code == 0 && count == kCommits && !in_use;
    if (result.struck && !stayed_failed && !not_opened && !was_through) {
      return absl::StrCat("exit ", result.exit_code, ", signal ", result.signal, ", acknowledged ", count, ": ", errors);
    }
    if (std::string again = result.struck ? WrittenAgain(result, call) : ""; !again.empty()) return again;
    const absl::StatusOr<CheckReport> report = life.Check(strikes.script(), strikes.expected());
    return report.ok() ? "" : report.status().ToString();
  };
  EXPECT_EQ(strikes.AtEach({.after_failure = true}, Strike::kFailIo, calls, judge), calls.size());
  EXPECT_GE(CountOf(calls, "fdatasync", ".seg"), 1u * kCommits);
  std::cout << "EIO from each of " << calls.size() << " calls, " << CountOf(calls, "fdatasync", "") << " of them fdatasync" << std::endl;
}

}  // namespace
}  // namespace fenfen::faults
