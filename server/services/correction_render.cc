#include "server/services/correction_render.h"

#include <charconv>
#include <limits>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "ledger/core/clock.h"
#include "ledger/points/entry.h"
#include "server/services/render.h"

namespace fenfen::server {
namespace {

constexpr uint64_t kLow56 = (uint64_t{1} << 56) - 1;

std::string StaffName(uint64_t id, const Catalogue& catalogue) {
  const v1::Staff* staff = catalogue.Find<v1::Staff>(CatalogueId(id));
  return staff == nullptr ? absl::StrCat("staff/#", absl::Hex(id)) : staff->name();
}

v1::CorrectionReason ReasonOf(const ledger::v1::Grounds& grounds) { return static_cast<v1::CorrectionReason>(grounds.reason()); }

}  // namespace

v1::Adjustment RenderAdjustment(uint64_t id, const ledger::v1::Proposal& proposal, const Catalogue& catalogue, int32_t today) {
  v1::Adjustment out;
  out.set_name(absl::StrCat(HouseholdName(HouseholdId(proposal.household())), "/adjustments/", absl::Hex(id, absl::kZeroPad16)));
  out.set_asset(proposal.asset() == static_cast<int32_t>(Asset::kReward) ? v1::ASSET_REWARD : v1::ASSET_CIVIC);
  out.set_amount(proposal.amount());
  out.set_reason(ReasonOf(proposal.grounds()));
  *out.mutable_attachments() = proposal.grounds().attachments();
  SetMicros(*out.mutable_create_time(), proposal.create_micros());
  out.set_proposer(StaffName(proposal.proposer(), catalogue));
  out.set_expires_on(absl::FormatCivilTime(CivilDayOf(proposal.expires_day())));
  if (proposal.decide_micros() == 0) {
    out.set_state(today > proposal.expires_day() ? v1::Adjustment::STATE_LAPSED : v1::Adjustment::STATE_PROPOSED);
    return out;
  }
  out.set_state(proposal.approved() ? v1::Adjustment::STATE_APPROVED : v1::Adjustment::STATE_DISMISSED);
  SetMicros(*out.mutable_decide_time(), proposal.decide_micros());
  out.set_decider(StaffName(proposal.decider(), catalogue));
  if (!proposal.approved()) out.set_dismissal_reason(ReasonOf(proposal.dismissal_grounds()));
  return out;
}

v1::Appeal RenderAppeal(uint64_t id, const ledger::v1::EntryCase& entry_case, const Catalogue& catalogue) {
  v1::Appeal out;
  if (entry_case.appeals().empty()) return out;
  const ledger::v1::Appeal& appeal = *entry_case.appeals().rbegin();
  const std::string household = HouseholdName(HouseholdId(entry_case.household()));
  out.set_name(absl::StrCat(household, "/appeals/", id & kLow56));
  out.set_entry(absl::StrCat(household, "/entries/", id & kLow56));
  out.set_reason(ReasonOf(appeal.grounds()));
  *out.mutable_attachments() = appeal.grounds().attachments();
  SetMicros(*out.mutable_create_time(), appeal.create_micros());
  if (appeal.member() != 0) out.set_member(absl::StrCat(household, "/members/", appeal.member()));
  out.set_earlier_count(entry_case.appeals_size() - 1);
  out.set_state(v1::Appeal::STATE_OPEN);
  if (appeal.answer_micros() == 0) return out;
  out.set_state(appeal.upheld() ? v1::Appeal::STATE_UPHELD : v1::Appeal::STATE_DECLINED);
  SetMicros(*out.mutable_answer_time(), appeal.answer_micros());
  out.set_answerer(StaffName(appeal.answerer(), catalogue));
  out.set_answer_reason(ReasonOf(appeal.answer_grounds()));
  if (appeal.upheld()) out.set_remedy(absl::StrCat(household, "/entries/", appeal.remedy()));
  return out;
}

std::optional<std::pair<HouseholdId, uint64_t>> ParseAdjustmentName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 4 || parts[2] != "adjustments" || parts[3].size() != 16) return std::nullopt;
  const std::optional<HouseholdId> household = ParseHouseholdName(absl::StrCat(parts[0], "/", parts[1]));
  uint64_t id = 0;
  const char* const last = parts[3].data() + parts[3].size();
  const auto [end, error] = std::from_chars(parts[3].data(), last, id, 16);
  if (!household || error != std::errc() || end != last) return std::nullopt;
  return std::make_pair(*household, id);
}

std::optional<std::pair<HouseholdId, PartitionSeq>> ParseAppealName(absl::string_view name) {
  // It differs from its entry's name in the collection alone.
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 4 || parts[2] != "appeals") return std::nullopt;
  return ParseEntryName(absl::StrCat(parts[0], "/", parts[1], "/entries/", parts[3]));
}

std::optional<Corrections::Case> CorrectionIn(const RecordKey& key, absl::string_view bytes) {
  const int size = static_cast<int>(bytes.size());
  if (key.kind == RecordKind::kProposal) {
    ledger::v1::Proposal proposal;
    if (!proposal.ParseFromArray(bytes.data(), size)) return std::nullopt;
    return Corrections::Case{HouseholdId(proposal.household()), CatalogueId(proposal.region()), proposal.create_micros(),
                             proposal.decide_micros() == 0, proposal.expires_day()};
  }
  ledger::v1::EntryCase entry_case;
  if (!entry_case.ParseFromArray(bytes.data(), size) || entry_case.appeals().empty()) return std::nullopt;
  const ledger::v1::Appeal& last = *entry_case.appeals().rbegin();
  return Corrections::Case{HouseholdId(entry_case.household()), CatalogueId(entry_case.region()), last.create_micros(),
                           last.answer_micros() == 0, std::numeric_limits<int32_t>::max()};
}

}  // namespace fenfen::server
