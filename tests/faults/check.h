// The check after a fault: opens the folder as a server does, and judges what is in it against what was acknowledged and against an
// undisturbed run; then goes on with the script as the clients would, and judges the end.
//
// What must hold: acknowledged ⊆ recovered ⊆ submitted, each at most once, in each partition a beginning of the script without a gap; the
// State equal to the undisturbed run's and to the independent checker's fold; postings that sum to zero; and all of it again after the rest
// of the script was submitted under the same request keys, and after one more restart, from a snapshot.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/faults/ledger.h"
#include "tests/faults/runner.h"
#include "tests/faults/script.h"

namespace fenfen::faults {

// The digests of an undisturbed run, after every commit. Immutable.
class Expected {
 public:
  // Runs the script on a disk in memory.
  static absl::StatusOr<Expected> Of(const Script& script);
  // The digest of a partition after its transaction `seq`.
  const std::string& Digest(PartitionId partition, PartitionSeq seq) const { return digests_[partition.value()][seq.value()]; }

 private:
  std::vector<std::vector<std::string>> digests_;  // by partition and sequence number
};

// What was told before the fault.
struct Told {
  std::vector<bool> acknowledged;  // by step; shorter than the script where the rest was not reached
  int submitted = 0;               // steps from here on were certainly never submitted

  // Of a run with so many in flight, one acknowledgement at a time.
  static Told After(std::vector<bool> acknowledged, int in_flight);
};

struct CheckReport {
  int acknowledged = 0;
  int recovered = 0;
  int replayed = 0;  // of the whole script, submitted once more
};

// An error says what does not hold. `in_flight` is for going on.
absl::StatusOr<CheckReport> CheckFolder(FileSystem& files, const FileJournalOptions& options, const Script& script,
                                        const Expected& expected, const Told& told, int in_flight);

}  // namespace fenfen::faults
