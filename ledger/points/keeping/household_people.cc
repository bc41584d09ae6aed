#include "ledger/points/keeping/household_people.h"

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/points/entry.h"
#include "ledger/points/purse.h"

namespace fenfen {
namespace {

uint32_t FirstWith(const HouseholdRecord& household, MemberRole role) {
  for (size_t i = 0; i < household.members.size(); ++i) {
    if (household.members[i].role == role) return static_cast<uint32_t>(i + 1);
  }
  return 0;
}

HouseholdNames NamesOf(const ledger::v1::FormerNames& former) {
  return {former.card_hash(), former.door_hash(), {former.members().begin(), former.members().end()}, {}};
}

}  // namespace

uint32_t HeadOf(const HouseholdRecord& household) {
  const uint32_t named = FirstWith(household, MemberRole::kHead);
  return named != 0 ? named : FirstWith(household, MemberRole::kAdult);
}

bool IsHead(const HouseholdRecord& household, uint32_t member) {
  return IsPresent(household, member) && (household.members[member - 1].role == MemberRole::kHead || HeadOf(household) == member);
}

v1::MemberRole RoleOf(const HouseholdRecord& household, uint32_t member) {
  if (IsHead(household, member)) return v1::MEMBER_ROLE_HEAD;
  switch (household.members[member - 1].role) {
    case MemberRole::kMinor:
      return v1::MEMBER_ROLE_MINOR;
    case MemberRole::kAssisted:
      return v1::MEMBER_ROLE_ASSISTED;
    default:
      return v1::MEMBER_ROLE_ADULT;
  }
}

void NameHead(HouseholdRecord& household) {
  if (const uint32_t head = HeadOf(household); head != 0) household.members[head - 1].role = MemberRole::kHead;
}

bool IsPresent(const HouseholdRecord& household, uint32_t member) { return member != 0 && IsMember(household, member); }

absl::Status CheckOpen(const HouseholdRecord& household) {
  if (household.merged_into == HouseholdId(0)) return absl::OkStatus();
  return Refuse(Reason::REASON_HOUSEHOLD_CLOSED, {{"household", HouseholdName(household.merged_into)}}, "household");
}

absl::Status CheckHead(const Actor& actor, HouseholdId id, const HouseholdRecord& household) {
  if (actor.kind != ActorKind::kMember) return absl::OkStatus();
  const bool head = actor.id == id.value() && IsHead(household, static_cast<uint32_t>(actor.sub));
  return head ? absl::OkStatus() : Refuse(Reason::REASON_NOT_HEAD);
}

absl::Status KeepHead(HouseholdRecord& household, bool lost, uint32_t next_head) {
  if (next_head != 0) {
    if (!IsPresent(household, next_head)) return Refuse(Reason::REASON_MEMBER_UNKNOWN, {}, "next_head");
    MemberRole& role = household.members[next_head - 1].role;
    if (role != MemberRole::kAdult && role != MemberRole::kHead) return Refuse(Reason::REASON_HEAD_NEEDED, {}, "next_head");
    role = MemberRole::kHead;
  }
  if (lost && FirstWith(household, MemberRole::kHead) == 0) return Refuse(Reason::REASON_HEAD_NEEDED, {}, "next_head");
  return absl::OkStatus();
}

absl::StatusOr<Versioned<HouseholdRecord>> ReadOpenHousehold(const View& view, HouseholdId id) {
  absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, id);
  if (!found.ok()) return found;
  if (absl::Status open = CheckOpen(found->record); !open.ok()) return open;
  return found;
}

ReadSet HouseholdReads(HouseholdId id) { return {{KeyOf(id)}, PurseAccounts(id)}; }

ledger::v1::FormerNames FormerNamesOf(const HouseholdRecord& household) {
  ledger::v1::FormerNames former;
  former.set_card_hash(household.card_hash);
  former.set_door_hash(household.door_hash);
  for (const Member& member : household.members) former.add_members(member.subject_hash);
  return former;
}

std::optional<HouseholdNames> FormerNamesIn(const Transaction& transaction) {
  switch (transaction.kind) {
    case TransactionKind::kMembership:
    case TransactionKind::kCardChange:
    case TransactionKind::kMove:
    case TransactionKind::kTransferOut:
    case TransactionKind::kTransferIn:
    case TransactionKind::kTransferBack:
      break;
    default:
      return std::nullopt;
  }
  const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
  if (!why.ok()) return std::nullopt;
  const ledger::v1::KeepingFacts& facts = std::get<FactsWhy>(*why).facts.keeping();
  if (facts.membership().has_former()) return NamesOf(facts.membership().former());
  if (facts.card().has_former()) return NamesOf(facts.card().former());
  if (facts.move().has_former()) return NamesOf(facts.move().former());
  if (facts.transfer().has_former()) return NamesOf(facts.transfer().former());
  return std::nullopt;
}

Transaction PeopleTransaction(TransactionKind kind, const View& view, HouseholdId id, const Versioned<HouseholdRecord>& household,
                              const ledger::v1::KeepingFacts& facts, const DecisionContext& context) {
  Transaction transaction = BeginTransaction(kind, context, context.now);
  transaction.changes.push_back({KeyOf(id), household.version, EncodeHousehold(household.record)});
  FactsWhy why;
  why.after = {id, view.Balance(RewardAccount(id)), view.Balance(CivicAccount(id))};
  *why.facts.mutable_keeping() = facts;
  transaction.why = EncodeWhy(why);
  return transaction;
}

uint64_t RecordNumber(PartitionId partition, uint64_t hash) {
  return uint64_t{partition.value()} << 56 | (hash & ((uint64_t{1} << 56) - 1));
}

uint64_t HashOf(const RequestKey& key, HouseholdId household) { return MixBits(MixBits(key.high ^ MixBits(key.low)) ^ household.value()); }

}  // namespace fenfen
