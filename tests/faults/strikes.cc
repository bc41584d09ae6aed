#include "tests/faults/strikes.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "ledger/journal/posix_file.h"
#include "tests/faults/acknowledged.h"

namespace fenfen::faults {
namespace {

constexpr int kLists = 3;
constexpr int kSnapshotEvery = 60;  // three of them; the first is removed then
constexpr int kTries = 5;
constexpr char kStruck[] = "struck";
constexpr char kRoom[] = "room";

}  // namespace

absl::StatusOr<TraceResult> Life::Run(Strike strike, const FileCall& at) const {
  TraceRequest request;
  request.program = {FaultScript(),
                     "run",
                     absl::StrCat("--snapshot-every=", kSnapshotEvery),
                     folder_ / "journal",
                     absl::StrCat("--commits=", kCommits),
                     absl::StrCat("--in-flight=", way_.in_flight),
                     absl::StrCat("--segment-bytes=", way_.segment_bytes)};
  if (way_.after_failure) request.program.emplace_back("--after-failure");
  request.program.push_back(way_.when_full ? absl::StrCat("--when-full=", folder_ / kRoom) : "--finish");
  request.room = kRoom;
  request.folder = folder_.path();
  request.output = folder_ / "acknowledged";
  request.strike = strike;
  request.at = at;
  return RunTraced(request);
}

absl::StatusOr<std::vector<bool>> Life::Acknowledged(const Script& script) const {
  return ReadAcknowledged(script, folder_ / "acknowledged");
}

absl::StatusOr<CheckReport> Life::Check(const Script& script, const Expected& expected) const {
  absl::StatusOr<std::vector<bool>> acknowledged = Acknowledged(script);
  if (!acknowledged.ok()) return acknowledged.status();
  return Check(script, expected, Told::After(*std::move(acknowledged), way_.in_flight));
}

absl::StatusOr<CheckReport> Life::Check(const Script& script, const Expected& expected, const Told& told) const {
  PosixFileSystem files;
  FileJournalOptions options = SmallJournal(folder_ / "journal");
  options.segment_bytes = way_.segment_bytes;
  return CheckFolder(files, options, script, expected, told, way_.in_flight);
}

Strikes::Strikes() {
  absl::StatusOr<Expected> expected = Expected::Of(script_);
  FENFEN_CHECK(expected.ok());
  expected_ = std::make_unique<Expected>(*std::move(expected));
}

std::vector<FileCall> Strikes::ListCalls(const Way& way) const {
  std::vector<FileCall> calls;
  for (int n = 0; n < kLists; ++n) {
    const Life life(way);
    const absl::StatusOr<TraceResult> listed = life.Run(Strike::kNone, {});
    EXPECT_TRUE(listed.ok()) << listed.status();
    if (!listed.ok()) return {};
    EXPECT_EQ(listed->exit_code, 0) << life.Errors();
    if (n == 0) calls = listed->calls;
    std::set<std::string> names;
    for (const FileCall& call : listed->calls) names.insert(call.Name());
    const auto absent = [&](const FileCall& call) { return names.count(call.Name()) == 0; };
    calls.erase(std::remove_if(calls.begin(), calls.end(), absent), calls.end());
  }
  return calls;
}

size_t Strikes::AtEach(const Way& way, Strike strike, const std::vector<FileCall>& calls, const Judge& judge) const {
  // Processes, not threads: a program that one thread is just starting would hold the lock of a journal that another has open.
  const TemporaryFolder reports;
  const size_t workers = std::max(1u, std::thread::hardware_concurrency());
  std::vector<pid_t> children;
  for (size_t worker = 0; worker < workers; ++worker) {
    const pid_t child = fork();
    FENFEN_CHECK(child >= 0);
    if (child == 0) {
      std::ofstream report(reports / absl::StrCat(worker));
      for (size_t at = worker; at < calls.size(); at += workers) {
        std::string wrong;
        if (AtOne(way, strike, calls[at], judge, &wrong)) report << kStruck << '\n';
        if (!wrong.empty()) report << "struck at " << calls[at].Name() << ": " << absl::StrReplaceAll(wrong, {{"\n", " | "}}) << '\n';
      }
      report.close();
      std::_Exit(report ? 0 : 1);
    }
    children.push_back(child);
  }
  size_t struck = 0;
  for (size_t worker = 0; worker < workers; ++worker) {
    int status = 0;
    FENFEN_CHECK(waitpid(children[worker], &status, 0) == children[worker]);
    EXPECT_EQ(status, 0) << "a worker ended by itself";
    std::ifstream report(reports / absl::StrCat(worker));
    for (std::string line; std::getline(report, line);) {
      if (line == kStruck) {
        ++struck;
      } else {
        ADD_FAILURE() << line;
      }
    }
  }
  return struck;
}

bool Strikes::AtOne(const Way& way, Strike strike, const FileCall& call, const Judge& judge, std::string* wrong) const {
  for (int n = 0; n < kTries; ++n) {
    const Life life(way);
    const absl::StatusOr<TraceResult> result = life.Run(strike, call);
    *wrong = result.ok() ? judge(life, *result, call) : result.status().ToString();
    if (!wrong->empty()) return false;
    if (result->struck) return true;
    if (strike == Strike::kKillMidway || strike == Strike::kNoSpace || way.in_flight > 1) return false;
  }
  *wrong = "the program did not come to this call again";
  return false;
}

size_t CountOf(const std::vector<FileCall>& calls, absl::string_view call, absl::string_view file_end) {
  const auto is = [&](const FileCall& c) { return c.call == call && absl::EndsWith(c.file, file_end); };
  return static_cast<size_t>(std::count_if(calls.begin(), calls.end(), is));
}

}  // namespace fenfen::faults
