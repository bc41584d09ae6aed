#include "mini_program_bridge/sandbox/sandbox.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "mini_program_bridge/json_body.h"
#include "mini_program_bridge/route.h"

namespace fenfen::bridge {
namespace {

constexpr absl::Duration kCodeLife = absl::Minutes(5);
constexpr std::size_t kExchangesAMinute = 100;
constexpr std::size_t kPeopleMax = 1000;
constexpr char kBusyOnce[] = "busy-once-";

std::string Wrong(int errcode, absl::string_view errmsg) { return absl::StrCat("{\"errcode\":", errcode, ",\"errmsg\":\"", errmsg, "\"}"); }

std::string PeopleJson(const std::vector<SandboxPerson>& people) {
  std::string out = "{\"people\":[";
  for (const SandboxPerson& person : people) {
    absl::StrAppend(&out, out.back() == '[' ? "" : ",", "{\"openid\":");
    AppendJsonString(person.openid, &out);
    absl::StrAppend(&out, ",\"label\":");
    AppendJsonString(person.label, &out);
    out.push_back('}');
  }
  return out + "]}";
}

// The same for the same person, as WeChat's is while a session lasts; so a test can know it and look for where it must not be.
std::string SessionKey(absl::string_view openid) {
  const std::string message = absl::StrCat("fenfen sandbox session key of ", openid);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest);
  return absl::Base64Escape(absl::string_view(reinterpret_cast<const char*>(digest), 16));
}

std::string Member(const boost::json::value& value, const char* name) {
  const boost::json::value* member = value.is_object() ? value.get_object().if_contains(name) : nullptr;
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : "";
}

}  // namespace

absl::StatusOr<std::vector<SandboxPerson>> ParseSandboxPeople(const std::string& json) {
  boost::json::value value;
  if (ParseJsonBody(json, &value).has_value() || !value.is_array()) return absl::InvalidArgumentError("the people are not a JSON list");
  std::vector<SandboxPerson> people;
  for (const boost::json::value& item : value.get_array()) {
    people.push_back({Member(item, "openid"), Member(item, "label")});
    if (people.back().openid.empty() || people.back().label.empty() || people.size() > kPeopleMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("person ", people.size(), " needs an openid and a label, and there may be ", kPeopleMax));
    }
  }
  return people;
}

Sandbox::Sandbox(std::vector<SandboxPerson> people, client::Clock clock)
    : people_(std::move(people)), people_json_(PeopleJson(people_)), clock_(std::move(clock)) {}

void Sandbox::Handle(HttpRequest request, HttpReply reply) {
  const std::size_t question = request.target.find('?');
  const std::string path = request.target.substr(0, question);
  const std::string query = question == std::string::npos ? "" : request.target.substr(question + 1);
  Answer answer = {404, Wrong(404, "no such address")};
  if (path == "/sns/jscode2session" && request.method == "GET") answer = Exchange(query);
  if (path == "/sandbox/people" && request.method == "GET") answer = {200, people_json_};
  if (path == "/sandbox/codes" && request.method == "POST") answer = NewCode(request.body);
  HttpResponse response;
  response.status = answer.first;
  // WeChat says text/plain, JSON though it is.
  response.headers.emplace_back("Content-Type", path == "/sns/jscode2session" ? "text/plain" : "application/json; charset=utf-8");
  response.body = std::make_shared<const std::string>(std::move(answer.second));
  reply(std::move(response));
}

HttpResponse Sandbox::Reject(const Refusal&) {
  HttpResponse response;
  response.status = 400;
  response.body = std::make_shared<const std::string>(Wrong(400, "bad request"));
  return response;
}

Sandbox::Answer Sandbox::Exchange(const std::string& query) {
  const auto pairs = ParseQuery(query);
  if (!pairs.has_value()) return {200, Wrong(40029, "invalid code")};
  std::map<std::string, std::string> given(pairs->begin(), pairs->end());
  if (given["appid"].empty()) return {200, Wrong(40013, "invalid appid")};
  if (given["secret"].empty()) return {200, Wrong(40125, "invalid appsecret")};
  if (given["grant_type"] != "authorization_code") return {200, Wrong(40002, "invalid grant_type")};
  std::string openid;
  switch (const int errcode = Redeem(given["js_code"], &openid)) {
    case 0:
      break;
    case -1:
      return {200, Wrong(errcode, "system error")};
    case 40226:
      return {200, Wrong(errcode, "code blocked")};
    case 45011:
      return {200, Wrong(errcode, "api minute-quota reach limit, must slower, retry next minute")};
    default:
      return {200, Wrong(errcode, "invalid code")};
  }
  std::string reply = absl::StrCat("{\"session_key\":\"", SessionKey(openid), "\",\"openid\":");
  AppendJsonString(openid, &reply);
  return {200, reply + "}"};
}

int Sandbox::Redeem(const std::string& given, std::string* openid) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (given == "busy-always") return -1;
  if (given == "high-risk") return 40226;
  if (given == "too-often") return 45011;
  std::string text = given;
  if (absl::StartsWith(given, kBusyOnce)) {
    if (busy_once_.size() >= kCodesMax) busy_once_.clear();
    if (busy_once_.insert(given).second) return -1;
    text = given.substr(sizeof(kBusyOnce) - 1);
  }
  auto code = codes_.extract(text);
  const absl::Time now = clock_();
  if (code.empty() || code.mapped().expires <= now) return 40029;
  std::deque<absl::Time>& recent = exchanges_[code.mapped().openid];
  while (!recent.empty() && now - recent.front() >= absl::Minutes(1)) recent.pop_front();
  if (recent.size() >= kExchangesAMinute) return 45011;
  recent.push_back(now);
  *openid = code.mapped().openid;
  return 0;
}

Sandbox::Answer Sandbox::NewCode(const std::string& body) {
  boost::json::value value;
  if (ParseJsonBody(body, &value).has_value()) return {400, Wrong(47001, "data format error")};
  const std::string openid = Member(value, "openid");
  if (std::none_of(people_.begin(), people_.end(), [&](const SandboxPerson& person) { return person.openid == openid; })) {
    return {404, Wrong(40003, "invalid openid")};
  }
  unsigned char random[16];
  if (RAND_bytes(random, sizeof(random)) != 1) return {500, Wrong(-1, "system error")};
  const std::string code =
      absl::StrCat("0", absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(random), sizeof(random))));
  std::lock_guard<std::mutex> lock(mutex_);
  if (by_age_.size() >= kCodesMax) {
    codes_.erase(by_age_.front());
    by_age_.pop_front();
  }
  codes_[code] = {openid, clock_() + kCodeLife};
  by_age_.push_back(code);
  return {200, absl::StrCat("{\"code\":\"", code, "\"}")};
}

}  // namespace fenfen::bridge
