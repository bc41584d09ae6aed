#include "ledger/points/budget/budget.h"

#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "ledger/core/clock.h"
#include "ledger/core/errors.h"
#include "ledger/points/budget/month.h"
#include "ledger/points/budget/stopped_budgets.h"
#include "ledger/points/stored_message.h"

namespace fenfen {
namespace {

constexpr size_t kBudgetErrorsMax = 100;

google::protobuf::Timestamp TimestampOf(absl::Time time) {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

bool RunsLow(const v1::Budget& budget, int64_t issued) {
  if (budget.warn_percent() == 0) return false;
  return static_cast<__int128>(issued) * 100 >= static_cast<__int128>(budget.limit()) * budget.warn_percent();
}

// Goes through a request budget by budget, gathering changes and errors.
class BudgetsPlanner {
 public:
  BudgetsPlanner(const View& view, const Catalogue& catalogue, const DecisionContext& context)
      : view_(view), catalogue_(catalogue), context_(context) {}

  void Take(const v1::Budget& asked) {
    ++row_;
    const size_t errors = change.errors.size();
    Check(asked);
    if (change.errors.size() == errors) Put(asked);
  }

  BudgetsChange change;

 private:
  void Error(absl::string_view field, absl::string_view zh, absl::string_view en) {
    if (change.errors.size() >= kBudgetErrorsMax) return;
    v1::RowError& error = change.errors.emplace_back();
    error.set_row(row_);
    error.set_field(std::string(field));
    error.set_zh(std::string(zh));
    error.set_en(std::string(en));
  }

  void Check(const v1::Budget& asked) {
    const std::optional<BudgetName> name = ParseBudgetName(asked.name());
    if (!name) return Error("budgets.name", "须为 regions/编号/budgets/YYYY-MM", "must be regions/REGION/budgets/YYYY-MM");
    if (!seen_.insert(asked.name()).second) return Error("budgets.name", "重复出现", "comes twice");
    const v1::Region* region = catalogue_.Find<v1::Region>(name->region);
    const CatalogueId id = CatalogueIdOf(name->region);
    if (region == nullptr || region->name() != name->region || catalogue_.TownOf(id) != id) {
      Error("budgets.name", absl::StrCat("“", name->region, "”不是街道或乡镇"), absl::StrCat("\"", name->region, "\" is no town"));
    }
    const int32_t today = DayNumberOf(context_.now, context_.zone);
    if (today > LastDayOf(name->month) + kBudgetDaysAfter) Error("budgets.name", "这个月份早已结束", "the month is long over");
    if (name->month > MonthOfDay(today) + kBudgetMonthsAhead) {
      Error("budgets.name", absl::StrCat("最多提前 ", kBudgetMonthsAhead, " 个月"),
            absl::StrCat("is more than ", kBudgetMonthsAhead, " months ahead"));
    }
    if (asked.limit() <= 0 || asked.limit() > Points::kMax) Error("budgets.limit", "须大于零", "must be more than zero");
    if (asked.end() != v1::Budget::END_STOP && asked.end() != v1::Budget::END_WARN) {
      Error("budgets.end", "须为 END_STOP 或 END_WARN", "must be END_STOP or END_WARN");
    }
    if (asked.warn_percent() < 0 || asked.warn_percent() > 99) Error("budgets.warn_percent", "须为 0–99", "must be within 0 to 99");
  }

  void Put(const v1::Budget& asked) {
    const RecordKey key = BudgetKey(asked.name());
    const absl::StatusOr<StoredMessage<v1::Budget>> present = ReadMessage<v1::Budget>(view_, key);
    v1::Budget budget;
    if (present.ok()) budget = present->message;
    const bool known = present.ok() && present->found();
    if (known && budget.limit() == asked.limit() && budget.end() == asked.end() && budget.warn_percent() == asked.warn_percent()) {
      ++change.unchanged;
      return;
    }
    budget.set_name(asked.name());
    budget.set_limit(asked.limit());
    budget.set_end(asked.end());
    budget.set_warn_percent(asked.warn_percent());
    budget.clear_warn_time();  // by another level
    if (budget.has_used_up_time() && budget.limit() > budget.used_up_issued()) {
      budget.clear_used_up_time();
      budget.clear_used_up_issued();
    }
    budget.set_stopped(budget.has_used_up_time() && budget.end() == v1::Budget::END_STOP);
    ++change.written;
    change.transaction.changes.push_back({key, known ? present->version : PartitionSeq(0), SerialiseMessage(budget)});
  }

  const View& view_;
  const Catalogue& catalogue_;
  const DecisionContext& context_;
  absl::flat_hash_set<std::string> seen_;
  int row_ = 0;
};

}  // namespace

RecordKey BudgetKey(absl::string_view name) { return {RecordKind::kBudget, CatalogueIdOf(name).value()}; }

ReadSet SetBudgetsReads(const v1::SetBudgetsRequest& request) {
  ReadSet reads;
  absl::flat_hash_set<RecordKey> seen;
  for (const v1::Budget& budget : request.budgets()) {
    const RecordKey key = BudgetKey(budget.name());
    if (seen.insert(key).second) reads.records.push_back(key);
  }
  return reads;
}

BudgetsChange PlanBudgets(const View& view, const v1::SetBudgetsRequest& request, const Catalogue& catalogue,
                          const DecisionContext& context) {
  BudgetsPlanner planner(view, catalogue, context);
  planner.change.transaction = BeginTransaction(TransactionKind::kCatalogueUpdate, context, context.now);
  for (const v1::Budget& budget : request.budgets()) planner.Take(budget);
  BudgetsChange& change = planner.change;
  change.transaction.why = EncodeWhy(CatalogueWhy{static_cast<uint32_t>(change.written), static_cast<uint32_t>(change.unchanged)});
  return std::move(change);
}

absl::StatusOr<Transaction> DecideBudgets(const View& view, const v1::SetBudgetsRequest& request, const Catalogue& catalogue,
                                          const DecisionContext& context) {
  BudgetsChange change = PlanBudgets(view, request, catalogue, context);
  if (change.errors.empty()) return std::move(change.transaction);
  const v1::RowError& first = change.errors.front();
  return Refuse(Reason::REASON_ROW_INVALID, {{"row", absl::StrCat(first.row())}, {"detail", absl::StrCat(first.zh(), " / ", first.en())}},
                first.field());
}

bool IsNews(const v1::Budget& budget, int64_t issued) {
  return (issued >= budget.limit() && !budget.has_used_up_time()) || (RunsLow(budget, issued) && !budget.has_warn_time());
}

RequestKey BudgetFindingKey(const BudgetFinding& finding, absl::Time now, absl::TimeZone zone) {
  return DerivedKey(absl::FromCivil(absl::ToCivilDay(now, zone), zone),
                    absl::StrCat("budget/", finding.name, "/", finding.version.value(), "/", finding.issued));
}

ReadSet BudgetFindingReads(const BudgetFinding& finding) { return {{BudgetKey(finding.name)}, {}}; }

absl::StatusOr<Transaction> DecideBudgetFinding(const View& view, const BudgetFinding& finding, const DecisionContext& context) {
  absl::StatusOr<StoredMessage<v1::Budget>> present = ReadMessage<v1::Budget>(view, BudgetKey(finding.name));
  if (!present.ok()) return present.status();
  if (!present->found()) return Refuse(Reason::REASON_BUDGET_UNKNOWN, {}, "name");
  v1::Budget& budget = present->message;
  if (present->version != finding.version || !IsNews(budget, finding.issued))
    return absl::AlreadyExistsError("there is no news of the budget");
  if (RunsLow(budget, finding.issued) && !budget.has_warn_time()) *budget.mutable_warn_time() = TimestampOf(context.now);
  if (finding.issued >= budget.limit() && !budget.has_used_up_time()) {
    *budget.mutable_used_up_time() = TimestampOf(context.now);
    budget.set_used_up_issued(finding.issued);
    budget.set_stopped(budget.end() == v1::Budget::END_STOP);
  }
  Transaction transaction = BeginTransaction(TransactionKind::kCatalogueUpdate, context, context.now);
  transaction.changes.push_back({BudgetKey(finding.name), present->version, SerialiseMessage(budget)});
  transaction.why = EncodeWhy(CatalogueWhy{1, 0});
  return transaction;
}

}  // namespace fenfen
