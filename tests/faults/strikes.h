// Strikes: the script's program run again and again under the tracer, each time struck at another of its calls, in a folder of its own,
// and judged by what it left.
//
//   Strikes strikes;
//   const std::vector<FileCall> calls = strikes.ListCalls({});
//   EXPECT_EQ(strikes.AtEach({}, Strike::kKillBefore, calls, JudgeKilled), calls.size());
//
// Takes the machine's processors, a process of its own on each. Failures are reported to GoogleTest, naming the call. Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/faults/check.h"
#include "tests/faults/fault_fixture.h"
#include "tests/faults/tracer.h"

namespace fenfen::faults {

inline constexpr int kCommits = 200;
inline constexpr int kExitJournalFailed = 3;  // fault_script's

// How the script is run.
struct Way {
  size_t segment_bytes = SmallJournal({}).segment_bytes;
  int in_flight = 1;
  bool after_failure = false;
  bool when_full = false;  // the disk may be full: go on once there is room, which is made then
};

// The script's program in a folder of its own, under the tracer, and what it left.
class Life {
 public:
  explicit Life(const Way& way) : way_(way) {}

  absl::StatusOr<TraceResult> Run(Strike strike, const FileCall& at) const;
  absl::StatusOr<std::vector<bool>> Acknowledged(const Script& script) const;
  absl::StatusOr<CheckReport> Check(const Script& script, const Expected& expected) const;
  absl::StatusOr<CheckReport> Check(const Script& script, const Expected& expected, const Told& told) const;
  std::string Errors() const { return FileText(folder_ / "acknowledged.err"); }

 private:
  const Way way_;
  const TemporaryFolder folder_;
};

class Strikes {
 public:
  // Says what is wrong with what was left, or nothing. Runs in a process of its own: what it changes here is lost.
  using Judge = std::function<std::string(const Life&, const TraceResult&, const FileCall&)>;

  Strikes();

  // The calls of an undisturbed run. Those that a run may end without, for the segment made ahead at the very end, are left out.
  std::vector<FileCall> ListCalls(const Way& way) const;

  // Strikes at each of the calls in turn. Returns how many programs were struck; one that did not come to its call is run again, except
  // where that may be: a write that cannot be cut, groups that fall differently from run to run, or a disk that was not full in time.
  size_t AtEach(const Way& way, Strike strike, const std::vector<FileCall>& calls, const Judge& judge) const;

  const Script& script() const { return script_; }
  const Expected& expected() const { return *expected_; }

 private:
  bool AtOne(const Way& way, Strike strike, const FileCall& call, const Judge& judge, std::string* wrong) const;

  const Script script_{kCommits};
  std::unique_ptr<Expected> expected_;
};

// How many of the calls are this one, to files whose names end so.
size_t CountOf(const std::vector<FileCall>& calls, absl::string_view call, absl::string_view file_end);

}  // namespace fenfen::faults
