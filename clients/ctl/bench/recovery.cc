// fenfenctl bench recovery: starting again, by replay and from a snapshot, and checking the journal, beside reading the same bytes.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/ctl/bench/benchmarks.h"
#include "clients/ctl/bench/ledger.h"
#include "clients/ctl/bench/load.h"
#include "clients/ctl/verify/verify_journal.h"
#include "ledger/core/crc32c.h"

namespace fenfen::bench {
namespace {

constexpr double kGoalReplay = 1'000'000;
constexpr double kGoalVerify = 1'000'000;
constexpr double kGoalStartSeconds = 1;
constexpr int kRoundsMax = 3;  // each takes as long as it takes
constexpr size_t kChunkBytes = 1 << 20;

// Reads every file of a folder with CRC32C over it, each up to where only zeros follow. In seconds.
absl::StatusOr<double> ReadWithChecksum(const std::string& folder) {
  const double begin = MonotonicSeconds();
  std::string chunk(kChunkBytes, '\0');
  const std::string zeros(kChunkBytes, '\0');
  uint32_t checksum = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    while (file.read(chunk.data(), kChunkBytes), file.gcount() > 0) {
      const auto size = static_cast<size_t>(file.gcount());
      checksum = Crc32c(absl::string_view(chunk.data(), size), checksum);
      if (absl::string_view(chunk.data(), size) == absl::string_view(zeros.data(), size)) break;
    }
  }
  if (checksum == 0) return absl::InternalError(absl::StrCat(folder, ": 没有可读的内容 / nothing to read"));
  return MonotonicSeconds() - begin;
}

class RecoveryBench {
 public:
  RecoveryBench(const Options& options, TemporaryFolder folder)
      : rounds_(std::min(options.rounds, kRoundsMax)), households_(options.quick ? 5'000 : 1'000'000), folder_(std::move(folder)) {}

  // A journal of an enrolment and a drop for each household.
  absl::Status Prepare() {
    absl::StatusOr<std::unique_ptr<Ledger>> ledger = Open();
    if (!ledger.ok()) return ledger.status();
    if (absl::Status status = (*ledger)->Enrol(households_, /*named=*/true); !status.ok()) return status;
    const DropSetting setting = (*ledger)->Setting();
    const auto drop = [&setting](uint32_t account) { return DropCommand(account, 0, uint64_t{account} + 1, setting); };
    if (absl::Status status = SubmitForEach((*ledger)->engine(), households_, drop); !status.ok()) return status;
    return (*ledger)->Close();
  }

  absl::Status Replay(Report& report) {
    const auto ours = [this]() -> absl::StatusOr<double> {
      const absl::StatusOr<double> seconds = SecondsToStart();
      if (!seconds.ok()) return seconds.status();
      return transactions() / *seconds;
    };
    return Add(report, "replay", kGoalReplay, ours);
  }

  absl::Status Verify(Report& report) {
    const auto ours = [this]() -> absl::StatusOr<double> {
      const double begin = MonotonicSeconds();
      const absl::StatusOr<ctl::VerifyReport> verified = ctl::VerifyJournal(journal(), {});
      if (!verified.ok()) return verified.status();
      if (verified->findings_total != 0) return absl::DataLossError(absl::StrCat("verify: ", verified->findings.front().what));
      return static_cast<double>(verified->transactions) / (MonotonicSeconds() - begin);
    };
    return Add(report, "verify", kGoalVerify, ours);
  }

  absl::Status StartFromSnapshot(Report& report) {
    absl::StatusOr<std::unique_ptr<Ledger>> ledger = Open();
    if (!ledger.ok()) return ledger.status();
    absl::Status status = (*ledger)->TakeSnapshot();
    if (status.ok()) status = (*ledger)->Close();
    if (!status.ok()) return status;
    ledger->reset();
    const absl::StatusOr<Pair> pair = Alternate(
        rounds_, [this] { return ReadWithChecksum(absl::StrCat(folder_.path(), "/snapshots")); }, [this] { return SecondsToStart(); });
    if (!pair.ok()) return pair.status();
    report.Add({.name = absl::StrCat("recovery/start-from-snapshot/", households_, "-households"),
                .value = pair->ours,
                .unit = "s",
                .bare = pair->bare,
                .goal = kGoalStartSeconds,
                .lower_is_better = true,
                .goal_is_value = true});
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<std::unique_ptr<Ledger>> Open() { return Ledger::Open(folder_.path(), {std::string(32, 'k')}); }
  std::string journal() const { return absl::StrCat(folder_.path(), "/journal"); }
  double transactions() const { return 2.0 * households_ + 1; }

  // From opening the journal to being ready for work.
  absl::StatusOr<double> SecondsToStart() {
    const double begin = MonotonicSeconds();
    const absl::StatusOr<std::unique_ptr<Ledger>> ledger = Open();
    if (!ledger.ok()) return ledger.status();
    return MonotonicSeconds() - begin;
  }

  absl::Status Add(Report& report, const char* what, double goal, absl::FunctionRef<absl::StatusOr<double>()> ours) {
    const auto bare = [this]() -> absl::StatusOr<double> {
      const absl::StatusOr<double> seconds = ReadWithChecksum(journal());
      if (!seconds.ok()) return seconds.status();
      return transactions() / *seconds;
    };
    const absl::StatusOr<Pair> pair = Alternate(rounds_, bare, ours);
    if (!pair.ok()) return pair.status();
    report.Add({.name = absl::StrCat("recovery/", what, "/", households_, "-households"),
                .value = pair->ours,
                .unit = "transactions/s",
                .bare = pair->bare,
                .goal = goal,
                .goal_is_value = true});
    return absl::OkStatus();
  }

  const int rounds_;
  const uint32_t households_;
  const TemporaryFolder folder_;
};

}  // namespace

absl::Status RunRecovery(const Options& options, Report& report) {
  absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make(options.folder);
  if (!folder.ok()) return folder.status();
  RecoveryBench bench(options, *std::move(folder));
  report.Say("recovery：写账本 / writing a journal");
  absl::Status status = bench.Prepare();
  report.Say("recovery：重放、核对、从快照启动 / replay, verify, start from a snapshot");
  if (status.ok()) status = bench.Replay(report);
  if (status.ok()) status = bench.Verify(report);
  if (status.ok()) status = bench.StartFromSnapshot(report);
  return status;
}

}  // namespace fenfen::bench
