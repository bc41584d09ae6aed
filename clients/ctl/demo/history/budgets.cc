// Budgets: the first town's is ample, that of the last estate's town is passed before the month is over and goes on with a warning.
#include "absl/strings/str_cat.h"
#include "clients/ctl/demo/history/areas.h"
#include "fenfen/v1/budget.grpc.pb.h"

namespace fenfen::ctl {

namespace {

constexpr int64_t kAmple = 100'000'000;  // hundredths: a million points
constexpr int64_t kScarce = 500'000;

absl::Status SetBudgets(Story& story) {
  v1::SetBudgetsRequest request;
  const auto add = [&](size_t estate, absl::CivilMonth month, int64_t limit, v1::Budget::End end) {
    const std::string& town = story.district.staff[StaffOfEstate(story.district, estate, "staff")].region;
    v1::Budget& budget = *request.add_budgets();
    budget.set_name(absl::StrCat("regions/", town, "/budgets/", absl::FormatCivilTime(month)));
    budget.set_limit(limit);
    budget.set_end(end);
    budget.set_warn_percent(80);
  };
  for (absl::CivilMonth month(story.first_day); month <= absl::CivilMonth(story.first_day + story.days + 1); ++month) {
    add(0, month, kAmple, v1::Budget::END_STOP);
    add(story.active.back(), month, kScarce, v1::Budget::END_WARN);
  }
  return story.stage.Change(OperatorPerson(), &v1::BudgetService::Stub::SetBudgets, request).status();
}

}  // namespace

absl::Status PlayBudgets(Story& story) {
  static constexpr Step kSteps[] = {{0, SetBudgets}};
  story.stage.MoveTo(story.At(11));
  return PlaySteps(story, kSteps);
}

}  // namespace fenfen::ctl
