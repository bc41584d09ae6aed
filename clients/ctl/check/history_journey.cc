// What the month before has left (demo/history): each area in what somebody is shown of it.
#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/ctl/check/journeys.h"
#include "clients/ctl/demo/cast.h"
#include "clients/ctl/demo/day.h"
#include "fenfen/v1/budget.grpc.pb.h"

namespace fenfen::ctl {

namespace {

using boost::json::object;
using Entries = std::vector<object>;

constexpr int kPagesMax = 20;
constexpr absl::Duration kLiabilityMax = absl::Minutes(2);

std::string Member(const object& of, const char* name) {
  const boost::json::value* value = of.if_contains(name);
  if (value == nullptr) return "";
  return value->is_string() ? std::string(value->as_string()) : boost::json::serialize(*value);
}

// A household's whole statement.
Entries Statement(Tour* tour, const SignedIn& who, const std::string& household) {
  Entries all;
  std::string page;
  for (int i = 0; i < kPagesMax; ++i) {
    const HttpAnswer answer =
        tour->Get(absl::StrCat("the statement of ", household), who, absl::StrCat(household, "/entries?page_size=100&page_token=", page));
    const boost::json::value& entries = answer.At("data.entries");
    if (entries.is_array()) {
      for (const boost::json::value& entry : entries.as_array()) all.push_back(entry.as_object());
    }
    page = answer.Text("data.next_page_token");
    if (page.empty()) break;
  }
  return all;
}

int64_t CountKind(const Entries& entries, const std::string& kind) {
  return std::count_if(entries.begin(), entries.end(), [&](const object& entry) { return Member(entry, "kind") == "ENTRY_KIND_" + kind; });
}

bool Says(const Entries& entries, const std::string& zh, const std::string& en) {
  return std::any_of(entries.begin(), entries.end(), [&](const object& entry) {
    return absl::StrContains(Member(entry, "reason_zh"), zh) && absl::StrContains(Member(entry, "reason_en"), en);
  });
}

void Has(Tour* tour, const Entries& entries, const char* kind, const char* what) {
  tour->checks->Expect(CountKind(entries, kind) > 0, absl::StrCat("the history has ", what), kind);
}

void Residents(Tour* tour, const Cast& cast) {
  const District& district = tour->demo->district();
  const SignedIn rich = tour->SignIn("demo-resident-1");
  const Entries entries = Statement(tour, rich, HouseholdNameOf(district, cast.rich));
  tour->checks->Expect(Says(entries, "厨余双倍周", "Double week"), "a campaign's multiplier is told in a sentence");
  for (const char* version : {"1", "2"}) {
    tour->checks->Expect(std::any_of(entries.begin(), entries.end(), [&](const object& e) { return Member(e, "rule_version") == version; }),
                         absl::StrCat("an entry was paid by version ", version, " of the rules"));
  }
  Has(tour, entries, "TRANSFER_IN", "a gift");
  Has(tour, entries, "FREEZE", "a freeze");
  Has(tour, entries, "TEAM", "a team");
  const HttpAnswer game = tour->Get("the game", rich, rich.household + "/game");
  tour->checks->Expect(game.Number("data.game.level") > 1, "a month of sorting reaches a level", game.body.substr(0, 200));
  tour->checks->Expect(game.Number("data.game.streak_best_days") > 10, "and a streak", game.Text("data.game.streak_best_days"));
  tour->checks->ExpectEqual(game.Number("data.game.team.members"), 4, "its team has four households");

  const SignedIn saver = tour->SignIn("demo-resident-3");
  Has(tour, Statement(tour, saver, saver.household), "EXPIRY", "points that lapsed");
  const HttpAnswer notices = tour->Get("notices", saver, saver.household + "/notices");
  tour->checks->ExpectEqual(notices.Text("data.notices.0.kind"), "KIND_EXPIRY", "points that lapse soon are announced");

  const SignedIn appellant = tour->SignIn("demo-resident-4");
  const Entries appealed = Statement(tour, appellant, appellant.household);
  tour->checks->ExpectEqual(CountKind(appealed, "APPEAL_ANSWER"), 2, "two appeals were answered");
  Has(tour, appealed, "ADJUSTMENT", "an adjustment as a remedy");
  const std::string appeals = tour->Get("appeals", appellant, appellant.household + "/appeals").body;
  tour->checks->Expect(absl::StrContains(appeals, "STATE_UPHELD") && absl::StrContains(appeals, "STATE_DECLINED"),
                       "one was upheld and one declined", appeals.substr(0, 300));
}

// What staff see of households that others played.
void Households(Tour* tour, const Cast& cast) {
  const auto has = [&](size_t household, std::initializer_list<std::pair<const char*, const char*>> kinds) {
    const Entries entries = Statement(tour, tour->chief, HouseholdNameOf(tour->demo->district(), household));
    for (const auto& [kind, what] : kinds) Has(tour, entries, kind, what);
    return entries;
  };
  has(cast.corrected, {{"REVERSAL", "a reversal"}});
  const Entries debtor = has(cast.debtor, {{"REVERSAL", "a reversal of what was spent"}, {"CAPTURE", "a capture"}});
  tour->checks->Expect(Says(debtor, "欠", "owe"), "a debt is told in a sentence");
  has(cast.adjusted, {{"ADJUSTMENT_PROPOSAL", "a proposal"},
                      {"ADJUSTMENT", "an adjustment"},
                      {"ADJUSTMENT_DISMISSAL", "a proposal that was dismissed"},
                      {"VOUCHER_CANCEL", "a voucher cancelled"},
                      {"VOUCHER_EXPIRY", "a voucher expired"},
                      {"REFUND", "a voucher refunded"}});
  has(cast.reissued, {{"CARD_CHANGE", "a card reissued"}});
  has(cast.mover, {{"MOVE", "a move"}});
  has(cast.absorbing, {{"TRANSFER_IN", "a merge"}});
  has(cast.assisted, {{"MEMBERSHIP", "a consent"}, {"DROP", "drops of who agreed to be served"}});
  has(cast.inviting, {{"MEMBERSHIP", "an invitation taken"}});
  has(cast.hidden, {{"PREFERENCE", "a choice"}});
  const HttpAnswer merged = tour->Get("a merged household", tour->chief, HouseholdNameOf(tour->demo->district(), cast.merged));
  tour->checks->ExpectEqual(merged.Text("data.household.merged_into"), HouseholdNameOf(tour->demo->district(), cast.absorbing),
                            "a merged household says into which");
}

void Merchants(Tour* tour) {
  const District& district = tour->demo->district();
  const auto state = [&](size_t merchant) {
    const HttpAnswer all =
        tour->Get("settlements", tour->chief, absl::StrCat("merchants/", district.merchants[merchant].id, "/settlements"));
    return all.Text("data.settlements.0.state");
  };
  tour->checks->ExpectEqual(state(0), "STATE_SETTLED", "a period is settled");
  tour->checks->ExpectEqual(state(1), "STATE_MADE", "one waits for a second person");
  tour->checks->ExpectEqual(state(2), "STATE_APPROVED", "one waits for the bank");
  std::set<std::string> operators;
  const absl::CivilDay yesterday = absl::ToCivilDay(absl::Now(), ProgrammeTimeZone()) - 1;
  for (int64_t back = 1; back <= tour->demo->workspace().record().plan.history_days; ++back) {
    const HttpAnswer day = tour->Get(
        "a day's captures", tour->chief,
        absl::StrCat("merchants/", district.merchants[0].id, "/captures?page_size=100&day=", absl::FormatCivilTime(yesterday - back)));
    for (int i = 0; !day.Text(absl::StrCat("data.captures.", i, ".name")).empty(); ++i) {
      operators.insert(day.Text(absl::StrCat("data.captures.", i, ".operator")));
    }
  }
  tour->checks->ExpectEqual(operators.size(), 3u, "two people and a till have captured for one merchant");
}

void Boards(Tour* tour, const SignedIn& resident) {
  const HttpAnswer boards = tour->Get("boards", resident, resident.household + "/boards");
  tour->checks->ExpectEqual(boards.Text("data.boards.0.board.name"), "boards/day", "there is a day's board");
  const std::string closed = boards.Text("data.boards.0.closed_period");
  tour->checks->Expect(!closed.empty(), "a day's board is closed", boards.body.substr(0, 300));
  const HttpAnswer board =
      tour->Get("a closed board", resident, absl::StrCat(resident.household, "/board?board=boards/day&period=", closed));
  tour->checks->Expect(board.Text("data.board.digest").size() == 64 && board.Number("data.board.places.0.rank") == 1,
                       "its ranking is frozen under a digest", board.body.substr(0, 300));
}

// What waits to be verified, and what became of what did.
void Verification(Tour* tour, const Cast& cast) {
  const District& district = tour->demo->district();
  const Entries adjusted = Statement(tour, tour->chief, HouseholdNameOf(district, cast.adjusted));
  for (const char* kind : {"PENDING_DROP", "RELEASE", "REJECTION"}) Has(tour, adjusted, kind, "drops that waited");
  const Entries absorbing = Statement(tour, tour->chief, HouseholdNameOf(district, cast.absorbing));
  Has(tour, absorbing, "RELEASE", "a drop that was released by itself");
  Has(tour, Statement(tour, tour->chief, HouseholdNameOf(district, cast.assisted)), "BAG_ISSUE", "tagged bags");
  Has(tour, Statement(tour, tour->chief, HouseholdNameOf(district, cast.giver)), "REVERSAL", "a claw-back");
  const std::string waiting = tour->Get("drops that wait", tour->chief, HouseholdNameOf(district, cast.plaintiff) + "/pendingDrops").body;
  for (const char* cause : {"CAUSE_LATE", "CAUSE_POLICY"}) {
    tour->checks->Expect(absl::StrContains(waiting, cause), absl::StrCat("one waits for ", cause), waiting.substr(0, 300));
  }
}

// The planted fraud: the attendant's household, and the person who is many.
void Fraud(Tour* tour, const Cast& cast) {
  const District& district = tour->demo->district();
  const auto cases = [&](const char* signal) {
    return tour->Get("the risk queue", tour->chief,
                     absl::StrCat(tour->chief.region, "/riskCases?page_size=100&signal=RISK_SIGNAL_", signal));
  };
  const std::string accomplice = absl::StrCat("\"", HouseholdNameOf(district, cast.accomplice), "/riskCases/");
  for (const char* signal : {"PAIR", "CLOSED_STATION"}) {
    const HttpAnswer found = cases(signal);
    tour->checks->Expect(absl::StrContains(found.body, accomplice),
                         absl::StrCat("the risk queue finds the attendant's household by ", signal), found.body.substr(0, 300));
  }
  tour->checks->Expect(!cases("PAIR").Text("data.risk_cases.0.reason_zh").empty(), "and says why");
  const HttpAnswer many = cases("IDENTITY");
  tour->checks->Expect(many.Number("data.open_count") >= 4, "and the person behind many households", many.body.substr(0, 300));
  const HttpAnswer all =
      tour->Get("decided cases", tour->auditor, tour->auditor.region + "/riskCases?include_closed=true&signal=RISK_SIGNAL_IDENTITY");
  tour->checks->Expect(absl::StrContains(all.body, "STATE_CLEARED"), "one of them was cleared", all.body.substr(0, 300));
  const DistrictPlan& plan = tour->demo->workspace().record().plan;
  const absl::CivilDay last = absl::ToCivilDay(absl::Now(), ProgrammeTimeZone()) - 2;
  const std::string estate = absl::StrCat("regions/", district.estates[0].code);
  const HttpAnswer report =
      tour->Get("points against kilograms", tour->chief,
                absl::StrCat(estate, "/stationReport?first_day=", absl::FormatCivilTime(last - (plan.history_days - 1)),
                             "&last_day=", absl::FormatCivilTime(last)));
  tour->checks->Expect(report.Number("data.rows.0.collected_grams") > 0, "something was collected", report.body.substr(0, 300));
}

void Awards(Tour* tour) {
  const SignedIn rich = tour->SignIn("demo-resident-1");
  const HttpAnswer badges = tour->Get("badges", rich, rich.household + "/badges");
  tour->checks->Expect(!badges.Text("data.badges.0.award_day").empty() && !badges.Text("data.badges.1.award_day").empty(),
                       "badges were awarded", badges.body.substr(0, 300));
  const std::string quests = tour->Get("quests", rich, rich.household + "/quests").body;
  tour->checks->Expect(absl::StrContains(quests, "STATE_AWARDED"), "a quest was reached", quests.substr(0, 300));
}

void Budgets(Tour* tour) {
  const std::string budgets = tour->Get("budgets", tour->chief, tour->chief.region + "/budgets").body;
  tour->checks->Expect(absl::StrContains(budgets, "END_STOP") && absl::StrContains(budgets, "END_WARN"), "two towns have a budget",
                       budgets.substr(0, 300));
  // Counted from every household's record, which takes longer than a page would wait where they are in Redis.
  const auto client = tour->demo->Connect("bridge", "staff/U01", "AUDITOR");
  if (!tour->checks->Expect(client.ok(), "an auditor connects", client.status().message())) return;
  v1::GetLiabilityRequest request;
  request.set_region(tour->auditor.region);
  const auto owed = (*client)->Call(&v1::BudgetService::Stub::GetLiability, request,
                                    {.deadline = kLiabilityMax, .token = "", .metadata = {}, .attempts_max = 0});
  if (!tour->checks->Expect(owed.ok(), "what is outstanding", owed.ok() ? "" : owed.error().ToString())) return;
  tour->checks->Expect(owed->totals().issued() > 0, "something was issued");
  tour->checks->ExpectEqual(owed->totals().difference(), 0, "and the books tie out");
}

}  // namespace

void HistoryJourney(Tour* tour) {
  const absl::StatusOr<Cast> cast = ChooseCast(tour->demo->district());
  if (!tour->checks->Expect(cast.ok(), "the history has its people", cast.status().message())) return;
  tour->chief = tour->SignIn("demo-staff-3");
  tour->auditor = tour->SignIn("demo-auditor-1");
  Residents(tour, *cast);
  Households(tour, *cast);
  Merchants(tour);
  Boards(tour, tour->SignIn("demo-resident-1"));
  Verification(tour, *cast);
  Fraud(tour, *cast);
  Awards(tour);
  Budgets(tour);
}

}  // namespace fenfen::ctl
