// Membership: who belongs to a household, as what, and who agreed to be served by others.
//
//   the head or the staff invite ─► Invitation open ──► somebody joins by its code, once ─► a member, with the next number
//                                        └────────────► its time passes, and it is good for nothing
//
// A member's number is never given again, and what they dropped stays with the household and that number. Who leaves is kLeft in its place,
// without a subject. An assisted member is one without a phone whose consent to be served is recorded: who recorded it and when stands in
// the transaction, and taking it back makes them an adult as any other. Checks come in the order in which they are listed.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/points/decision.h"
#include "ledger/state/state.h"

namespace fenfen {

// How long an invitation is good.
inline constexpr absl::Duration kInvitationTime = absl::Hours(24 * 7);

// The number of the invitation that a request makes.
uint64_t InvitationIdFor(HouseholdId household, const RequestKey& key);
constexpr RecordKey InvitationKey(uint64_t invitation) { return {RecordKind::kInvitation, invitation}; }
ReadSet InvitationReads(HouseholdId household, uint64_t invitation);

// `role`: kAdult or kMinor. HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, NOT_HEAD, ROLE_NOT_ALLOWED, HOUSEHOLD_FULL.
absl::StatusOr<Transaction> DecideInvite(const View& view, HouseholdId household, MemberRole role, const DecisionContext& context);

// The invitation's household never changes, so it is read ahead and named here.
struct JoinFacts {
  HouseholdId household;
  uint64_t invitation = 0;
  uint64_t subject_hash = 0;
};
// INVITATION_UNKNOWN, INVITATION_USED, INVITATION_EXPIRED, HOUSEHOLD_CLOSED, MEMBER_ALREADY_THERE, HOUSEHOLD_FULL.
absl::StatusOr<Transaction> DecideJoin(const View& view, const JoinFacts& facts, const DecisionContext& context);

// A member without a phone: kAdult or kMinor. HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, NOT_HEAD, ROLE_NOT_ALLOWED, HOUSEHOLD_FULL.
absl::StatusOr<Transaction> DecideAddMember(const View& view, HouseholdId household, MemberRole role, const DecisionContext& context);

struct MemberChange {
  HouseholdId household;
  uint32_t member = 0;
  MemberRole role = MemberRole::kAdult;  // of a role change: kAdult, kHead or kMinor
  uint32_t next_head = 0;                // who is head from then on; 0 where somebody else still is
};
// By the member, who is no minor, the head or the staff. HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, MEMBER_UNKNOWN, NOT_HEAD, HEAD_NEEDED.
absl::StatusOr<Transaction> DecideLeave(const View& view, const MemberChange& change, const DecisionContext& context);
// HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, MEMBER_UNKNOWN, NOT_HEAD, ROLE_NOT_ALLOWED, HEAD_NEEDED.
absl::StatusOr<Transaction> DecideRole(const View& view, const MemberChange& change, const DecisionContext& context);

// `evidence_sha256`: 32 bytes of the signed form, or empty. HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, MEMBER_UNKNOWN, NOT_HEAD,
// ROLE_NOT_ALLOWED for a head or a minor, FIELD_MALFORMED.
absl::StatusOr<Transaction> DecideConsent(const View& view, HouseholdId household, uint32_t member, const std::string& evidence_sha256,
                                          const DecisionContext& context);
// HOUSEHOLD_UNKNOWN, HOUSEHOLD_CLOSED, MEMBER_UNKNOWN, NOT_HEAD, CONSENT_ABSENT.
absl::StatusOr<Transaction> DecideConsentWithdrawal(const View& view, HouseholdId household, uint32_t member,
                                                    const DecisionContext& context);

// Whether an attendant may record for this member, or, with 0, for anybody of the household, without their card or code at hand.
// CONSENT_ABSENT.
absl::Status CheckMayBeServed(const HouseholdRecord& household, uint32_t member);

// The new member's number in a join's or an addition's transaction; 0 for any other.
uint32_t NewMemberIn(const Transaction& transaction);

}  // namespace fenfen
