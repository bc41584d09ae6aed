#include "ledger/points/correcting/grounds.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "absl/strings/str_cat.h"
#include "fenfen/v1/correction.pb.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/earning/rules.h"
#include "ledger/points/lots.h"

namespace fenfen {
namespace {

constexpr uint64_t kLow56 = (uint64_t{1} << 56) - 1;

RecordKey InPartition(RecordKind kind, HouseholdId household, uint64_t low) {
  return {kind, uint64_t{PartitionOf(household).value()} << 56 | (low & kLow56)};
}

}  // namespace

absl::Status CheckGrounds(const CorrectionGrounds& grounds) {
  if (grounds.reason == v1::CORRECTION_REASON_UNSPECIFIED || !v1::CorrectionReason_IsValid(grounds.reason)) {
    return Refuse(Reason::REASON_CORRECTION_REASON_UNKNOWN, {}, "reason");
  }
  const bool well_formed = std::all_of(grounds.attachments.begin(), grounds.attachments.end(),
                                       [](const std::string& hash) { return hash.size() == kAttachmentBytes; });
  if (grounds.attachments.size() > kAttachmentsMax || !well_formed) {
    return Refuse(Reason::REASON_ATTACHMENT_MALFORMED, {{"limit", absl::StrCat(kAttachmentsMax)}}, "attachments");
  }
  return absl::OkStatus();
}

ledger::v1::Grounds StoredGrounds(const CorrectionGrounds& grounds) {
  ledger::v1::Grounds stored;
  stored.set_reason(grounds.reason);
  for (const std::string& hash : grounds.attachments) stored.add_attachments(hash);
  return stored;
}

Sentence ReasonText(const ledger::v1::Grounds& grounds) {
  const auto* value = v1::CorrectionReason_descriptor()->FindValueByNumber(grounds.reason());
  if (value == nullptr) return {};
  const v1::CorrectionText& text = value->options().GetExtension(v1::correction);
  return {text.zh(), text.en()};
}

RecordKey CaseKey(HouseholdId household, PartitionSeq entry) { return InPartition(RecordKind::kAppeal, household, entry.value()); }
RecordKey ProposalKey(HouseholdId household, uint64_t proposal) { return InPartition(RecordKind::kProposal, household, proposal); }

bool SamePerson(const Catalogue& catalogue, CatalogueId a, CatalogueId b) {
  if (a == b) return true;
  const v1::Staff* first = catalogue.Find<v1::Staff>(a);
  const v1::Staff* second = catalogue.Find<v1::Staff>(b);
  return first != nullptr && second != nullptr && !first->subject().empty() && first->subject() == second->subject();
}

absl::Status CheckLimit(const Catalogue& catalogue, const Actor& actor, LimitKind kind, int64_t reward, int64_t civic) {
  const v1::Staff* staff = actor.kind == ActorKind::kStaff ? catalogue.Find<v1::Staff>(CatalogueId(actor.id)) : nullptr;
  const int64_t limit = staff == nullptr ? 0 : kind == LimitKind::kReversal ? staff->reversal_limit() : staff->adjustment_limit();
  const int64_t amount = std::max(std::abs(reward), std::abs(civic));
  if (amount <= limit) return absl::OkStatus();
  return Refuse(Reason::REASON_CORRECTION_ABOVE_LIMIT, {{"amount", FormatPoints(Points(amount))}, {"limit", FormatPoints(Points(limit))}});
}

absl::Status CheckProgrammes(const View& view, const Transaction& transaction) {
  std::map<AccountId, int64_t> changes;
  for (const Posting& posting : transaction.postings) {
    if (posting.account.kind == AccountKind::kProgramme) changes[posting.account] += posting.amount.hundredths();
  }
  for (const auto& [account, change] : changes) {
    if (view.Balance(account).hundredths() + change > 0) return Refuse(Reason::REASON_TAKEN_MORE_THAN_GIVEN);
  }
  return absl::OkStatus();
}

int32_t LastDayOfGiven(const Catalogue& catalogue, int32_t day) {
  const Rules* rules = catalogue.RulesOn(day);
  return rules == nullptr ? ExpiryDay(day, 0) : rules->ExpiryDay(day);
}

std::string DayText(int32_t day) { return absl::FormatCivilTime(CivilDayOf(day)); }

std::string MinuteText(int64_t micros, absl::TimeZone zone) {
  return absl::FormatTime("%Y-%m-%d %H:%M", absl::FromUnixMicros(micros), zone);
}

}  // namespace fenfen
