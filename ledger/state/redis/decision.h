// Deciding a work on copies, and what Redis must confirm for the decision to hold: that whatever it looked at is still so.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "ledger/state/redis/partition_cache.h"
#include "ledger/state/redis/redis_functions.h"
#include "ledger/state/state.h"

namespace fenfen {

// What a batch is decided on: copies of everything that its works name, changed as its decisions will change Redis.
struct DecisionTables {
  absl::flat_hash_map<RecordKey, KnownRecord> records;
  absl::flat_hash_map<AccountId, Points> balances;
};

struct Decision {
  absl::StatusOr<Transaction> transaction;  // or the refusal
  CommitEntry entry;                        // without its transaction
};

// Runs the work's decision. A transaction that does not follow from the tables, and a decision that looked at or changes what the work does
// not name, become refusals with INTERNAL. A transaction's effects are put into the tables, as of the sequence number that it will have if
// all goes as foreseen.
Decision Decide(State::Work& work, DecisionTables& tables, PartitionSeq foreseen);

}  // namespace fenfen
