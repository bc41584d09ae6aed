// The program that the fault tests strike: takes a folder through the script and tells each acknowledgement as it comes; and the check
// that follows.
//
//   fault_script run FOLDER [--commits N] [--in-flight N] [--segment-bytes N] [--after-failure] [--finish] [--snapshot-every N]
//                [--when-full FILE]
//       prints `STEP KEY` for each acknowledged step, each line with a write of its own. Exits 0 if all were acknowledged, 3 if the journal
//       failed and stayed so, 1 otherwise. --after-failure: first looks that reads go on and writes do not. --finish: ends only once the
//       journal's own threads are through, so that every run makes the same calls. --when-full: where STORAGE_FULL is answered, with one
//       commit in flight, looks that reads go on, starts again on the full disk, looks again, makes FILE, by which whoever made the disk
//       full makes room, and goes on.
//   fault_script check FOLDER ACKNOWLEDGED [--commits N] [--in-flight N] [--segment-bytes N]
//       ACKNOWLEDGED is a file with what `run` printed. Prints one JSON line and exits 0 if everything holds, else 1.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/journal/posix_file.h"
#include "tests/faults/acknowledged.h"
#include "tests/faults/check.h"

namespace fenfen::faults {
namespace {

constexpr int kJournalFailedExit = 3;
constexpr absl::Duration kResumeMax = absl::Seconds(30);

struct Arguments {
  std::string folder;
  std::string acknowledged_file;
  int commits = 200;
  int in_flight = 1;
  int snapshot_every = 0;
  size_t segment_bytes = SmallJournal({}).segment_bytes;
  bool after_failure = false;
  bool finish = false;
  std::string when_full;
};

FileJournalOptions OptionsOf(const Arguments& arguments) {
  FileJournalOptions options = SmallJournal(arguments.folder);
  options.segment_bytes = arguments.segment_bytes;
  options.report = [](const absl::Status& why) { std::cerr << absl::StrCat("journal: ", why.ToString(), "\n"); };
  return options;
}

int Fail(const absl::Status& why) {
  std::cerr << absl::StrCat("fault_script: ", why.ToString(), "\n");
  return 1;
}

bool IsStorageFull(const absl::Status& status) { return !status.ok() && RefusalOf(status).reason == Reason::REASON_STORAGE_FULL; }
bool IsJournalFailed(const absl::Status& status) { return !status.ok() && RefusalOf(status).reason == Reason::REASON_JOURNAL_FAILED; }

// After the journal failed, with one commit in flight: every further commit is refused as failed, what was acknowledged is served, and only
// the partition of the commit in doubt may refuse to be read, since what it shows may be lost.
absl::Status CheckAfterFailure(Ledger& ledger, const Script& script, const RunResult& result) {
  int in_doubt = -1;
  for (int step = 0; step < script.size(); ++step) {
    if (!result.acknowledged[static_cast<size_t>(step)]) {
      if (in_doubt < 0) in_doubt = step;
      const absl::Status again = ledger.engine().SubmitAndWait(script.CommandOf(step, ledger.catalogue())).status();
      if (!IsJournalFailed(again)) return absl::InternalError(absl::StrCat("step ", step, " after the failure: ", again.ToString()));
      continue;
    }
    const absl::StatusOr<CommittedTransaction> stored = ledger.engine().Load(script.PartitionOfStep(step), script.SeqOf(step));
    if (!stored.ok()) return stored.status();
    if (stored->transaction.key != script.KeyOf(step)) return absl::InternalError(absl::StrCat("step ", step, " reads as another"));
  }
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const absl::Status read = ledger.engine().ReadAndWait(PartitionId(p), [](const View&) {});
    const bool may_refuse = IsJournalFailed(read) && PartitionId(p) == script.PartitionOfStep(in_doubt);
    if (!read.ok() && !may_refuse) return absl::InternalError(absl::StrCat("a read of partition ", p, ": ", read.ToString()));
  }
  return absl::OkStatus();
}

// What was acknowledged is served, and every partition can be read.
absl::Status CheckReads(Ledger& ledger, const Script& script, int acknowledged) {
  for (int step = 0; step < acknowledged; ++step) {
    const absl::StatusOr<CommittedTransaction> stored = ledger.engine().Load(script.PartitionOfStep(step), script.SeqOf(step));
    if (!stored.ok()) return stored.status();
    if (stored->transaction.key != script.KeyOf(step)) return absl::InternalError(absl::StrCat("step ", step, " reads as another"));
  }
  absl::Status status;
  for (uint16_t p = 0; p < kPartitions; ++p) status.Update(ledger.engine().ReadAndWait(PartitionId(p), [](const View&) {}));
  return status;
}

// On a full disk: reads go on, also after a restart; then there is room again.
absl::Status MakeRoom(FileSystem& files, const Arguments& arguments, const Script& script, int acknowledged,
                      absl::StatusOr<std::unique_ptr<Ledger>>& ledger) {
  std::cerr << absl::StrCat("storage full after ", acknowledged, " steps\n");
  if (absl::Status status = CheckReads(**ledger, script, acknowledged); !status.ok()) return status;
  ledger->reset();
  ledger = Ledger::Open(files, OptionsOf(arguments));
  if (!ledger.ok()) return ledger.status();
  if (absl::Status status = CheckReads(**ledger, script, acknowledged); !status.ok()) return status;
  if (absl::Status status = files.Create(arguments.when_full).status(); !status.ok()) return status;
  for (const absl::Time until = absl::Now() + kResumeMax; absl::Now() < until; absl::SleepFor(absl::Milliseconds(1))) {
    if ((*ledger)->journal().Admit().ok()) return absl::OkStatus();
  }
  return absl::DeadlineExceededError("there is room again, and writes do not resume");
}

void Tell(const Script& script, int step) {
  const std::string line = AcknowledgedLine(script, step);
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(1);
}

int RunScript(const Arguments& arguments) {
  PosixFileSystem files;
  const Script script(arguments.commits);
  absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(files, OptionsOf(arguments));
  if (!ledger.ok()) return Fail(ledger.status());
  RunLimits run_limits{.in_flight = arguments.in_flight, .snapshot_every = arguments.snapshot_every};
  run_limits.stop_when_full = !arguments.when_full.empty();
  RunResult result = RunSteps(**ledger, script, run_limits, [&](int step) { Tell(script, step); });
  while (IsStorageFull(result.stopped) && run_limits.stop_when_full) {
    run_limits.from =
        static_cast<int>(std::find(result.acknowledged.begin(), result.acknowledged.end(), false) - result.acknowledged.begin());
    const absl::Status room = MakeRoom(files, arguments, script, run_limits.from, ledger);
    if (!room.ok()) return Fail(room);
    result = RunSteps(**ledger, script, run_limits, [&](int step) { Tell(script, step); });
    // Those before are there.
    std::fill(result.acknowledged.begin(), result.acknowledged.begin() + run_limits.from, true);
  }
  std::cerr << absl::StrCat("{\"overloaded\":", result.overloaded, ",\"waiting_most\":", result.waiting_most, "}\n");
  if (!result.snapshots.ok()) std::cerr << absl::StrCat("snapshot: ", result.snapshots.ToString(), "\n");
  if (result.stopped.ok()) {
    const absl::Status finished = arguments.finish ? (*ledger)->FinishBackgroundWork() : absl::OkStatus();
    return finished.ok() ? 0 : Fail(finished);
  }
  if (!IsJournalFailed(result.stopped)) return Fail(result.stopped);
  if (arguments.after_failure) {
    if (absl::Status status = CheckAfterFailure(**ledger, script, result); !status.ok()) return Fail(status);
  }
  return kJournalFailedExit;
}

int CheckScript(const Arguments& arguments) {
  PosixFileSystem files;
  const Script script(arguments.commits);
  const absl::StatusOr<std::vector<bool>> acknowledged = ReadAcknowledged(script, arguments.acknowledged_file);
  if (!acknowledged.ok()) return Fail(acknowledged.status());
  const absl::StatusOr<Expected> expected = Expected::Of(script);
  if (!expected.ok()) return Fail(expected.status());
  const absl::StatusOr<CheckReport> report =
      CheckFolder(files, OptionsOf(arguments), script, *expected, Told::After(*acknowledged, arguments.in_flight), arguments.in_flight);
  if (!report.ok()) return Fail(report.status());
  std::cout << "{\"commits\":" << script.size() << ",\"acknowledged\":" << report->acknowledged << ",\"recovered\":" << report->recovered
            << ",\"in_flight\":" << arguments.in_flight << "}\n";
  return 0;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("What the fault tests strike, and the check that follows.");
  app.require_subcommand(1);
  CLI::App* const run = app.add_subcommand("run", "Takes the folder through the script.");
  CLI::App* const check = app.add_subcommand("check", "Judges what is in the folder.");
  for (CLI::App* const command : {run, check}) {
    command->add_option("folder", arguments.folder)->required();
    command->add_option("--commits", arguments.commits)->check(CLI::Range(1, Script::kCommitsMax));
    command->add_option("--in-flight", arguments.in_flight)->check(CLI::Range(1, Script::kCommitsMax / 10));
    command->add_option("--segment-bytes", arguments.segment_bytes)->check(CLI::Range(16 << 10, 64 << 20));
  }
  run->add_flag("--after-failure", arguments.after_failure);
  run->add_option("--snapshot-every", arguments.snapshot_every)->check(CLI::Range(1, Script::kCommitsMax));
  run->add_flag("--finish", arguments.finish);
  run->add_option("--when-full", arguments.when_full);
  check->add_option("acknowledged", arguments.acknowledged_file)->required();
  CLI11_PARSE(app, argc, argv);
  return run->parsed() ? RunScript(arguments) : CheckScript(arguments);
}

}  // namespace
}  // namespace fenfen::faults

int main(int argc, char** argv) { return fenfen::faults::Main(argc, argv); }
