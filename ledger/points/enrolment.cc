#include "ledger/points/enrolment.h"

#include "absl/strings/str_cat.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen {
namespace {

std::vector<uint64_t> SubjectsOf(const HouseholdRecord& record) {
  std::vector<uint64_t> subjects;
  for (const Member& member : record.members) subjects.push_back(member.subject_hash);
  return subjects;
}

}  // namespace

EnrolmentState CompareEnrolment(const View& view, const EnrolmentFacts& facts) {
  const absl::StatusOr<Versioned<HouseholdRecord>> found = ReadHousehold(view, facts.household);
  if (!found.ok()) return EnrolmentState::kNew;
  const HouseholdRecord& record = found->record;
  const bool same = record.region == facts.region && record.card_hash == facts.card_hash && record.door_hash == facts.door_hash &&
                    SubjectsOf(record) == facts.members;
  return same ? EnrolmentState::kSame : EnrolmentState::kDifferent;
}

ReadSet EnrolmentReads(HouseholdId household) { return {{KeyOf(household)}, {}}; }

absl::StatusOr<Transaction> DecideEnrolment(const View& view, const EnrolmentFacts& facts, const Catalogue& catalogue,
                                            const DecisionContext& context) {
  if (facts.household.value() == 0 || facts.household.value() > limits::kHouseholdIdMax) {
    return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", absl::StrCat("1–", limits::kHouseholdIdMax)}}, "number");
  }
  if (catalogue.Find<v1::Region>(facts.region) == nullptr) return Refuse(Reason::REASON_REGION_UNKNOWN, {}, "region");
  if (facts.members.empty() || facts.members.size() > static_cast<size_t>(limits::kMembersMax)) {
    return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", absl::StrCat("1–", limits::kMembersMax)}}, "members");
  }
  if (view.Record(KeyOf(facts.household))) return Refuse(Reason::REASON_REQUEST_ID_REUSED, {}, "number");

  HouseholdRecord household;
  household.region = facts.region;
  household.card_hash = facts.card_hash;
  household.door_hash = facts.door_hash;
  household.create_time = context.now;
  for (const uint64_t subject_hash : facts.members) household.members.push_back({subject_hash, MemberRole::kAdult});
  Transaction transaction = BeginTransaction(TransactionKind::kEnrolment, context, context.now);
  transaction.changes.push_back({KeyOf(facts.household), PartitionSeq(0), EncodeHousehold(household)});
  transaction.why = EncodeWhy(EnrolmentWhy{{facts.household, Points(0), Points(0)}, static_cast<uint32_t>(facts.members.size())});
  return transaction;
}

std::optional<EnrolmentFacts> EnrolmentOf(const CommittedTransaction& committed) {
  if (committed.transaction.kind != TransactionKind::kEnrolment) return std::nullopt;
  for (const RecordChange& change : committed.transaction.changes) {
    if (change.key.kind != RecordKind::kHousehold) continue;
    absl::StatusOr<HouseholdRecord> record = DecodeHousehold(change.bytes);
    if (!record.ok()) return std::nullopt;
    return EnrolmentFacts{HouseholdId(change.key.id), record->region, record->card_hash, record->door_hash, SubjectsOf(*record)};
  }
  return std::nullopt;
}

}  // namespace fenfen
