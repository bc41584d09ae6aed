#include "ledger/points/decision.h"

namespace fenfen {

Transaction BeginTransaction(TransactionKind kind, const DecisionContext& context, absl::Time event_time) {
  Transaction transaction;
  transaction.kind = kind;
  transaction.key = context.key;
  transaction.fingerprint = context.fingerprint;
  transaction.actor = context.actor;
  transaction.event_time = event_time;
  transaction.postings.reserve(4);  // two transfers, which most have
  return transaction;
}

void Transfer(Transaction& transaction, const AccountId& from, const AccountId& to, Points amount) {
  if (amount == Points(0)) return;
  transaction.postings.push_back({from, -amount});
  transaction.postings.push_back({to, amount});
}

}  // namespace fenfen
