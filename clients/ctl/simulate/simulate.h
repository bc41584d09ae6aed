// Simulation: what the drops of a period would have earned under draft rules, from the journal alone, and what that changes by town,
// category, month's budget and household. Nothing is written but the households' file that is asked for.
//
//   const absl::StatusOr<LedgerHead> head = ReadHead(*source);
//   SimulationTerms terms{.draft = CheckedDraft(…), .first_day = …, .last_day = …, .zone = …};
//   absl::StatusOr<SimulationReport> report = Simulate(*source, *head, terms, nullptr);
//
// The journal is read once for its catalogue and its reversals, then once in each pass by every thread, which takes its own partitions out
// of it; what comes in meanwhile is left out. Thread-safe: functions.
#pragma once

#include <array>
#include <ostream>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/ctl/simulate/catalogue_history.h"
#include "clients/ctl/simulate/partition_replay.h"
#include "clients/ctl/simulate/replay_source.h"
#include "clients/ctl/simulate/simulation.h"

namespace fenfen::ctl {

// What has to be known before anything is replayed.
struct LedgerHead {
  std::vector<CommittedTransaction> catalogue;  // its partition, in order
  std::array<TakenBack, kPartitions> taken_back;
  SequenceVector last{};  // how far the journal was
};
// The source's errors; DATA_LOSS where an entry does not have its form.
absl::StatusOr<LedgerHead> ReadHead(const ReplaySource& source);

// `households` gets a line of CSV for each household with a drop in the period, by partition and number; nullptr for none.
// FAILED_PRECONDITION where the journal has no rules; the errors of ReadHead and PartitionReplay.
absl::StatusOr<SimulationReport> Simulate(const ReplaySource& source, const LedgerHead& head, const SimulationTerms& terms,
                                          std::ostream* households);

}  // namespace fenfen::ctl
