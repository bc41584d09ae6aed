// Budgets: what a town may issue in a month, found used up as the server's job finds it, and what is outstanding.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ledger/points/budget/budget.h"
#include "ledger/points/budget/budget_store.h"
#include "ledger/points/budget/liability.h"
#include "ledger/points/budget/month.h"
#include "ledger/points/budget/outlook.h"
#include "ledger/points/budget/stopped_budgets.h"
#include "ledger/projections/issued.h"
#include "tests/scenarios/verbs.h"

namespace fenfen::scenarios {
namespace {

// What the projections have by now, made from all that happened.
struct Books {
  explicit Books(const World& world) : issued(world.zone) {
    for (const CommittedTransaction& each : world.history()) {
      budgets.Apply(each);
      issued.Apply(each);
    }
  }
  int64_t IssuedOf(const BudgetStore::Stored& stored) const {
    return issued.OfDays(CatalogueIdOf(stored.region), FirstDayOf(stored.month), LastDayOf(stored.month));
  }
  BudgetStore budgets;
  Issued issued;
};

// given budget TOWN MONTH limit POINTS stop|warn [low PERCENT]
absl::Status GivenBudget(World& world, const Step& step) {
  const absl::StatusOr<Points> limit = ReadPointsWord(step.After("limit"));
  if (step.words.size() < 7 || !limit.ok()) return Mismatch("given budget TOWN MONTH limit POINTS stop|warn [low PERCENT]");
  v1::SetBudgetsRequest request;
  v1::Budget& budget = *request.add_budgets();
  budget.set_name(absl::StrCat(step.words[2], "/budgets/", step.words[3]));
  budget.set_limit(limit->hundredths());
  budget.set_end(step.words[6] == "warn" ? v1::Budget::END_WARN : v1::Budget::END_STOP);
  int32_t low = 0;
  if (step.Has("low") && !absl::SimpleAtoi(step.After("low"), &low)) return Mismatch("low: a number");
  budget.set_warn_percent(low);
  const DecisionContext context = world.Context();
  return world.Submit(kCataloguePartition, SetBudgetsReads(request), context,
                      [&world, request, context](const View& view) { return DecideBudgets(view, request, *world.catalogue(), context); });
}

// check budgets: what the job does.
absl::Status CheckBudgets(World& world, const Step&) {
  const Books books(world);
  for (const BudgetStore::Stored& stored : books.budgets.OfMonths(0, INT32_MAX)) {
    const BudgetFinding finding{stored.budget.name(), stored.version, books.IssuedOf(stored)};
    if (!IsNews(stored.budget, finding.issued)) continue;
    DecisionContext context = world.Context();
    context.key = BudgetFindingKey(finding, world.clock.Now(), world.zone);
    const absl::Status status = world.Submit(kCataloguePartition, BudgetFindingReads(finding), context,
                                             [finding, context](const View& view) { return DecideBudgetFinding(view, finding, context); });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string StateOf(const v1::Budget& budget) {
  if (budget.stopped()) return "STOPPED";
  if (budget.has_used_up_time()) return "USED_UP";
  return budget.has_warn_time() ? "LOW" : "OPEN";
}

// then budget TOWN MONTH issued|left|state|outlook = VALUE; an outlook is NO_DATA, LASTS, USED_UP or a day.
absl::Status ThenBudget(World& world, const Step& step) {
  if (step.words.size() != 7) return Mismatch("then budget TOWN MONTH issued|left|state|outlook = VALUE");
  const Books books(world);
  const std::optional<BudgetStore::Stored> stored = books.budgets.Find(absl::StrCat(step.words[2], "/budgets/", step.words[3]));
  if (!stored) return Mismatch("there is no such budget");
  const int64_t issued = books.IssuedOf(*stored);
  const std::string& what = step.words[4];
  if (what == "issued") return ExpectSame(what, step.words[6], FormatPoints(Points(issued)));
  if (what == "left") return ExpectSame(what, step.words[6], FormatPoints(Points(stored->budget.limit() - issued)));
  if (what == "state") return ExpectSame(what, step.words[6], StateOf(stored->budget));
  const CatalogueId town = CatalogueIdOf(stored->region);
  BudgetFigures figures;
  figures.month = stored->month;
  figures.today = DayNumberOf(world.clock.Now(), world.zone);
  figures.limit = stored->budget.limit();
  figures.issued = issued;
  if (MonthOfDay(figures.today) == figures.month) figures.issued_today = books.issued.OfDays(town, figures.today, figures.today);
  figures.issued_lately = books.issued.OfDays(town, figures.today - kPaceDays, figures.today - 1);
  const BudgetOutlook outlook = OutlookOf(figures);
  if (outlook.outlook == v1::Budget::OUTLOOK_RUNS_OUT) {
    return ExpectSame(what, step.words[6], absl::FormatCivilTime(CivilDayOf(outlook.run_out)));
  }
  return ExpectSame(what, step.words[6], v1::Budget::Outlook_Name(outlook.outlook).substr(sizeof("OUTLOOK_") - 1));
}

// Of all households and vouchers that anything happened to.
Liability CountAll(World& world) {
  std::map<PartitionId, std::pair<std::vector<HouseholdId>, std::vector<VoucherId>>> partitions;
  std::set<RecordKey> seen;
  for (const CommittedTransaction& each : world.history()) {
    for (const RecordChange& change : each.transaction.changes) {
      if (!seen.insert(change.key).second) continue;
      if (change.key.kind == RecordKind::kHousehold) partitions[each.partition].first.push_back(HouseholdId(change.key.id));
      if (change.key.kind == RecordKind::kVoucher) partitions[each.partition].second.push_back(VoucherId(change.key.id));
    }
  }
  const std::shared_ptr<const Catalogue> catalogue = world.catalogue();
  const LiabilityCounter counter(*catalogue);
  Liability liability;
  for (const auto& [partition, ids] : partitions) {
    Liability part;
    world.Read(partition, [&, &ids = ids](const View& view) {
      part = Liability();
      counter.Look(view, ids.first, ids.second, part);
    });
    liability.Add(part);
  }
  Balance(liability.totals);
  return liability;
}

// then liability REGION: each row a town, a month, and the points in lots and in open vouchers; and the books tie out.
absl::Status ThenLiability(World& world, const Step& step) {
  if (step.words.size() != 3) return Mismatch("then liability REGION");
  const Liability liability = CountAll(world);
  std::vector<std::string> expected;
  std::vector<std::string> actual;
  for (const std::vector<std::string>& row : step.rows) expected.push_back(absl::StrJoin(row, " "));
  const v1::GetLiabilityResponse rendered = RenderLiability(liability, *world.catalogue(), step.words[2]);
  for (const v1::LiabilityRow& row : rendered.rows()) {
    if (row.households() == 0 && row.vouchers() == 0) continue;
    actual.push_back(absl::StrCat(row.region(), " ", row.month().empty() ? "never" : row.month(), " ",
                                  FormatPoints(Points(row.households())), " ", FormatPoints(Points(row.vouchers()))));
  }
  if (absl::Status same = ExpectSame("liability", absl::StrJoin(expected, "; "), absl::StrJoin(actual, "; ")); !same.ok()) return same;
  return ExpectSame("the difference of issued and outstanding", "0", FormatPoints(Points(liability.totals.difference())));
}

}  // namespace

void AddBudgetVerbs(Verbs& verbs) {
  verbs.Add("given budget", GivenBudget);
  verbs.Add("check budgets", CheckBudgets);
  verbs.Add("then budget", ThenBudget);
  verbs.Add("then liability", ThenLiability);
}

}  // namespace fenfen::scenarios
