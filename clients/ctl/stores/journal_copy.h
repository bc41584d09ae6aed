// Copying a journal into another store, entry by entry, and comparing the two. Ids stay: the journal's own (HeldJournal), sequence numbers,
// request keys, times, bytes.
//
// A copy that was interrupted goes on where the target ends: its entries are a beginning of the source's, since each partition is appended
// in order. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/journal/journal.h"

namespace fenfen::ctl {

// What a partition comes to.
struct PartitionSummary {
  PartitionSeq last;
  std::string state_sha256;    // of the fold (docs/formats/state_digest.md), 32 bytes
  std::string entries_sha256;  // of all its entries: sequence, time, bytes

  friend bool operator==(const PartitionSummary&, const PartitionSummary&) = default;
};
using JournalSummary = std::array<PartitionSummary, kPartitions>;

// Reads and folds a whole journal. DATA_LOSS where a transaction does not follow; the errors of Replay.
absl::StatusOr<JournalSummary> Summarise(Journal& journal);

// Appends to `target` what `source` has and it has not, and returns how many entries that were, all durable. `progress` is told the number
// so far, each time that some are durable. FAILED_PRECONDITION where the target is further than the source; the first error of either.
absl::StatusOr<uint64_t> CopyJournal(Journal& source, Journal& target, const std::function<void(uint64_t copied)>& progress);

// How many entries CopyJournal would copy.
absl::StatusOr<uint64_t> EntriesToCopy(Journal& source, Journal& target);

// FAILED_PRECONDITION naming the first partition that differs.
absl::Status CompareSummaries(const JournalSummary& source, const JournalSummary& target);

}  // namespace fenfen::ctl
