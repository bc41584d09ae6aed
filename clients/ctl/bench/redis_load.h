// What the benchmark of the stores beyond one process drives them with: drops in batches of 64 of one partition, made ahead, and a State
// that follows them in memory; and the commit function's calls as they go over the wire, for a driver that does nothing but send them.
//
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/ctl/bench/district.h"
#include "clients/ctl/bench/keys.h"
#include "ledger/state/memory_state.h"
#include "ledger/state/redis/redis_functions.h"
#include "ledger/state/state.h"

namespace fenfen::bench {

// Works of one partition.
struct DropBatch {
  PartitionId partition;
  std::vector<State::Work> works;
};

// Drops with clients' request keys, as residents' scans make them, partition by partition in turn.
class DropSource {
 public:
  // The accounts 0 to `accounts` − 1. `number`: of its request keys, below 2^16, no two alike over one store.
  DropSource(DropSetting setting, uint32_t accounts, uint64_t number);

  // What enrols the accounts, in batches of at most limits::kExecuteMax.
  std::vector<DropBatch> Enrolments();
  // The same and then a drop of each: in Redis every household has its balances, as in a district that has been at it for a while.
  std::vector<DropBatch> Beginning();
  std::vector<DropBatch> Drops(size_t batches);

 private:
  const DropSetting setting_;
  std::array<std::vector<uint32_t>, kHouseholdPartitions> accounts_;
  std::array<size_t, kHouseholdPartitions> next_{};
  size_t partition_ = 0;
  KeySource keys_;
};

// Runs the batch on a State that answers at once and gives its transactions. INTERNAL where one was refused.
absl::StatusOr<std::vector<Committed>> RunBatch(State& state, DropBatch batch);

// The commit calls of these batches, formatted, as the Redis State would make them; `model` is where each is decided, and goes on with
// them. `fences`: of each partition.
absl::StatusOr<std::vector<std::string>> CommitCalls(std::vector<DropBatch> batches, const std::string& deployment,
                                                     const std::vector<FenceToken>& fences, MemoryState& model);

}  // namespace fenfen::bench
