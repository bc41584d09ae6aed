// The journeys of the people: resident, merchant, staff.
#include <boost/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "clients/ctl/check/journeys.h"

namespace fenfen::ctl {

namespace {

using boost::json::object;

std::string Told(const HttpAnswer& answer) { return absl::StrCat(answer.status, " ", answer.body.substr(0, 300)); }

// The postings of a trace, added up per asset; true if every sum is zero.
bool SumsToZero(const HttpAnswer& trace) {
  int64_t reward = 0, civic = 0, count = 0;
  for (; !trace.Text(absl::StrCat("data.trace.postings.", count, ".account")).empty(); ++count) {
    const std::string at = absl::StrCat("data.trace.postings.", count);
    (trace.Text(at + ".asset") == "ASSET_CIVIC" ? civic : reward) += trace.Number(at + ".amount");
  }
  return count > 0 && reward == 0 && civic == 0;
}

}  // namespace

SignedIn Tour::SignIn(const std::string& openid) {
  const HttpAnswer code = http.Post("/v1/sandbox/codes", "", object{{"openid", openid}});
  const HttpAnswer session = http.Post("/v1/sessions", "", object{{"code", code.Text("data.code")}});
  checks->Expect(session.status == 200 && !session.Text("data.token").empty(), absl::StrCat(openid, " signs in"), Told(session));
  const auto principal = [&](const char* field) { return session.Text(absl::StrCat("data.principal.", field)); };
  return {session.Text("data.token"), principal("subject"), principal("household"), principal("merchant"), principal("region")};
}

std::string Tour::StationCode() {
  const District& district = demo->district();
  const size_t estate = district.households[district.rich_household].estate;
  const std::string& device = district.stations[district.stations_of_estate[estate].front()].device;
  ChildOptions options;
  options.arguments = {bin + "/fenfen-station", "code", "--text", "--device", demo->workspace().Path("fleet/" + device), "--server",
                       demo->ports().grpc};
  options.log_file = demo->workspace().Path("log/code.log");
  options.pipe_out = true;
  const auto child = Child::Start(options);
  if (!child.ok()) return "";
  while (!(*child)->Ended().has_value()) absl::SleepFor(absl::Milliseconds(5));
  const std::vector<std::string> lines = (*child)->ReadLines();
  return lines.empty() ? "" : lines.front();
}

int64_t Tour::Balance() {
  return http.Get(absl::StrCat("/v1/", resident.household, "/balance"), resident.token).Number("data.balance.reward");
}

void ResidentJourney(Tour* tour) {
  Checks& checks = *tour->checks;
  tour->resident = tour->SignIn("demo-resident-1");
  const std::string home = absl::StrCat("/v1/", tour->resident.household);
  const std::string& token = tour->resident.token;
  const int64_t before = tour->Balance();
  checks.Expect(before >= 10'000, "the resident has points from earlier days", absl::StrCat(before));

  tour->station_code = tour->StationCode();
  checks.Expect(absl::StartsWith(tour->station_code, "FS1."), "the device shows its station's code", tour->station_code);
  tour->drop_request_id = tour->ids.Next();
  const object drop = {{"request_id", tour->drop_request_id},
                       {"station_code", tour->station_code},
                       {"category", "CATEGORY_RECYCLABLE"},
                       {"weight_grams", 900}};
  const HttpAnswer credited = tour->http.Post(home + "/drops", token, drop);
  tour->drop_entry = credited.Text("data.entry.name");
  checks.Expect(credited.status == 200, "a scanned drop is credited", Told(credited));
  checks.ExpectEqual(credited.Number("data.entry.reward"), 900, "900 g of recyclables earn 9.00 points");
  checks.ExpectEqual(credited.Number("data.entry.reward_after"), before + 900, "the entry tells the balance after it");
  checks.Expect(!credited.Text("data.entry.reason_zh").empty() && credited.Number("data.entry.rule_version") >= 1, "the entry says why",
                Told(credited));
  const HttpAnswer repeated = tour->http.Post(home + "/drops", token, drop);
  checks.ExpectEqual(repeated.Text("data.entry.name"), tour->drop_entry, "the same request gets the same entry");
  checks.ExpectEqual(tour->Balance(), before + 900, "and is credited once");
  const HttpAnswer statement = tour->http.Get(home + "/entries?page_size=5", token);
  checks.ExpectEqual(statement.Text("data.entries.0.name"), tour->drop_entry, "the statement begins with the drop");

  const HttpAnswer offers = tour->http.Get("/v1/offers");
  const int64_t price = offers.Number("data.offers.0.price");
  checks.Expect(price > 0 && price <= before, "the cheapest offer can be afforded", Told(offers));
  const HttpAnswer reserved =
      tour->http.Post(home + "/vouchers", token, object{{"request_id", tour->ids.Next()}, {"offer", offers.Text("data.offers.0.name")}});
  tour->voucher_code = reserved.Text("data.voucher.code");
  checks.Expect(reserved.status == 200 && !tour->voucher_code.empty(), "an offer is reserved and gives a voucher", Told(reserved));
  checks.ExpectEqual(tour->Balance(), before + 900 - price, "its price is set aside");
  checks.ExpectEqual(tour->http.Get(home + "/balance", token).Number("data.balance.held"), price, "and shown as held");
  const HttpAnswer again = tour->http.Get(absl::StrCat("/v1/", reserved.Text("data.voucher.name")), token);
  checks.ExpectEqual(again.Text("data.voucher.code"), tour->voucher_code, "the voucher can be shown again");
  const HttpAnswer image = tour->http.Post("/v1/qr", token, object{{"text", absl::StrCat("FV1.", tour->voucher_code)}});
  checks.Expect(image.content_type == "image/png" && absl::StrContains(image.body.substr(0, 8), "PNG"), "its code is drawn as a QR image",
                image.content_type);
}

void MerchantJourney(Tour* tour) {
  Checks& checks = *tour->checks;
  tour->merchant = tour->SignIn("demo-merchant-1");
  const std::string captures = absl::StrCat("/v1/", tour->merchant.merchant, "/captures");
  const std::string& token = tour->merchant.token;
  const HttpAnswer before = tour->http.Get(captures, token);
  const object request = {{"request_id", tour->ids.Next()}, {"code", absl::StrCat("FV1.", tour->voucher_code)}};
  const HttpAnswer captured = tour->http.Post(captures, token, request);
  checks.Expect(captured.status == 200, "the merchant captures the voucher", Told(captured));
  const HttpAnswer repeated = tour->http.Post(captures, token, request);
  checks.ExpectEqual(repeated.Text("data.capture.name"), captured.Text("data.capture.name"), "the same request gets the same capture");
  const HttpAnswer second = tour->http.Post(captures, token, object{{"request_id", tour->ids.Next()}, {"code", tour->voucher_code}});
  checks.ExpectEqual(second.Reason(), "VOUCHER_USED", "a second capture is refused");
  // Of several servers the others list it a moment later.
  HttpAnswer day = tour->http.Get(captures, token);
  for (int i = 0; i < 200 && day.Number("data.day_count") == before.Number("data.day_count"); ++i) {
    absl::SleepFor(absl::Milliseconds(100));
    day = tour->http.Get(captures, token);
  }
  checks.ExpectEqual(day.Number("data.day_count"), before.Number("data.day_count") + 1, "the day's list has it once");
  checks.ExpectEqual(day.Text("data.captures.0.name"), captured.Text("data.capture.name"), "and shows it first");
}

void StaffJourney(Tour* tour) {
  Checks& checks = *tour->checks;
  tour->staff = tour->SignIn("demo-staff-1");
  const std::string number(absl::StripPrefix(tour->resident.household, "households/"));
  const std::string& token = tour->staff.token;
  const HttpAnswer found = tour->http.Get(absl::StrCat("/v1/", tour->staff.region, "/households:find?number=", number), token);
  checks.ExpectEqual(found.Text("data.household.name"), tour->resident.household, "staff find the household");
  const HttpAnswer balance = tour->http.Get(absl::StrCat("/v1/", tour->resident.household, "/balance"), token);
  checks.ExpectEqual(balance.Number("data.balance.reward"), tour->Balance(), "and see the same balance as the resident");
  int64_t lots = 0;
  for (int i = 0; !balance.Text(absl::StrCat("data.balance.lots.", i, ".expires_on")).empty(); ++i) {
    lots += balance.Number(absl::StrCat("data.balance.lots.", i, ".amount"));
  }
  checks.ExpectEqual(lots, balance.Number("data.balance.reward"), "its lots add up to it");
  const HttpAnswer trace = tour->http.Get(absl::StrCat("/v1/", tour->drop_entry, ":trace"), token);
  checks.ExpectEqual(trace.Text("data.trace.request_key"), tour->drop_request_id, "an entry is traced to the request that caused it");
  checks.ExpectEqual(trace.Text("data.trace.actor"), tour->resident.subject, "and to the person");
  checks.Expect(SumsToZero(trace), "its postings sum to zero", Told(trace));
  checks.Expect(trace.Text("data.trace.journal_crc32c").size() == 8 && !trace.Text("data.trace.journal_segment").empty(),
                "and to its place in the journal", Told(trace));
}

}  // namespace fenfen::ctl
