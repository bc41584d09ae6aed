// What every journey does.
#include <boost/json.hpp>

#include "absl/strings/str_cat.h"
#include "clients/ctl/check/journeys.h"

namespace fenfen::ctl {

namespace {

std::string AnswerTold(const HttpAnswer& answer) { return absl::StrCat(answer.status, " ", answer.body.substr(0, 300)); }

}  // namespace

HttpAnswer Tour::Get(const std::string& what, const SignedIn& who, const std::string& path) {
  HttpAnswer answer = http.Get(absl::StrCat("/v1/", path), who.token);
  checks->Expect(answer.status == 200, what, AnswerTold(answer));
  return answer;
}

HttpAnswer Tour::Post(const std::string& what, const SignedIn& who, const std::string& path, boost::json::object body) {
  body["request_id"] = ids.Next();
  HttpAnswer answer = http.Post(absl::StrCat("/v1/", path), who.token, body);
  checks->Expect(answer.status == 200, what, AnswerTold(answer));
  return answer;
}

void Tour::Refused(const std::string& what, const SignedIn& who, const std::string& path, boost::json::object body,
                   const std::string& reason) {
  body["request_id"] = ids.Next();
  const HttpAnswer answer = http.Post(absl::StrCat("/v1/", path), who.token, body);
  checks->Expect(answer.Reason() == reason, absl::StrCat(what, " is refused as ", reason), AnswerTold(answer));
}

}  // namespace fenfen::ctl
