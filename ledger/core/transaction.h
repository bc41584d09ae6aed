// Transaction: one effect on one partition, and everything needed to redo, check and explain it. It is what the journal holds.
// Postings sum to zero per asset (CheckTransaction); the sequence number and record time are given at commit and stand beside it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ledger/core/account.h"
#include "ledger/core/record.h"
#include "ledger/core/request_key.h"

namespace fenfen {

// What happened. On disk, do not renumber.
enum class TransactionKind : uint8_t {
  kCatalogueUpdate = 1,
  kEnrolment = 2,
  kDrop = 3,
  kReservation = 4,
  kCapture = 5,
};

// Who caused it. On disk, do not renumber.
enum class ActorKind : uint8_t {
  kSystem = 0,
  kMember = 1,            // id: HouseholdId, sub: the member's number
  kStaff = 2,             // id: CatalogueId of the staff
  kDevice = 3,            // id: CatalogueId of the device
  kMerchantOperator = 4,  // id: CatalogueId of the merchant, sub: CatalogueId of the operator
  kOperator = 5,          // id: StableHash of the token's subject
};

struct Actor {
  ActorKind kind = ActorKind::kSystem;
  uint64_t id = 0;
  uint64_t sub = 0;

  friend constexpr bool operator==(const Actor&, const Actor&) = default;
};

struct Transaction {
  TransactionKind kind = TransactionKind::kDrop;
  RequestKey key;
  uint64_t fingerprint = 0;  // of the request, so that a key's second use can be told from a repetition
  Actor actor;
  absl::Time event_time;  // by the clock of who reported it, to the microsecond
  std::vector<Posting> postings;
  std::vector<RecordChange> changes;
  std::string why;  // the event's facts and the rule, encoded by ledger/points for this kind

  friend bool operator==(const Transaction&, const Transaction&) = default;
};

// A transaction in its place.
struct CommittedTransaction {
  PartitionId partition;
  PartitionSeq seq;
  absl::Time record_time;
  Transaction transaction;
};

// Invariant 1 and the limits: INTERNAL where postings do not sum to zero per asset, an amount is zero or out of range, or a list is
// longer than its limit. Asserted where a transaction is made, and again where it is read back.
absl::Status CheckTransaction(const Transaction& transaction);

// The stored form (docs/formats/transaction.md).
std::string EncodeTransaction(const Transaction& transaction);
// DATA_LOSS for anything that EncodeTransaction does not write, trailing bytes included.
absl::StatusOr<Transaction> DecodeTransaction(absl::string_view bytes);

}  // namespace fenfen
