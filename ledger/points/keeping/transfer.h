// Transfers between two households: a gift of points, a merge of one household into another, a member's leaving with points into a
// household of their own. Two partitions take part, so it is two transactions, and what has left is in transit until the second:
//
//   TRANSFER_OUT, first partition      the household → in transit       record SENT
//   TRANSFER_IN, second partition      → the other household            record ARRIVED    done
//                                      nothing                          record REFUSED    and so for ever
//   TRANSFER_BACK, first partition     in transit → the household       record RETURNED   only after REFUSED
//
// The second partition decides once, by its own record, whether it takes it; so nothing arrives that came back, whoever finishes what a
// crash left. In the first partition the points are on {in transit, the transfer's number}, above zero; in the second stands {programme,
// the transfer's number} against it, below zero by as much: over all partitions they add up to nothing.
//
// Lots keep their days. Checks come in the order in which they are listed. Pure.
#pragma once

#include "absl/status/statusor.h"
#include "fenfen/ledger/v1/transfer.pb.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// The transfer's number, from the request that makes it.
uint64_t TransferNumberFor(HouseholdId from, const RequestKey& key);
// Where its records are, here and there.
RecordKey SentKey(uint64_t number);
RecordKey TakenKey(uint64_t number, HouseholdId to);

ReadSet TransferOutReads(HouseholdId from, uint64_t number);
ReadSet TransferInReads(const ledger::v1::Transfer& sent);
ReadSet TransferBackReads(const ledger::v1::Transfer& sent);

// By an adult of the household. FIELD_MALFORMED (to itself, the amount), HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, MEMBER_UNKNOWN,
// ROLE_NOT_ALLOWED for a minor, HOUSEHOLD_IN_DEBT, GIFT_LIMIT_REACHED, POINTS_INSUFFICIENT.
struct GiftFacts {
  HouseholdId from;
  HouseholdId to;
  Points amount;
};
absl::StatusOr<Transaction> DecideGift(const View& view, const GiftFacts& facts, const Catalogue& catalogue,
                                       const DecisionContext& context);

// By the staff: all lots that can still be spent, civic points and members go; `from` is closed and says where to. What is past its day
// expires. A closed one may send what came to it since, to the same household or, where that one was merged too, to where it all is now.
// FIELD_MALFORMED (into itself), HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, HOUSEHOLD_IN_DEBT, VOUCHERS_OPEN.
struct MergeFacts {
  HouseholdId from;
  HouseholdId to;
  HouseholdId via{0};  // what `from` was merged into, where that one's merges lead on to `to`; 0 for none
};
absl::StatusOr<Transaction> DecideMerge(const View& view, const MergeFacts& facts, const Catalogue& catalogue,
                                        const DecisionContext& context);

// By the staff: a member leaves with `amount` reward points, those that lapse first, and is head of the new household. Civic points and
// earlier drops stay. FIELD_MALFORMED (number, amount), REGION_UNKNOWN, HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, MEMBER_UNKNOWN,
// HOUSEHOLD_IN_DEBT, HEAD_NEEDED, POINTS_INSUFFICIENT.
struct SplitFacts {
  HouseholdId from;
  uint32_t member = 0;
  uint32_t next_head = 0;  // of the household left, where its head goes
  Points amount;
  HouseholdId to;  // the new household's number
  CatalogueId region;
  uint64_t card_hash = 0;
  uint64_t door_hash = 0;
};
absl::StatusOr<Transaction> DecideSplit(const View& view, const SplitFacts& facts, const Catalogue& catalogue,
                                        const DecisionContext& context);

// Takes what was sent, or refuses it for ever; both are transactions. TRANSFER_DECIDED where one was made before.
absl::StatusOr<Transaction> DecideTransferIn(const View& view, const ledger::v1::Transfer& sent, const DecisionContext& context);

// Takes back what `refused`, the record in the second partition, says was refused. TRANSFER_DECIDED where it has come back.
absl::StatusOr<Transaction> DecideTransferBack(const View& view, const ledger::v1::Transfer& refused, const DecisionContext& context);

// The transfer's record as a transaction left it; NOT_FOUND for a transaction of another kind.
absl::StatusOr<ledger::v1::Transfer> TransferIn(const Transaction& transaction);
// A record of kind kTransfer. DATA_LOSS.
absl::StatusOr<ledger::v1::Transfer> DecodeTransfer(absl::string_view bytes);
// The refusal that a REFUSED or RETURNED transfer stands for.
absl::Status RefusalOf(const ledger::v1::Transfer& transfer);

}  // namespace fenfen
