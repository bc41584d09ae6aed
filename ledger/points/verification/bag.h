// Tagged bags (二维码袋): handed to a household, up to a number a month; put in, inspected later, and credited then. A bag is used once.
//
//   ISSUED → PUT_IN     its household scans it as it puts it in: its drop waits (pending.h)        DecideDrop
//   PUT_IN → DONE       it is inspected, or its drop is decided without                            DecideBagInspection, release.h
//   ISSUED → DONE       it is inspected, and nobody had scanned it                                 DecideBagInspection
//   ISSUED → REVOKED    it was lost                                                                DecideBagRevocation
//
// The tag printed on it (codes.h, MakeBagTag) holds the bag's number and a keyed hash, which is stored nowhere. Pure.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "fenfen/ledger/v1/verification.pb.h"
#include "ledger/points/verification/pending.h"

namespace fenfen {

// Bags handed out in one transaction.
inline constexpr int kBagsAtOnceMax = 100;

// The number of a bag that a request key hands out, the first being 0: the household's partition in the top 8 bits, then 56 bits of a hash.
uint64_t BagNumberFor(HouseholdId household, const RequestKey& key, int place);
constexpr PartitionId PartitionOfBag(uint64_t bag) { return PartitionId(static_cast<uint16_t>(bag >> 56)); }

ReadSet BagIssueReads(HouseholdId household, const RequestKey& key, int count);
// Checks in this order: FIELD_MALFORMED (count), HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, RULES_ABSENT, BAG_LIMIT_REACHED.
absl::StatusOr<Transaction> DecideBagIssue(const View& view, HouseholdId household, int count, const Catalogue& catalogue,
                                           const DecisionContext& context);

ReadSet BagRevocationReads(HouseholdId household, uint64_t bag);
// HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, BAG_UNKNOWN, BAG_OTHER_HOUSEHOLD, BAG_REVOKED, BAG_USED.
absl::StatusOr<Transaction> DecideBagRevocation(const View& view, HouseholdId household, uint64_t bag, const DecisionContext& context);

// What an inspector found in a bag. The caller reads the bag first, to know whose it is (it never changes) and which drop it is in.
struct BagInspection {
  uint64_t bag = 0;
  uint64_t pending_drop = 0;  // as the bag's record has it; 0 where nobody scanned it when it was put in
  DropFacts drop;             // its household's, where and what; when, where nobody scanned it
  int rejection_reason = 0;   // a v1::RejectionReason; 0 where it was right
};
ReadSet BagInspectionReads(const BagInspection& inspection);
// A release or a rejection. Checks in this order: what CheckDrop refuses, or REJECTION_REASON_UNKNOWN; BAG_UNKNOWN, BAG_REVOKED, BAG_USED,
// OVERLOADED where it was put in since the caller read it; EVENT_TOO_OLD; HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED.
absl::StatusOr<Transaction> DecideBagInspection(const View& view, const BagInspection& inspection, const Catalogue& catalogue,
                                                const DecisionContext& context);

// The change that puts a household's bag in with a drop: BAG_UNKNOWN, BAG_OTHER_HOUSEHOLD, BAG_REVOKED, BAG_USED.
absl::StatusOr<RecordChange> PutIn(const View& view, HouseholdId household, uint64_t bag, uint64_t pending_drop,
                                   const DecisionContext& context);
// The change that ends a bag whose drop is decided.
absl::StatusOr<RecordChange> CloseBag(const View& view, uint64_t bag, const DecisionContext& context);

}  // namespace fenfen
