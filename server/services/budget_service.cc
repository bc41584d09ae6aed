#include "server/services/budget_service.h"

#include <memory>
#include <optional>
#include <utility>

#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/budget/budget.h"
#include "ledger/points/budget/month.h"
#include "ledger/points/budget/outlook.h"
#include "server/services/budget_backend.h"
#include "server/services/liability.h"
#include "server/services/render.h"

namespace fenfen::server {
namespace {

constexpr int kBudgetsMax = 1000;

const v1::Region* RegionNamed(const Catalogue& catalogue, const std::string& name) {
  const v1::Region* region = catalogue.Find<v1::Region>(name);
  return region != nullptr && region->name() == name ? region : nullptr;
}

}  // namespace

BudgetService::BudgetService(const Gate& gate, const Methods& methods, Backend& backend)
    : gate_(gate),
      backend_(backend),
      set_(methods.Get("fenfen.v1.BudgetService.SetBudgets")),
      list_(methods.Get("fenfen.v1.BudgetService.ListBudgets")),
      get_(methods.Get("fenfen.v1.BudgetService.GetBudget")),
      liability_(methods.Get("fenfen.v1.BudgetService.GetLiability")) {}

grpc::ServerUnaryReactor* BudgetService::SetBudgets(grpc::CallbackServerContext* context, const v1::SetBudgetsRequest* request,
                                                    v1::SetBudgetsResponse* response) {
  return HandleUnary(gate_, set_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    in.validate_only() ? CheckOnly(call, in, out, std::move(done)) : Set(call, in, out, std::move(done));
  });
}

grpc::ServerUnaryReactor* BudgetService::ListBudgets(grpc::CallbackServerContext* context, const v1::ListBudgetsRequest* request,
                                                     v1::ListBudgetsResponse* response) {
  return HandleUnary(gate_, list_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { std::move(done)(List(call, in, out)); });
}

grpc::ServerUnaryReactor* BudgetService::GetBudget(grpc::CallbackServerContext* context, const v1::GetBudgetRequest* request,
                                                   v1::GetBudgetResponse* response) {
  return HandleUnary(gate_, get_, context, request, response, [this](Call& call, const auto& in, auto& out, Done done) {
    std::move(done)(Get(call, in.name(), *out.mutable_budget()));
  });
}

grpc::ServerUnaryReactor* BudgetService::GetLiability(grpc::CallbackServerContext* context, const v1::GetLiabilityRequest* request,
                                                      v1::GetLiabilityResponse* response) {
  return HandleUnary(gate_, liability_, context, request, response,
                     [this](Call& call, const auto& in, auto& out, Done done) { Liability(call, in, out, std::move(done)); });
}

void BudgetService::CheckOnly(Call& call, const v1::SetBudgetsRequest& request, v1::SetBudgetsResponse& response, Done done) {
  absl::Status found;
  const auto reader = [&](const View& view) {
    const BudgetsChange change = PlanBudgets(view, request, call.catalogue(), call.Decision());
    response.clear_errors();  // a reader may run more than once
    for (const v1::RowError& error : change.errors) *response.add_errors() = error;
    response.set_written(change.errors.empty() ? change.written : 0);
    response.set_unchanged(change.errors.empty() ? change.unchanged : 0);
  };
  ReadThenReply(backend_.engine, kCataloguePartition, reader, found, std::move(done));
}

void BudgetService::Set(Call& call, const v1::SetBudgetsRequest& request, v1::SetBudgetsResponse& response, Done done) {
  Command command{kCataloguePartition, call.key(), call.Decision().fingerprint, SetBudgetsReads(request), nullptr};
  command.decide = [&request, catalogue = call.catalogue_ptr(), decision = call.Decision()](const View& view) {
    return DecideBudgets(view, request, *catalogue, decision);
  };
  backend_.engine.Submit(std::move(command), [&call, &response, done = std::move(done)](const absl::StatusOr<Outcome>& outcome) mutable {
    if (!outcome.ok()) return std::move(done)(outcome.status());
    if (outcome->replayed) call.MarkReplayed();
    const Transaction& transaction = outcome->committed.transaction;
    const absl::StatusOr<Why> why = DecodeWhy(transaction.kind, transaction.why);
    if (!why.ok()) return std::move(done)(why.status());
    const auto& facts = std::get<CatalogueWhy>(*why);
    response.set_written(static_cast<int32_t>(facts.written));
    response.set_unchanged(static_cast<int32_t>(facts.unchanged));
    std::move(done)(absl::OkStatus());
  });
}

v1::Budget BudgetService::Render(const BudgetStore::Stored& stored, const Call& call) const {
  const CatalogueId town = CatalogueIdOf(stored.region);
  const Issued& issued = backend_.budgets->issued;
  const int32_t first = FirstDayOf(stored.month);
  const int32_t last = LastDayOf(stored.month);
  BudgetFigures figures;
  figures.month = stored.month;
  figures.today = DayNumberOf(call.now(), call.zone());
  figures.limit = stored.budget.limit();
  figures.issued = issued.OfDays(town, first, last);
  if (first <= figures.today && figures.today <= last) figures.issued_today = issued.OfDays(town, figures.today, figures.today);
  figures.issued_lately = issued.OfDays(town, figures.today - kPaceDays, figures.today - 1);
  const BudgetOutlook outlook = OutlookOf(figures);
  v1::Budget out = stored.budget;
  out.set_region(stored.region);
  if (const v1::Region* region = RegionNamed(call.catalogue(), stored.region)) out.set_region_display_name(region->display_name());
  out.set_issued(figures.issued);
  out.set_left(figures.limit - figures.issued);
  out.set_issued_a_day(outlook.a_day);
  out.set_outlook(outlook.outlook);
  if (outlook.outlook == v1::Budget::OUTLOOK_RUNS_OUT) out.set_run_out_date(absl::FormatCivilTime(CivilDayOf(outlook.run_out)));
  return out;
}

absl::Status BudgetService::List(const Call& call, const v1::ListBudgetsRequest& request, v1::ListBudgetsResponse& response) const {
  const Catalogue& catalogue = call.catalogue();
  if (RegionNamed(catalogue, request.region()) == nullptr) return Refuse(Reason::REASON_REGION_UNKNOWN, {}, "region");
  std::optional<int32_t> month = MonthOfDay(DayNumberOf(call.now(), call.zone()));
  if (!request.month().empty()) month = ParseMonth(request.month());
  if (!month) return Refuse(Reason::REASON_FIELD_MALFORMED, {{"detail", "YYYY-MM"}}, "month");
  const CatalogueId asked = CatalogueIdOf(request.region());
  for (const BudgetStore::Stored& stored : backend_.budgets->budgets.OfMonths(*month, *month)) {
    const CatalogueId town = CatalogueIdOf(stored.region);
    if (!catalogue.IsWithin(town, asked) && catalogue.TownOf(asked) != town) continue;
    if (response.budgets_size() >= kBudgetsMax) break;
    *response.add_budgets() = Render(stored, call);
  }
  return absl::OkStatus();
}

absl::Status BudgetService::Get(const Call& call, const std::string& name, v1::Budget& out) const {
  const std::optional<BudgetStore::Stored> stored = backend_.budgets->budgets.Find(name);
  if (!stored) return Refuse(Reason::REASON_BUDGET_UNKNOWN, {}, "name");
  out = Render(*stored, call);
  return absl::OkStatus();
}

void BudgetService::Liability(Call& call, const v1::GetLiabilityRequest& request, v1::GetLiabilityResponse& response, Done done) {
  if (RegionNamed(call.catalogue(), request.region()) == nullptr) {
    return std::move(done)(Refuse(Reason::REASON_REGION_UNKNOWN, {}, "region"));
  }
  auto shared = std::make_shared<Done>(std::move(done));
  const absl::Status posted =
      backend_.slow_lane.Post([this, catalogue = call.catalogue_ptr(), &request, &response, now = call.now(), shared] {
        const absl::StatusOr<fenfen::Liability> counted = CountLiability(backend_, *catalogue);
        if (counted.ok()) {
          response = RenderLiability(*counted, *catalogue, request.region());
          SetTime(*response.mutable_count_time(), now);
        }
        std::move (*shared)(counted.status());
      });
  if (!posted.ok()) std::move (*shared)(posted);
}

}  // namespace fenfen::server
