#include "tests/faults/check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/ctl/verify/verify_journal.h"
#include "ledger/core/check.h"
#include "tests/ledger/journal/memory_file_system.h"

namespace fenfen::faults {
namespace {

constexpr size_t kMemorySegmentBytes = 4u << 20;

absl::Status Broken(absl::string_view what) { return absl::InternalError(absl::StrCat("does not hold: ", what)); }

// How many transactions of each partition are there; an error where they are not the script's first ones of that partition, in order.
absl::StatusOr<std::vector<uint64_t>> CountRecovered(Ledger& ledger, const Script& script) {
  std::vector<uint64_t> counts(kPartitions);
  absl::Status replayed = ledger.journal().Replay([&](const JournalEntry& entry) -> absl::Status {
    const absl::StatusOr<Transaction> transaction = DecodeTransaction(entry.bytes);
    if (!transaction.ok()) return transaction.status();
    const std::vector<int>& steps = script.StepsOf(entry.partition);
    uint64_t& count = counts[entry.partition.value()];
    if (entry.seq.value() != count + 1) return Broken(absl::StrCat("a gap before ", entry.seq.value()));
    if (count >= steps.size() || transaction->key != script.KeyOf(steps[count])) {
      return Broken(absl::StrCat("recovered ⊆ submitted, each once: ", FormatRequestKey(transaction->key)));
    }
    ++count;
    return absl::OkStatus();
  });
  if (!replayed.ok()) return replayed;
  return counts;
}

absl::Status CheckTold(const Script& script, const std::vector<uint64_t>& counts, const Told& told) {
  for (int step = 0; step < script.size(); ++step) {
    const bool there = script.SeqOf(step).value() <= counts[script.PartitionOfStep(step).value()];
    const bool acknowledged = static_cast<size_t>(step) < told.acknowledged.size() && told.acknowledged[static_cast<size_t>(step)];
    if (acknowledged && !there) return Broken(absl::StrCat("acknowledged ⊆ recovered: step ", step, " is lost"));
    if (there && step >= told.submitted) return Broken(absl::StrCat("recovered ⊆ submitted: step ", step, " was never submitted"));
  }
  return absl::OkStatus();
}

// The State, the undisturbed run and the independent checker agree on what these transactions make.
absl::Status CheckDigests(FileSystem& files, const std::string& directory, Ledger& ledger, const Expected& expected,
                          const std::vector<uint64_t>& counts) {
  ctl::VerifyOptions options;
  options.live = true;  // a spare segment may be in the making
  uint64_t transactions = 0;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const absl::StatusOr<State::Digest> digest = ledger.engine().DigestOf(PartitionId(p));
    if (!digest.ok()) return digest.status();
    if (digest->seq.value() != counts[p]) return Broken(absl::StrCat("partition ", p, " is at ", digest->seq.value()));
    if (digest->sha256 != expected.Digest(PartitionId(p), digest->seq)) {
      return Broken(absl::StrCat("the state of partition ", p, " at ", counts[p], " is the undisturbed run's"));
    }
    options.digests.push_back({PartitionId(p), digest->seq, digest->sha256});
    transactions += counts[p];
  }
  const absl::StatusOr<ctl::VerifyReport> report = ctl::VerifyJournal(files, directory, options);
  if (!report.ok()) return report.status();
  if (report->findings_total != 0) return Broken(absl::StrCat("the checker finds nothing: ", report->findings[0].what));
  if (report->transactions != transactions || report->digests_equal != kPartitions) return Broken("the checker's fold is the State");
  if (report->reward.Sum() != 0 || report->civic.Sum() != 0) return Broken("sums are zero");
  return absl::OkStatus();
}

absl::Status CheckEnd(FileSystem& files, const std::string& directory, Ledger& ledger, const Script& script, const Expected& expected) {
  const absl::StatusOr<std::vector<uint64_t>> counts = CountRecovered(ledger, script);
  if (!counts.ok()) return counts.status();
  for (uint16_t p = 0; p < kPartitions; ++p) {
    if ((*counts)[p] != script.StepsOf(PartitionId(p)).size()) return Broken(absl::StrCat("partition ", p, " has the whole script"));
  }
  return CheckDigests(files, directory, ledger, expected, *counts);
}

}  // namespace

absl::StatusOr<Expected> Expected::Of(const Script& script) {
  MemoryFileSystem disk;
  FileJournalOptions options = SmallJournal("journal");
  options.segment_bytes = kMemorySegmentBytes;
  const absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(disk, options);
  if (!ledger.ok()) return ledger.status();
  Expected expected;
  expected.digests_.resize(kPartitions);
  const auto note = [&](PartitionId partition) -> absl::Status {
    absl::StatusOr<State::Digest> digest = (*ledger)->engine().DigestOf(partition);
    if (!digest.ok()) return digest.status();
    std::vector<std::string>& digests = expected.digests_[partition.value()];
    FENFEN_CHECK(digest->seq.value() == digests.size());
    digests.push_back(std::move(digest->sha256));
    return absl::OkStatus();
  };
  for (uint16_t p = 0; p < kPartitions; ++p) {
    if (absl::Status status = note(PartitionId(p)); !status.ok()) return status;
  }
  for (int step = 0; step < script.size(); ++step) {
    const absl::StatusOr<Outcome> outcome = (*ledger)->engine().SubmitAndWait(script.CommandOf(step, (*ledger)->catalogue()));
    if (!outcome.ok()) return outcome.status();
    if (absl::Status status = note(script.PartitionOfStep(step)); !status.ok()) return status;
  }
  return expected;
}

// A step is submitted only while fewer than `in_flight` from the lowest unsettled one on are.
Told Told::After(std::vector<bool> acknowledged, int in_flight) {
  const auto lowest = std::find(acknowledged.begin(), acknowledged.end(), false) - acknowledged.begin();
  return {std::move(acknowledged), static_cast<int>(lowest) + in_flight};
}

absl::StatusOr<CheckReport> CheckFolder(FileSystem& files, const FileJournalOptions& options, const Script& script,
                                        const Expected& expected, const Told& told, int in_flight) {
  CheckReport report;
  {
    const absl::StatusOr<std::unique_ptr<Ledger>> ledger = Ledger::Open(files, options);
    if (!ledger.ok()) return ledger.status();
    const absl::StatusOr<std::vector<uint64_t>> counts = CountRecovered(**ledger, script);
    if (!counts.ok()) return counts.status();
    for (const uint64_t count : *counts) report.recovered += static_cast<int>(count);
    report.acknowledged = static_cast<int>(std::count(told.acknowledged.begin(), told.acknowledged.end(), true));
    if (absl::Status status = CheckTold(script, *counts, told); !status.ok()) return status;
    if (absl::Status status = CheckDigests(files, options.directory, **ledger, expected, *counts); !status.ok()) return status;

    const RunResult rest = RunSteps(**ledger, script, {.in_flight = in_flight}, [](int) {});
    if (!rest.stopped.ok()) return rest.stopped;
    report.replayed = static_cast<int>(std::count(rest.replayed.begin(), rest.replayed.end(), true));
    if (report.replayed != report.recovered) return Broken("what was recovered, and nothing else, is answered as a repetition");
    if (absl::Status status = CheckEnd(files, options.directory, **ledger, script, expected); !status.ok()) return status;
    if (absl::Status status = (*ledger)->TakeSnapshot(); !status.ok()) return status;
  }
  const absl::StatusOr<std::unique_ptr<Ledger>> again = Ledger::Open(files, options);
  if (!again.ok()) return again.status();
  if ((*again)->begun_from() == 0) return Broken("the next start begins from the snapshot");
  if (absl::Status status = CheckEnd(files, options.directory, **again, script, expected); !status.ok()) return status;
  return report;
}

}  // namespace fenfen::faults
