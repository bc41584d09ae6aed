// What every decision shares. A decision is a pure function of a View, the request's facts, the catalogue and the context: it returns the
// transaction to commit, or a refusal. It never reads a clock and never keeps anything, so running it again gives the same answer.
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "ledger/core/transaction.h"
#include "ledger/points/records.h"
#include "ledger/points/why.h"

namespace fenfen {

// Who asks, under which key, and when.
struct DecisionContext {
  RequestKey key;
  uint64_t fingerprint = 0;
  Actor actor;
  absl::Time now;
  absl::TimeZone zone;  // the programme's, Asia/Shanghai: days are days in it
};

// A transaction of this kind with the context filled in and nothing posted yet.
Transaction BeginTransaction(TransactionKind kind, const DecisionContext& context, absl::Time event_time);

// Adds `amount` from one account to another; nothing where it is zero.
void Transfer(Transaction& transaction, const AccountId& from, const AccountId& to, Points amount);

}  // namespace fenfen
