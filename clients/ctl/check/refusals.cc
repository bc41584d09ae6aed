// Bad input over HTTP: every refusal has its own reason and status, in Chinese and English, and changes nothing.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <boost/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "clients/ctl/check/journeys.h"
#include "clients/ctl/commands/secrets.h"

namespace fenfen::ctl {

namespace {

using boost::json::object;

struct BadCall {
  const char* what;
  std::string method, target, token, body;
  int status;
  const char* reason;
};

std::string Hmac(absl::string_view key, absl::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest,
       &size);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

// RFC 4648 in lower case without padding.
std::string Base32(absl::string_view bytes) {
  std::string text;
  uint32_t bits = 0;
  int have = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (have += 8; have >= 5; have -= 5) text.push_back("abcdefghijklmnopqrstuvwxyz234567"[bits >> (have - 5) & 31]);
  }
  return text;
}

// A station's code at another time, from the page that describes it and not from the server's code.
std::string StationCodeAt(absl::string_view codes_key, const std::string& station, absl::Time time) {
  const auto step = static_cast<uint64_t>(absl::ToUnixSeconds(time) / 30);
  std::string step_bytes;
  for (int shift = 56; shift >= 0; shift -= 8) step_bytes.push_back(static_cast<char>(step >> shift));
  const absl::string_view zero("\0", 1);
  const std::string secret = Hmac(codes_key, absl::StrCat("station", zero, station));
  const std::string mac = Hmac(secret, absl::StrCat("fenfen-station-code-v1", zero, station, zero, step_bytes));
  return absl::StrCat("FS1.", station, ".", step, ".", Base32(mac.substr(0, 10)));
}

// A token of the right claims that nobody has signed.
std::string UnsignedToken(const std::string& subject) {
  const int64_t now = absl::ToUnixSeconds(absl::Now());
  const std::string header = R"({"alg":"none","typ":"at+jwt","kid":"bridge"})";
  const std::string claims = boost::json::serialize(
      object{{"iss", "bridge"}, {"aud", "fenfen"}, {"sub", subject}, {"role", "RESIDENT"}, {"iat", now}, {"exp", now + 3600}});
  return absl::StrCat(absl::WebSafeBase64Escape(header), ".", absl::WebSafeBase64Escape(claims), ".");
}

// A drop with one thing about it changed.
std::string DropWith(Tour* tour, const std::string& code, const char* member, const boost::json::value& value) {
  object drop = {{"request_id", tour->ids.Next()}, {"station_code", code}, {"category", "CATEGORY_FOOD"}, {"weight_grams", 500}};
  drop[member] = value;
  return boost::json::serialize(drop);
}

std::vector<BadCall> BadDrops(Tour* tour, const std::string& fresh, const std::string& expired) {
  const std::string drops = absl::StrCat("/v1/", tour->resident.household, "/drops");
  const std::string& token = tour->resident.token;
  const auto with = [&](const char* member, int64_t number) { return DropWith(tour, fresh, member, number); };
  const auto text = [&](const char* member, const std::string& value) { return DropWith(tour, fresh, member, boost::json::string(value)); };
  object no_id = {{"station_code", fresh}, {"category", "CATEGORY_FOOD"}};
  object reused = {{"request_id", tour->drop_request_id}, {"station_code", fresh}, {"category", "CATEGORY_FOOD"}, {"weight_grams", 1}};
  return {
      {"text that is no station code", "POST", drops, token, text("station_code", "hello"), 404, "STATION_CODE_UNKNOWN"},
      {"a code of an unknown station", "POST", drops, token, text("station_code", "FS1.nowhere.1.aaaaaaaaaaaaaaaa"), 404,
       "STATION_CODE_UNKNOWN"},
      {"an expired station code", "POST", drops, token, text("station_code", expired), 422, "STATION_CODE_EXPIRED"},
      {"a station code used before", "POST", drops, token, text("station_code", tour->station_code), 422, "STATION_CODE_USED"},
      {"a weight of zero", "POST", drops, token, with("weight_grams", 0), 400, "WEIGHT_NOT_POSITIVE"},
      {"a negative weight", "POST", drops, token, with("weight_grams", -5), 400, "WEIGHT_NOT_POSITIVE"},
      {"an absurd weight", "POST", drops, token, with("weight_grams", 60'000), 400, "WEIGHT_TOO_LARGE"},
      {"a weight that is not a number", "POST", drops, token, text("weight_grams", "heavy"), 400, "WEIGHT_NOT_A_NUMBER"},
      {"a category that does not exist", "POST", drops, token, text("category", "CATEGORY_GLASS"), 400, "CATEGORY_UNKNOWN"},
      {"an unknown field", "POST", drops, token, text("colour", "green"), 400, "FIELD_UNKNOWN"},
      {"a missing request id", "POST", drops, token, boost::json::serialize(no_id), 400, "REQUEST_ID_MISSING"},
      {"a request id that is none", "POST", drops, token, text("request_id", "42"), 400, "REQUEST_ID_MALFORMED"},
      {"a request id of long ago", "POST", drops, token, text("request_id", client::FormatUuid7(absl::Now() - absl::Hours(24 * 60), 1, 1)),
       422, "REQUEST_ID_OUT_OF_WINDOW"},
      {"a request id reused with another body", "POST", drops, token, boost::json::serialize(reused), 409, "REQUEST_ID_REUSED"},
      {"broken JSON", "POST", drops, token, "{\"request_id\":", 400, "BODY_NOT_JSON"},
      {"a body too large", "POST", drops, token, text("station_code", std::string(300 << 10, 'x')), 413, "BODY_TOO_LARGE"},
      {"no token", "POST", drops, "", with("weight_grams", 500), 401, "TOKEN_MISSING"},
      {"an unsigned token", "POST", drops, UnsignedToken(tour->resident.subject), with("weight_grams", 500), 401, "TOKEN_UNSIGNED"},
      {"another's household", "POST", absl::StrCat("/v1/households/", tour->demo->district().households.back().number, "/drops"), token,
       with("weight_grams", 500), 403, "PERMISSION_DENIED"},
  };
}

std::vector<BadCall> BadOthers(Tour* tour, const SignedIn& other_merchant, const std::string& open_voucher) {
  const std::string home = absl::StrCat("/v1/", tour->resident.household);
  const auto capture = [&](const std::string& code) {
    return boost::json::serialize(object{{"request_id", tour->ids.Next()}, {"code", code}});
  };
  const std::string captures = absl::StrCat("/v1/", tour->merchant.merchant, "/captures");
  const auto key = client::TokenSigner::FromPemFile(tour->demo->workspace().Path("keys/bridge.key.pem"), "bridge");
  const std::string expired = key->Mint(tour->resident.subject, "RESIDENT", absl::Now() - absl::Hours(2), absl::Hours(1));
  const auto reserve = [&](const std::string& offer) {
    return boost::json::serialize(object{{"request_id", tour->ids.Next()}, {"offer", offer}});
  };
  return {
      {"an expired token", "GET", home + "/balance", expired, "", 401, "TOKEN_EXPIRED"},
      {"a token that is garbage", "GET", home + "/balance", "garbage", "", 401, "TOKEN_INVALID"},
      {"a merchant looking at a household", "GET", home + "/balance", tour->merchant.token, "", 403, "PERMISSION_DENIED"},
      {"an unknown household", "GET", absl::StrCat("/v1/", tour->staff.region, "/households:find?number=424242"), tour->staff.token, "",
       404, "HOUSEHOLD_UNKNOWN"},
      {"an unknown offer", "POST", home + "/vouchers", tour->resident.token, reserve("offers/none"), 404, "OFFER_UNKNOWN"},
      {"an offer beyond one's points", "POST", home + "/vouchers", tour->resident.token, reserve("offers/O030"), 422,
       "POINTS_INSUFFICIENT"},
      {"an unknown voucher code", "POST", captures, tour->merchant.token, capture("00000-0000-0000-0000-0000"), 404, "VOUCHER_UNKNOWN"},
      {"a used voucher", "POST", captures, tour->merchant.token, capture(tour->voucher_code), 422, "VOUCHER_USED"},
      {"another merchant's voucher", "POST", absl::StrCat("/v1/", other_merchant.merchant, "/captures"), other_merchant.token,
       capture(open_voucher), 403, "VOUCHER_OTHER_MERCHANT"},
      {"an address that is none", "GET", "/v1/nothing", tour->resident.token, "", 404, "ROUTE_UNKNOWN"},
      {"a method that does not fit", "POST", "/v1/offers", tour->resident.token, "{}", 405, "METHOD_NOT_ALLOWED"},
  };
}

}  // namespace

void Refusals(Tour* tour) {
  Checks& checks = *tour->checks;
  const absl::StatusOr<std::string> codes_key = ReadSecret(tour->demo->workspace().Path("keys/codes.key"));
  if (!checks.Expect(codes_key.ok(), "the codes' key can be read")) return;
  const District& district = tour->demo->district();
  const std::string station = district.stations[district.stations_of_estate[district.households[0].estate].back()].id;
  const std::string fresh = StationCodeAt(*codes_key, station, absl::Now());
  const std::string expired = StationCodeAt(*codes_key, station, absl::Now() - absl::Minutes(5));
  const SignedIn other_merchant = tour->SignIn("demo-merchant-2");
  const HttpAnswer reserved = tour->http.Post(absl::StrCat("/v1/", tour->resident.household, "/vouchers"), tour->resident.token,
                                              object{{"request_id", tour->ids.Next()}, {"offer", "offers/O001"}});
  const int64_t before = tour->Balance();

  std::vector<BadCall> calls = BadDrops(tour, fresh, expired);
  for (BadCall& call : BadOthers(tour, other_merchant, reserved.Text("data.voucher.code"))) calls.push_back(std::move(call));
  for (const BadCall& call : calls) {
    const HttpAnswer answer = tour->http.Call(call.method, call.target, call.token, call.body);
    checks.Expect(answer.status == call.status && answer.Reason() == call.reason, absl::StrCat(call.what, " is refused as ", call.reason),
                  absl::StrCat(answer.status, " ", answer.body.substr(0, 300)));
    checks.Expect(!answer.Text("errmsg").empty() && !answer.Text("errmsg_en").empty(),
                  absl::StrCat(call.what, " is explained in both languages"), answer.body.substr(0, 300));
  }
  checks.ExpectEqual(tour->Balance(), before, "nothing that was refused has changed the balance");
}

}  // namespace fenfen::ctl
