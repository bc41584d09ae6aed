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
  // Earning and verification.
  kPendingDrop = 6,  // recorded, credited once it is released
  kRelease = 7,      // a pending drop, credited
  kRejection = 8,    // a pending drop, not credited
  kBagIssue = 9,     // tagged bags handed to a household
  // Keeping.
  kExpiry = 16,        // lots past their day
  kMembership = 17,    // a member joins, leaves, gets another role, gives or withdraws consent
  kCardChange = 18,    // a printed card issued or revoked
  kMove = 19,          // to another estate or door
  kTransferOut = 20,   // a gift, a merge or a split: lots leave
  kTransferIn = 21,    // ... and arrive
  kTransferBack = 22,  // ... or come back, where the other side does not take them
  // Spending.
  kVoucherCancel = 32,
  kVoucherExpiry = 33,
  kRefund = 34,
  kStockTake = 35,   // a piece of an offer's stock, in the offer's partition
  kStockGive = 36,   // ... given back
  kStockTaken = 37,  // ... its voucher is there
  kSettlement = 38,  // a merchant's captures of a period, paid
  // Correcting.
  kReversal = 48,
  kProposal = 49,    // an adjustment proposed by one person
  kAdjustment = 50,  // ... approved by another
  kDismissal = 51,   // ... or not
  kAppeal = 52,
  kAppealAnswer = 53,
  // Game.
  kPreference = 64,  // a household's choices: boards, notices
  kFreeze = 65,      // a streak's day kept
  kTeam = 66,
  kBoardClose = 67,
  kAward = 68,  // a badge or a quest reached, with or without points
  // Trust.
  kHold = 80,     // a risk case opened
  kHoldEnd = 81,  // ... and decided by a person
  kReinspection = 82,
  kCollection = 83,  // what was collected from a station, weighed; in the station's partition
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
