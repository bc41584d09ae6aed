#include "ledger/points/keeping/membership.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "fenfen/ledger/v1/membership.pb.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"
#include "ledger/points/keeping/household_people.h"
#include "ledger/points/stored_message.h"

namespace fenfen {
namespace {

using ledger::v1::Invitation;
using ledger::v1::KeepingFacts;
using ledger::v1::MembershipFacts;
using Found = Versioned<HouseholdRecord>;

constexpr size_t kSha256Bytes = 32;

absl::Status CheckRoom(const HouseholdRecord& household) {
  if (household.members.size() < static_cast<size_t>(limits::kMembersMax)) return absl::OkStatus();
  return Refuse(Reason::REASON_HOUSEHOLD_FULL, {{"limit", absl::StrCat(limits::kMembersMax)}});
}

// A new member is an adult or a minor: a head is named by another change, and to be served takes a consent.
absl::Status CheckNewRole(MemberRole role) {
  if (role == MemberRole::kAdult || role == MemberRole::kMinor) return absl::OkStatus();
  return Refuse(Reason::REASON_ROLE_NOT_ALLOWED, {}, "role");
}

// The open household, of which `member` is one.
absl::StatusOr<Found> ReadWithMember(const View& view, HouseholdId id, uint32_t member) {
  absl::StatusOr<Found> found = ReadOpenHousehold(view, id);
  if (found.ok() && !IsPresent(found->record, member)) return Refuse(Reason::REASON_MEMBER_UNKNOWN, {}, "member");
  return found;
}

// Adds a member and says so.
MembershipFacts& Add(HouseholdRecord& household, uint64_t subject_hash, MemberRole role, MembershipFacts::Change change,
                     KeepingFacts& facts) {
  MembershipFacts& membership = *facts.mutable_membership();
  *membership.mutable_former() = FormerNamesOf(household);
  NameHead(household);
  household.members.push_back({subject_hash, role});
  membership.set_change(change);
  membership.set_member(static_cast<uint32_t>(household.members.size()));
  membership.set_role(static_cast<uint32_t>(role));
  return membership;
}

void SetRole(HouseholdRecord& household, uint32_t member, MemberRole role, MembershipFacts::Change change, MembershipFacts& facts) {
  MemberRole& present = household.members[member - 1].role;
  facts.set_change(change);
  facts.set_member(member);
  facts.set_role_before(static_cast<uint32_t>(present));
  facts.set_role(static_cast<uint32_t>(role));
  present = role;
}

}  // namespace

uint64_t InvitationIdFor(HouseholdId household, const RequestKey& key) {
  return RecordNumber(PartitionOf(household), HashOf(key, household));
}

ReadSet InvitationReads(HouseholdId household, uint64_t invitation) {
  ReadSet reads = HouseholdReads(household);
  reads.records.push_back(InvitationKey(invitation));
  return reads;
}

absl::StatusOr<Transaction> DecideInvite(const View& view, HouseholdId id, MemberRole role, const DecisionContext& context) {
  absl::StatusOr<Found> found = ReadOpenHousehold(view, id);
  if (!found.ok()) return found.status();
  if (absl::Status status = CheckHead(context.actor, id, found->record); !status.ok()) return status;
  if (absl::Status status = CheckNewRole(role); !status.ok()) return status;
  if (absl::Status status = CheckRoom(found->record); !status.ok()) return status;
  const uint64_t number = InvitationIdFor(id, context.key);
  // Two keys of one household with one hash of 56 bits: the client tries again with a new key.
  if (view.Record(InvitationKey(number))) return Refuse(Reason::REASON_REQUEST_ID_REUSED);

  Invitation invitation;
  invitation.set_household(id.value());
  invitation.set_role(static_cast<uint32_t>(role));
  invitation.set_create_time(absl::ToUnixMicros(context.now));
  invitation.set_expire_time(absl::ToUnixMicros(context.now + kInvitationTime));
  invitation.set_state(Invitation::STATE_OPEN);
  KeepingFacts facts;
  MembershipFacts& membership = *facts.mutable_membership();
  membership.set_change(MembershipFacts::CHANGE_INVITED);
  membership.set_role(invitation.role());
  membership.set_invitation(number);
  membership.set_expire_time(invitation.expire_time());
  Transaction transaction = PeopleTransaction(TransactionKind::kMembership, view, id, *found, facts, context);
  transaction.changes.push_back({InvitationKey(number), PartitionSeq(0), SerialiseMessage(invitation)});
  return transaction;
}

absl::StatusOr<Transaction> DecideJoin(const View& view, const JoinFacts& join, const DecisionContext& context) {
  absl::StatusOr<StoredMessage<Invitation>> stored = ReadMessage<Invitation>(view, InvitationKey(join.invitation));
  if (!stored.ok()) return stored.status();
  Invitation& invitation = stored->message;
  if (!stored->found() || invitation.household() != join.household.value()) {
    return Refuse(Reason::REASON_INVITATION_UNKNOWN, {}, "invitation");
  }
  if (invitation.state() != Invitation::STATE_OPEN) return Refuse(Reason::REASON_INVITATION_USED, {}, "invitation");
  const absl::Time lapses = absl::FromUnixMicros(invitation.expire_time());
  if (context.now >= lapses) {
    return Refuse(Reason::REASON_INVITATION_EXPIRED, {{"time", absl::FormatTime("%Y-%m-%d %H:%M", lapses, context.zone)}}, "invitation");
  }
  absl::StatusOr<Found> found = ReadOpenHousehold(view, join.household);
  if (!found.ok()) return found.status();
  HouseholdRecord& household = found->record;
  const auto is_there = [&join](const Member& member) { return member.subject_hash == join.subject_hash; };
  if (std::any_of(household.members.begin(), household.members.end(), is_there)) return Refuse(Reason::REASON_MEMBER_ALREADY_THERE);
  if (absl::Status status = CheckRoom(household); !status.ok()) return status;

  KeepingFacts facts;
  const auto role = static_cast<MemberRole>(invitation.role());
  MembershipFacts& membership = Add(household, join.subject_hash, role, MembershipFacts::CHANGE_JOINED, facts);
  membership.set_invitation(join.invitation);
  invitation.set_state(Invitation::STATE_USED);
  invitation.set_member(membership.member());
  Transaction transaction = PeopleTransaction(TransactionKind::kMembership, view, join.household, *found, facts, context);
  // Who joins has had no number before.
  transaction.actor = {ActorKind::kMember, join.household.value(), membership.member()};
  transaction.changes.push_back({InvitationKey(join.invitation), stored->version, SerialiseMessage(invitation)});
  return transaction;
}

absl::StatusOr<Transaction> DecideAddMember(const View& view, HouseholdId id, MemberRole role, const DecisionContext& context) {
  absl::StatusOr<Found> found = ReadOpenHousehold(view, id);
  if (!found.ok()) return found.status();
  if (absl::Status status = CheckHead(context.actor, id, found->record); !status.ok()) return status;
  if (absl::Status status = CheckNewRole(role); !status.ok()) return status;
  if (absl::Status status = CheckRoom(found->record); !status.ok()) return status;
  KeepingFacts facts;
  Add(found->record, 0, role, MembershipFacts::CHANGE_ADDED, facts);
  return PeopleTransaction(TransactionKind::kMembership, view, id, *found, facts, context);
}

absl::StatusOr<Transaction> DecideLeave(const View& view, const MemberChange& change, const DecisionContext& context) {
  absl::StatusOr<Found> found = ReadWithMember(view, change.household, change.member);
  if (!found.ok()) return found.status();
  HouseholdRecord& household = found->record;
  const bool oneself = context.actor.kind == ActorKind::kMember && context.actor.id == change.household.value() &&
                       context.actor.sub == change.member && household.members[change.member - 1].role != MemberRole::kMinor;
  if (!oneself) {
    if (absl::Status status = CheckHead(context.actor, change.household, household); !status.ok()) return status;
  }
  KeepingFacts facts;
  MembershipFacts& membership = *facts.mutable_membership();
  *membership.mutable_former() = FormerNamesOf(household);
  NameHead(household);
  const bool was_head = household.members[change.member - 1].role == MemberRole::kHead;
  SetRole(household, change.member, MemberRole::kLeft, MembershipFacts::CHANGE_LEFT, membership);
  household.members[change.member - 1].subject_hash = 0;
  if (absl::Status status = KeepHead(household, was_head, change.next_head); !status.ok()) return status;
  membership.set_next_head(change.next_head);
  return PeopleTransaction(TransactionKind::kMembership, view, change.household, *found, facts, context);
}

absl::StatusOr<Transaction> DecideRole(const View& view, const MemberChange& change, const DecisionContext& context) {
  absl::StatusOr<Found> found = ReadWithMember(view, change.household, change.member);
  if (!found.ok()) return found.status();
  HouseholdRecord& household = found->record;
  if (absl::Status status = CheckHead(context.actor, change.household, household); !status.ok()) return status;
  NameHead(household);
  const MemberRole before = household.members[change.member - 1].role;
  const bool known = change.role == MemberRole::kAdult || change.role == MemberRole::kHead || change.role == MemberRole::kMinor;
  const bool minor_to_head = before == MemberRole::kMinor && change.role == MemberRole::kHead;
  if (!known || before == MemberRole::kAssisted || minor_to_head) return Refuse(Reason::REASON_ROLE_NOT_ALLOWED, {}, "role");
  KeepingFacts facts;
  MembershipFacts& membership = *facts.mutable_membership();
  SetRole(household, change.member, change.role, MembershipFacts::CHANGE_ROLE, membership);
  if (absl::Status status = KeepHead(household, before == MemberRole::kHead, change.next_head); !status.ok()) return status;
  membership.set_next_head(change.next_head);
  return PeopleTransaction(TransactionKind::kMembership, view, change.household, *found, facts, context);
}

absl::StatusOr<Transaction> DecideConsent(const View& view, HouseholdId id, uint32_t member, const std::string& evidence_sha256,
                                          const DecisionContext& context) {
  absl::StatusOr<Found> found = ReadWithMember(view, id, member);
  if (!found.ok()) return found.status();
  if (absl::Status status = CheckHead(context.actor, id, found->record); !status.ok()) return status;
  NameHead(found->record);
  const MemberRole before = found->record.members[member - 1].role;
  if (before != MemberRole::kAdult && before != MemberRole::kAssisted) return Refuse(Reason::REASON_ROLE_NOT_ALLOWED, {}, "member");
  if (!evidence_sha256.empty() && evidence_sha256.size() != kSha256Bytes) {
    return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", "SHA-256, 32 bytes"}}, "evidence_sha256");
  }
  KeepingFacts facts;
  MembershipFacts& membership = *facts.mutable_membership();
  SetRole(found->record, member, MemberRole::kAssisted, MembershipFacts::CHANGE_CONSENT, membership);
  membership.set_evidence_sha256(evidence_sha256);
  return PeopleTransaction(TransactionKind::kMembership, view, id, *found, facts, context);
}

absl::StatusOr<Transaction> DecideConsentWithdrawal(const View& view, HouseholdId id, uint32_t member, const DecisionContext& context) {
  absl::StatusOr<Found> found = ReadWithMember(view, id, member);
  if (!found.ok()) return found.status();
  if (absl::Status status = CheckHead(context.actor, id, found->record); !status.ok()) return status;
  if (found->record.members[member - 1].role != MemberRole::kAssisted) return Refuse(Reason::REASON_CONSENT_ABSENT, {}, "member");
  // Before it, so that the former assisted member does not become head by being the first adult.
  NameHead(found->record);
  KeepingFacts facts;
  SetRole(found->record, member, MemberRole::kAdult, MembershipFacts::CHANGE_CONSENT_WITHDRAWN, *facts.mutable_membership());
  return PeopleTransaction(TransactionKind::kMembership, view, id, *found, facts, context);
}

absl::Status CheckMayBeServed(const HouseholdRecord& household, uint32_t member) {
  const auto agreed = [](const Member& one) { return one.role == MemberRole::kAssisted; };
  const bool may = member == 0 ? std::any_of(household.members.begin(), household.members.end(), agreed)
                               : IsPresent(household, member) && agreed(household.members[member - 1]);
  return may ? absl::OkStatus() : Refuse(Reason::REASON_CONSENT_ABSENT, {}, "member");
}

uint32_t NewMemberIn(const Transaction& transaction) {
  if (transaction.kind != TransactionKind::kMembership) return 0;
  const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
  if (!why.ok()) return 0;
  const MembershipFacts& facts = std::get<FactsWhy>(*why).facts.keeping().membership();
  const bool is_new = facts.change() == MembershipFacts::CHANGE_JOINED || facts.change() == MembershipFacts::CHANGE_ADDED;
  return is_new ? facts.member() : 0;
}

}  // namespace fenfen
