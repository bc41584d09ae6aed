// Verification: what is bulky waits for an inspector, what comes from renovation is released by itself after a day, what is in a tagged bag
// is looked into later, and what comes too late waits for a person. Some are found wrong.
#include "absl/strings/str_cat.h"
#include "clients/ctl/demo/history/areas.h"
#include "fenfen/v1/drop.grpc.pb.h"
#include "fenfen/v1/household.grpc.pb.h"
#include "fenfen/v1/verification.grpc.pb.h"

namespace fenfen::ctl {

namespace {

using Verification = v1::VerificationService::Stub;

constexpr int kLateDays = 9;  // the rules take seven

// Recorded by the attendant; the name of what waits.
absl::StatusOr<std::string> Record(Story& story, size_t household, v1::Category category) {
  v1::RecordDropRequest request;
  request.set_household(story.Household(household));
  request.set_station(story.Station(household));
  request.set_category(category);
  request.set_weight_grams(12'000);
  const auto recorded = story.stage.Change(story.Attendant(household), &v1::DropService::Stub::RecordDrop, request);
  if (!recorded.ok()) return recorded.status();
  if (recorded->pending_drop().empty()) return absl::InternalError("the drop does not wait");
  story.stage.Advance(absl::Hours(1));
  return recorded->pending_drop();
}

absl::Status Inspect(Story& story) {
  const absl::StatusOr<std::string> waiting = Record(story, story.cast.adjusted, v1::CATEGORY_BULKY);
  if (!waiting.ok()) return waiting.status();
  v1::InspectDropRequest inspect;
  inspect.set_name(*waiting);
  inspect.set_weight_grams(11'500);
  return story.stage.Change(story.Staff(story.cast.adjusted), &Verification::InspectDrop, inspect).status();
}

absl::Status Reject(Story& story) {
  const absl::StatusOr<std::string> waiting = Record(story, story.cast.adjusted, v1::CATEGORY_BULKY);
  if (!waiting.ok()) return waiting.status();
  v1::RejectDropRequest reject;
  reject.set_name(*waiting);
  reject.set_reason(v1::REJECTION_REASON_MIXED);
  return story.stage.Change(story.Staff(story.cast.adjusted), &Verification::RejectDrop, reject).status();
}

// Nobody looks; it is released in the night after the next.
absl::Status LeaveForRelease(Story& story) { return Record(story, story.cast.absorbing, v1::CATEGORY_RENOVATION).status(); }
absl::Status LeaveForInspection(Story& story) { return Record(story, story.cast.plaintiff, v1::CATEGORY_BULKY).status(); }

absl::Status Bags(Story& story) {
  v1::IssueBagsRequest issue;
  issue.set_household(story.Household(story.cast.assisted));
  issue.set_count(3);
  const auto issued = story.stage.Change(story.Attendant(story.cast.assisted), &Verification::IssueBags, issue);
  if (!issued.ok()) return issued.status();
  story.stage.Advance(absl::Hours(2));
  for (int i = 0; i < 2; ++i) {
    v1::InspectBagRequest inspect;
    inspect.set_station(story.Station(story.cast.assisted));
    inspect.set_tag(issued->tags(i));
    inspect.set_category(v1::CATEGORY_FOOD);
    inspect.set_weight_grams(700);
    if (i == 1) inspect.set_rejection_reason(v1::REJECTION_REASON_MIXED);
    const auto inspected = story.stage.Change(story.Attendant(story.cast.assisted), &Verification::InspectBag, inspect);
    if (!inspected.ok()) return inspected.status();
    story.stage.Advance(absl::Minutes(2));
  }
  return absl::OkStatus();
}

// A drop that was credited at once and turns out wrong.
absl::Status ClawBack(Story& story) {
  v1::ListEntriesRequest list;
  list.set_household(story.Household(story.cast.giver));
  const auto entries = story.stage.Ask(story.Resident(story.cast.giver), &v1::HouseholdService::Stub::ListEntries, list);
  if (!entries.ok()) return entries.status();
  for (const v1::Entry& entry : entries->entries()) {
    if (entry.kind() != v1::ENTRY_KIND_DROP || entry.reward() == 0) continue;
    v1::ClawBackDropRequest claw;
    claw.set_name(entry.name());
    claw.set_reason(v1::REJECTION_REASON_WRONG_CATEGORY);
    return story.stage.Change(story.Staff(story.cast.giver), &Verification::ClawBackDrop, claw).status();
  }
  return absl::NotFoundError(absl::StrCat(list.household(), " has no drop"));
}

// A device that was forgotten in a drawer.
absl::Status Late(Story& story) {
  const absl::Time then = story.At(8) - absl::Hours(24 * kLateDays);
  const std::atomic<bool> never{false};
  const auto uploaded = story.devices.Upload({GivenDropLine(story.district, story.cast.plaintiff, "FOOD", 800, then)}, never);
  return uploaded.status();
}

}  // namespace

absl::Status PlayVerification(Story& story) {
  static constexpr Step kSteps[] = {{0.6, Inspect},  {0.65, Reject}, {0.7, LeaveForRelease},    {0.75, Bags},
                                    {0.8, ClawBack}, {0.9, Late},    {0.95, LeaveForInspection}};
  story.stage.MoveTo(story.At(14, 30));
  return PlaySteps(story, kSteps);
}

}  // namespace fenfen::ctl
