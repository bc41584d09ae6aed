#include "clients/ctl/simulate/print_simulation.h"

#include <boost/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "clients/ctl/commands/context.h"
#include "clients/ctl/commands/text_table.h"
#include "ledger/core/clock.h"
#include "ledger/points/budget/month.h"
#include "ledger/points/sentence.h"

namespace fenfen::ctl {
namespace {

std::string TownName(const SimulationReport& report, CatalogueId town) {
  const auto found = report.towns.find(town.value());
  return found == report.towns.end() ? absl::StrCat(absl::Hex(town.value(), absl::kZeroPad16)) : found->second;
}

std::string Day(int32_t day) { return absl::FormatCivilTime(CivilDayOf(day)); }

std::string Amount(int64_t hundredths) { return FormatPoints(hundredths); }
std::string Difference(int64_t hundredths) { return FormatPoints(hundredths, /*plus=*/true); }

// "0", "≤ 1", …, "> 100" points.
std::string StepName(size_t step) {
  if (step == 0) return "0";
  if (step == kDifferenceSteps.size()) return absl::StrCat("> ", kDifferenceSteps.back() / 100);
  return absl::StrCat("≤ ", kDifferenceSteps[step] / 100);
}

std::vector<std::string> Cells(const std::string& town, const std::string& category, const Compared& of) {
  return {town,
          category,
          absl::StrCat(of.drops),
          absl::StrCat(of.ledger_credited),
          absl::StrCat(of.draft_credited),
          Amount(of.ledger_reward),
          Amount(of.draft_reward),
          Difference(of.draft_reward - of.ledger_reward),
          Amount(of.ledger_civic),
          Amount(of.draft_civic)};
}

std::string Totals(const SimulationReport& report) {
  TextTable table({"街镇 town", "类别 category", ">投放 drops", ">计分 credited", ">草案 draft", ">兑换积分 reward", ">草案 draft",
                   ">相差 difference", ">文明积分 civic", ">草案 draft"});
  Compared all;
  for (const auto& [place, compared] : report.totals) {
    const Sentence category = CategoryName(place.second);
    table.Row(Cells(TownName(report, place.first), absl::StrCat(category.zh, " ", category.en), compared));
    all += compared;
  }
  table.Row(Cells("合计 in all", "", all));
  return table.Lines();
}

std::string Costs(const SimulationReport& report) {
  TextTable table({"街镇 town", "月份 month", ">账上 issued", ">草案 draft", ">预算 budget", ">草案后余 left", "说明"});
  for (const auto& [place, cost] : report.costs) {
    if (cost.ledger == 0 && cost.draft == 0 && !cost.limit) continue;
    std::string limit, left, note;
    if (cost.limit) {
      limit = Amount(*cost.limit);
      left = Difference(*cost.limit - cost.draft);
      if (cost.draft > *cost.limit) note = cost.stops ? "超出，届时停发 above it: stops" : "超出，届时提醒 above it: warns";
    }
    table.Row({TownName(report, place.first), FormatMonth(place.second), Amount(cost.ledger), Amount(cost.draft), limit, left, note});
  }
  return table.Lines();
}

std::string Households(const SimulationReport& report) {
  TextTable table({"相差 by points", ">得益 gain", ">减少 lose"});
  for (size_t step = 0; step < report.gaining.size(); ++step) {
    table.Row({step == 0 ? "不变 the same" : StepName(step), absl::StrCat(report.gaining[step]), absl::StrCat(report.losing[step])});
  }
  return table.Lines();
}

std::string Most(const char* title, const std::vector<HouseholdChange>& most, const SimulationReport& report) {
  if (most.empty()) return "";
  TextTable table({title, "街镇 town", ">账上 ledger", ">草案 draft", ">相差 difference"});
  for (const HouseholdChange& change : most) {
    table.Row({absl::StrCat("households/", change.household.value()), TownName(report, change.town), Amount(change.amounts.ledger_reward),
               Amount(change.amounts.draft_reward), Difference(change.difference())});
  }
  return absl::StrCat("\n", table.Lines());
}

boost::json::object Json(const Compared& of) {
  return {{"drops", of.drops},
          {"ledger_credited", of.ledger_credited},
          {"draft_credited", of.draft_credited},
          {"ledger_reward", of.ledger_reward},
          {"draft_reward", of.draft_reward},
          {"ledger_civic", of.ledger_civic},
          {"draft_civic", of.draft_civic}};
}

boost::json::array Json(const std::vector<HouseholdChange>& most, const SimulationReport& report) {
  boost::json::array all;
  for (const HouseholdChange& change : most) {
    boost::json::object one = Json(change.amounts);
    one["household"] = absl::StrCat("households/", change.household.value());
    one["town"] = TownName(report, change.town);
    one["difference"] = change.difference();
    all.push_back(std::move(one));
  }
  return all;
}

boost::json::array Json(const Histogram& histogram) {
  boost::json::array steps;
  for (size_t step = 0; step < histogram.size(); ++step) {
    boost::json::object one{{"households", histogram[step]}};
    if (step < kDifferenceSteps.size()) one["up_to"] = kDifferenceSteps[step];
    steps.push_back(std::move(one));
  }
  return steps;
}

}  // namespace

std::string SimulationText(const SimulationReport& report, const SimulationTerms& terms) {
  std::string text = absl::StrCat(
      Day(terms.first_day), " 至 to ", Day(terms.last_day), "，",
      terms.draft ? "草案规则 under the draft" : "现行规则 under the rules in force", "：重放 replayed ", report.transactions,
      " 笔 entries，冲正 reversed ", report.reversals, "\n\n", Totals(report), "\n", Costs(report),
      "\n家庭 households: ", report.households, "，多得 gained ", Amount(report.gained), "，少得 lost ", Amount(report.lost), "\n",
      Households(report), Most("得益最多 gain most", report.gain_most, report), Most("减少最多 lose most", report.lose_most, report));
  if (report.too_late > 0) absl::StrAppend(&text, "\n按草案已过补报期限的投放 drops too late under the draft: ", report.too_late, "\n");
  if (report.without_budget > 0) {
    absl::StrAppend(&text, "\n当月预算用完而未计分的投放，仍不计分 drops that a used-up budget cut, cut here too: ", report.without_budget,
                    "，价值 worth ", Amount(report.without_budget_reward), "\n");
  }
  if (terms.draft) return text;
  for (const std::string& difference : report.differences) absl::StrAppend(&text, "\n", difference);
  absl::StrAppend(&text, report.not_reproduced == 0 ? "\n与账本逐笔一致 / the ledger came out again, entry by entry\n"
                                                    : "\n与账本不一致的记录 entries that did NOT come out again: ");
  if (report.not_reproduced > 0) absl::StrAppend(&text, report.not_reproduced, "\n");
  return text;
}

std::string SimulationJson(const SimulationReport& report, const SimulationTerms& terms) {
  boost::json::array totals, costs, differences;
  for (const auto& [place, compared] : report.totals) {
    boost::json::object one = Json(compared);
    one["town"] = TownName(report, place.first);
    one["category"] = v1::Category_Name(static_cast<v1::Category>(place.second));
    totals.push_back(std::move(one));
  }
  for (const auto& [place, cost] : report.costs) {
    boost::json::object one{
        {"town", TownName(report, place.first)}, {"month", FormatMonth(place.second)}, {"ledger", cost.ledger}, {"draft", cost.draft}};
    if (cost.limit) one["limit"] = *cost.limit, one["stops"] = cost.stops;
    costs.push_back(std::move(one));
  }
  for (const std::string& difference : report.differences) differences.emplace_back(difference);
  return boost::json::serialize(boost::json::object{{"from", Day(terms.first_day)},
                                                    {"to", Day(terms.last_day)},
                                                    {"draft", terms.draft.has_value()},
                                                    {"transactions", report.transactions},
                                                    {"reversals", report.reversals},
                                                    {"totals", std::move(totals)},
                                                    {"costs", std::move(costs)},
                                                    {"households", report.households},
                                                    {"gained", report.gained},
                                                    {"lost", report.lost},
                                                    {"gaining", Json(report.gaining)},
                                                    {"losing", Json(report.losing)},
                                                    {"gain_most", Json(report.gain_most, report)},
                                                    {"lose_most", Json(report.lose_most, report)},
                                                    {"too_late", report.too_late},
                                                    {"without_budget", report.without_budget},
                                                    {"without_budget_reward", report.without_budget_reward},
                                                    {"not_reproduced", report.not_reproduced},
                                                    {"differences", std::move(differences)}});
}

}  // namespace fenfen::ctl
