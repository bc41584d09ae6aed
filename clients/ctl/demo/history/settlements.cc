// Settlements: the first merchant's is made, approved by a second person, paid and reconciled; the second's waits for the second person,
// the third's for the bank.
#include "absl/strings/str_cat.h"
#include "clients/ctl/demo/history/areas.h"
#include "fenfen/v1/settlement.grpc.pb.h"

namespace fenfen::ctl {

namespace {

using Settlements = v1::SettlementService::Stub;

constexpr char kMaker[] = "S01";    // of the merchants' town
constexpr char kChecker[] = "C01";  // of the whole district

absl::Status Make(Story& story, size_t merchant) {
  v1::CreateSettlementRequest make;
  make.set_merchant(absl::StrCat("merchants/", story.district.merchants[merchant].id));
  make.set_last_day(absl::FormatCivilTime(story.Today() - 1));
  return story.stage.Change(StaffPerson(kMaker), &Settlements::CreateSettlement, make).status();
}

// The merchant's last statement.
absl::StatusOr<std::string> Last(Story& story, size_t merchant) {
  v1::ListSettlementsRequest list;
  list.set_merchant(absl::StrCat("merchants/", story.district.merchants[merchant].id));
  const auto all = story.stage.Ask(StaffPerson(kChecker), &Settlements::ListSettlements, list);
  if (!all.ok()) return all.status();
  if (all->settlements().empty()) return absl::NotFoundError(absl::StrCat(list.merchant(), " has no statement"));
  return all->settlements(0).name();
}

absl::Status Approve(Story& story, size_t merchant) {
  v1::ApproveSettlementRequest approve;
  const absl::StatusOr<std::string> name = Last(story, merchant);
  if (!name.ok()) return name.status();
  approve.set_name(*name);
  return story.stage.Change(StaffPerson(kChecker), &Settlements::ApproveSettlement, approve).status();
}

absl::Status MakeFirst(Story& story) { return Make(story, 0); }
absl::Status ApproveFirst(Story& story) { return Approve(story, 0); }
absl::Status PayFirst(Story& story) {
  v1::PaySettlementRequest pay;
  const absl::StatusOr<std::string> name = Last(story, 0);
  if (!name.ok()) return name.status();
  pay.set_name(*name);
  pay.set_bank_reference(absl::StrCat("BANK-", absl::FormatCivilTime(story.Today()), "-001"));
  const auto paid = story.stage.Change(StaffPerson(kMaker), &Settlements::PaySettlement, pay);
  if (!paid.ok()) return paid.status();
  v1::ReconcileSettlementsRequest reconcile;
  reconcile.set_merchant(absl::StrCat("merchants/", story.district.merchants[0].id));
  const auto reconciled = story.stage.Ask(StaffPerson(kChecker), &Settlements::ReconcileSettlements, reconcile);
  if (!reconciled.ok()) return reconciled.status();
  const bool fits = reconciled->in_none().empty() && reconciled->in_two().empty() && reconciled->changed().empty();
  return fits ? absl::OkStatus() : absl::InternalError("the captures do not fit the statement");
}
absl::Status MakeSecond(Story& story) { return Make(story, 1); }
absl::Status MakeThird(Story& story) { return Make(story, 2); }
absl::Status ApproveThird(Story& story) { return Approve(story, 2); }

}  // namespace

absl::Status PlaySettlements(Story& story) {
  static constexpr Step kSteps[] = {{0.75, MakeFirst}, {0.8, ApproveFirst}, {0.85, PayFirst},
                                    {0.85, MakeThird}, {0.9, ApproveThird}, {0.95, MakeSecond}};
  story.stage.MoveTo(story.At(20, 30));
  return PlaySteps(story, kSteps);
}

}  // namespace fenfen::ctl
