// What all corrections share: why they are made, who may make one of which size, and the records that they leave.
//
// A correction is an entry of its own; nothing is edited. Reasons are codes of fenfen.v1.CorrectionReason, whose words stand in the proto;
// what people write stays outside, and only its hash comes here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "ledger/core/transaction.h"
#include "ledger/points/catalogue.h"
#include "ledger/points/decision.h"
#include "ledger/points/sentence.h"

namespace fenfen {

// Attachments of one correction; each is a SHA-256.
inline constexpr size_t kAttachmentsMax = 8;
inline constexpr size_t kAttachmentBytes = 32;

struct CorrectionGrounds {
  int reason = 0;  // as in the request; may be none that there is
  std::vector<std::string> attachments;
};

// CORRECTION_REASON_UNKNOWN, ATTACHMENT_MALFORMED, in this order.
absl::Status CheckGrounds(const CorrectionGrounds& grounds);
ledger::v1::Grounds StoredGrounds(const CorrectionGrounds& grounds);
// The reason's words.
Sentence ReasonText(const ledger::v1::Grounds& grounds);

// The record of what has been done about an entry, and that of a proposal.
RecordKey CaseKey(HouseholdId household, PartitionSeq entry);
RecordKey ProposalKey(HouseholdId household, uint64_t proposal);

// True where both are one person: the same staff, or two staff items with one WeChat subject.
bool SamePerson(const Catalogue& catalogue, CatalogueId a, CatalogueId b);

// CORRECTION_ABOVE_LIMIT where reward or civic points of that size are more than the actor's limit, which the catalogue gives each staff
// (v1::Staff::reversal_limit and adjustment_limit); who is no staff has none.
enum class LimitKind { kReversal, kAdjustment };
absl::Status CheckLimit(const Catalogue& catalogue, const Actor& actor, LimitKind kind, int64_t reward, int64_t civic);

// TAKEN_MORE_THAN_GIVEN where a programme would have taken back more than it has given in this partition, whose accounts never go above
// zero. The programmes that the transaction posts to must be in the ReadSet.
absl::Status CheckProgrammes(const View& view, const Transaction& transaction);

// The last day on which points can be spent that are given on `day` without having been earned by a drop: as if they had been earned then.
int32_t LastDayOfGiven(const Catalogue& catalogue, int32_t day);

// "2026-06-15".
std::string DayText(int32_t day);
// "2026-06-15 08:00", in the programme's time zone.
std::string MinuteText(int64_t micros, absl::TimeZone zone);

}  // namespace fenfen
