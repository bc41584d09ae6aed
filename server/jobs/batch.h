// What the jobs that walk households share: all of them, some thousands at a time, grouped by partition, so that a partition is asked once.
#pragma once

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/engine/lease.h"
#include "server/jobs/jobs.h"

namespace fenfen::server {

// Households that are looked at between two questions to the lease, and commands that are under way at a time.
inline constexpr size_t kHouseholdsABatch = 4096;
inline constexpr size_t kCommandsABatch = 512;

// What a job says where its lease is lost.
inline absl::Status LeaseLost() { return absl::AbortedError("the lease is another's"); }

// Shows `look` each household's record in a durable view, partition by partition; where the State has to fetch it may show one twice, so
// `look` must not count. ABORTED where the lease is lost, the engine's errors; else after each batch `act` runs, and its error ends the
// walk.
absl::Status WalkHouseholds(const JobContext& context, const Lease& lease,
                            absl::FunctionRef<void(HouseholdId, const HouseholdRecord&)> look, absl::FunctionRef<absl::Status()> act);

// Submits the commands, some at a time, and waits for all. What became of each, in their order. ABORTED where the lease is lost before all
// were submitted.
absl::StatusOr<std::vector<absl::StatusOr<Outcome>>> SubmitInBatches(Engine& engine, const Lease& lease, std::vector<Command> commands);

}  // namespace fenfen::server
