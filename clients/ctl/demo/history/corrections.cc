// Corrections: two wrong weights reversed, one of them spent already; adjustments by two people; appeals that are upheld, declined and
// open.
#include "absl/strings/str_cat.h"
#include "clients/ctl/demo/history/areas.h"
#include "fenfen/v1/correction.grpc.pb.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/voucher.grpc.pb.h"

namespace fenfen::ctl {

namespace {

using Corrections = v1::CorrectionService::Stub;

constexpr char kChief[] = "C01";
constexpr int64_t kWrongGrams = 9'000;

// An attendant types a weight ten times too high.
absl::StatusOr<std::string> WrongWeight(Story& story, size_t household) {
  v1::RecordDropRequest request;
  request.set_household(story.Household(household));
  request.set_station(story.Station(household));
  request.set_category(v1::CATEGORY_RECYCLABLE);
  request.set_weight_grams(kWrongGrams);
  const auto credited = story.stage.Change(story.Attendant(household), &v1::DropService::Stub::RecordDrop, request);
  if (!credited.ok()) return credited.status();
  return credited->entry().name();
}

absl::Status Reverse(Story& story, size_t household, const std::string& entry) {
  v1::ReverseEntryRequest reverse;
  reverse.set_name(entry);
  reverse.set_reason(v1::CORRECTION_REASON_WRONG_WEIGHT);
  return story.stage.Change(story.Staff(household), &Corrections::ReverseEntry, reverse).status();
}

absl::Status CreditWrongly(Story& story) {
  for (const auto& [household, entry] : {std::pair(story.cast.corrected, &story.wrong_entry), {story.cast.debtor, &story.debt_entry}}) {
    absl::StatusOr<std::string> name = WrongWeight(story, household);
    if (!name.ok()) return name.status();
    *entry = *std::move(name);
    story.stage.Advance(absl::Minutes(1));
  }
  return absl::OkStatus();
}
absl::Status ReverseUnspent(Story& story) { return Reverse(story, story.cast.corrected, story.wrong_entry); }
// The household buys of the cheapest offer what it can, and has it captured, before anybody notices: what is missing it owes.
absl::Status ReverseSpent(Story& story) {
  v1::GetBalanceRequest ask;
  ask.set_household(story.Household(story.cast.debtor));
  const auto balance = story.stage.Ask(story.Resident(story.cast.debtor), &v1::HouseholdService::Stub::GetBalance, ask);
  if (!balance.ok()) return balance.status();
  v1::ReserveVoucherRequest reserve;
  reserve.set_household(ask.household());
  reserve.set_quantity(static_cast<int32_t>(balance->balance().reward() / (story.district.offers[0].points * 100)));
  reserve.set_offer(absl::StrCat("offers/", story.district.offers[0].id));
  const auto reserved = story.stage.Change(story.Resident(story.cast.debtor), &v1::VoucherService::Stub::ReserveVoucher, reserve);
  if (!reserved.ok()) return reserved.status();
  v1::CaptureVoucherRequest capture;
  capture.set_merchant(reserved->voucher().merchant());
  capture.set_code(reserved->voucher().code());
  const Person op = MerchantPerson(absl::StrCat(capture.merchant(), "/operators/op1"));
  if (auto captured = story.stage.Change(op, &v1::VoucherService::Stub::CaptureVoucher, capture); !captured.ok()) return captured.status();
  story.stage.Advance(absl::Hours(1));
  return Reverse(story, story.cast.debtor, story.debt_entry);
}

absl::StatusOr<std::string> Propose(Story& story, size_t household, int64_t amount, v1::CorrectionReason reason) {
  v1::ProposeAdjustmentRequest propose;
  propose.set_household(story.Household(household));
  propose.set_asset(v1::ASSET_REWARD);
  propose.set_amount(amount);
  propose.set_reason(reason);
  const auto proposed = story.stage.Change(story.Staff(household), &Corrections::ProposeAdjustment, propose);
  if (!proposed.ok()) return proposed.status();
  story.stage.Advance(absl::Minutes(20));
  return proposed->adjustment().name();
}

absl::StatusOr<std::string> Approve(Story& story, const std::string& adjustment) {
  v1::ApproveAdjustmentRequest approve;
  approve.set_name(adjustment);
  const auto approved = story.stage.Change(StaffPerson(kChief), &Corrections::ApproveAdjustment, approve);
  if (!approved.ok()) return approved.status();
  return approved->entry().name();
}

absl::Status Adjust(Story& story) {
  const absl::StatusOr<std::string> adjustment = Propose(story, story.cast.adjusted, 2'000, v1::CORRECTION_REASON_GOODWILL);
  return adjustment.ok() ? Approve(story, *adjustment).status() : adjustment.status();
}
absl::Status Dismiss(Story& story) {
  const absl::StatusOr<std::string> adjustment = Propose(story, story.cast.adjusted, 30'000, v1::CORRECTION_REASON_GOODWILL);
  if (!adjustment.ok()) return adjustment.status();
  v1::DismissAdjustmentRequest dismiss;
  dismiss.set_name(*adjustment);
  dismiss.set_reason(v1::CORRECTION_REASON_NOT_SHOWN);
  return story.stage.Change(StaffPerson(kChief), &Corrections::DismissAdjustment, dismiss).status();
}
absl::Status ProposeOnly(Story& story) { return Propose(story, story.cast.adjusted, 800, v1::CORRECTION_REASON_MISSED).status(); }

// Appeals against the household's last drop, which is then the story's.
absl::Status Appeal(Story& story, size_t household, v1::CorrectionReason reason) {
  v1::ListEntriesRequest list;
  list.set_household(story.Household(household));
  const auto entries = story.stage.Ask(story.Resident(household), &v1::HouseholdService::Stub::ListEntries, list);
  if (!entries.ok()) return entries.status();
  for (const v1::Entry& entry : entries->entries()) {
    if (entry.kind() != v1::ENTRY_KIND_DROP || entry.name() == story.appeal_entry) continue;
    story.appeal_entry = entry.name();
    v1::CreateAppealRequest appeal;
    appeal.set_entry(entry.name());
    appeal.set_reason(reason);
    return story.stage.Change(story.Resident(household), &Corrections::CreateAppeal, appeal).status();
  }
  return absl::NotFoundError(absl::StrCat(list.household(), " has no drop to appeal against"));
}

// An appeal is named by its entry's sequence number.
absl::Status Answer(Story& story, v1::CorrectionReason reason, const std::string& remedy) {
  const size_t slash = story.appeal_entry.rfind('/');
  v1::AnswerAppealRequest answer;
  answer.set_name(absl::StrCat(story.Household(story.cast.appellant), "/appeals", story.appeal_entry.substr(slash)));
  answer.set_reason(reason);
  answer.set_remedy(remedy);
  return story.stage.Change(story.Staff(story.cast.appellant), &Corrections::AnswerAppeal, answer).status();
}

absl::Status AppealFirst(Story& story) { return Appeal(story, story.cast.appellant, v1::CORRECTION_REASON_WRONG_WEIGHT); }
absl::Status Uphold(Story& story) {
  const absl::StatusOr<std::string> adjustment = Propose(story, story.cast.appellant, 300, v1::CORRECTION_REASON_WRONG_WEIGHT);
  if (!adjustment.ok()) return adjustment.status();
  const absl::StatusOr<std::string> remedy = Approve(story, *adjustment);
  return remedy.ok() ? Answer(story, v1::CORRECTION_REASON_WRONG_WEIGHT, *remedy) : remedy.status();
}
absl::Status AppealAgain(Story& story) { return Appeal(story, story.cast.appellant, v1::CORRECTION_REASON_WRONG_CATEGORY); }
absl::Status Decline(Story& story) { return Answer(story, v1::CORRECTION_REASON_RECORD_RIGHT, ""); }
absl::Status AppealOpen(Story& story) { return Appeal(story, story.cast.plaintiff, v1::CORRECTION_REASON_WRONG_WEIGHT); }

}  // namespace

absl::Status PlayCorrections(Story& story) {
  static constexpr Step kSteps[] = {{0.1, CreditWrongly}, {0.15, ReverseUnspent}, {0.2, ReverseSpent}, {0.35, Adjust},
                                    {0.4, Dismiss},       {0.45, AppealFirst},    {0.55, Uphold},      {0.65, AppealAgain},
                                    {0.7, Decline},       {0.95, ProposeOnly},    {0.95, AppealOpen}};
  story.stage.MoveTo(story.At(19));
  return PlaySteps(story, kSteps);
}

}  // namespace fenfen::ctl
