#include "mini_program_bridge/envelope.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "mini_program_bridge/json_body.h"

namespace fenfen::bridge {
namespace {

// A sentence with its gaps filled for one language: `detail_zh` goes before `detail` in a Chinese sentence.
std::string Fill(absl::string_view sentence, const std::map<std::string, std::string>& metadata, absl::string_view language) {
  std::map<std::string, std::string> facts = metadata;
  for (const auto& [key, value] : metadata) {
    if (key.size() > 3 && absl::string_view(key).substr(key.size() - 3) == language) facts[key.substr(0, key.size() - 3)] = value;
  }
  return client::FillSentence(sentence, facts);
}

HttpResponse JsonResponse(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  response.body = std::make_shared<const std::string>(std::move(body));
  return response;
}

void AppendMember(absl::string_view key, absl::string_view value, std::string* out) {
  absl::StrAppend(out, ",\"", key, "\":");
  AppendJsonString(value, out);
}

}  // namespace

std::string EnvelopeHead(absl::string_view data) { return absl::StrCat(R"({"errcode":0,"errmsg":"ok","data":)", data); }

std::string EnvelopeTail(absl::string_view request_id) { return absl::StrCat(R"(,"request_id":")", request_id, "\"}"); }

HttpResponse DataResponse(absl::string_view data, absl::string_view request_id) {
  return JsonResponse(200, EnvelopeHead(data) + EnvelopeTail(request_id));
}

HttpResponse ErrorResponse(const Refusal& refusal, absl::string_view request_id) {
  const v1::ErrorRow& row = client::RowOf(refusal.reason);
  const std::string name = refusal.name.empty() ? client::ReasonName(refusal.reason) : refusal.name;
  std::string body = absl::StrCat("{\"errcode\":", refusal.reason == v1::REASON_UNSPECIFIED ? -1 : static_cast<int>(refusal.reason));
  AppendMember("reason", name, &body);
  AppendMember("errmsg", refusal.zh.empty() ? Fill(row.zh(), refusal.metadata, "_zh") : refusal.zh, &body);
  AppendMember("errmsg_en", refusal.en.empty() ? Fill(row.en(), refusal.metadata, "_en") : refusal.en, &body);
  if (const auto field = refusal.metadata.find("field"); field != refusal.metadata.end()) AppendMember("field", field->second, &body);
  absl::StrAppend(&body, EnvelopeTail(request_id));
  HttpResponse response = JsonResponse(row.http(), std::move(body));
  response.reason = name;
  if (row.retryable() || refusal.retry_after.has_value()) {
    const absl::Duration wait = absl::Ceil(refusal.retry_after.value_or(absl::Seconds(1)), absl::Seconds(1));
    response.headers.emplace_back("Retry-After", absl::StrCat(std::clamp<int64_t>(absl::ToInt64Seconds(wait), 1, 3600)));
  }
  return response;
}

Refusal RefusalOf(const client::Error& error, bool from_server) {
  Refusal refusal = Refuse(error.reason, error.metadata);
  if (error.retry_delay > absl::ZeroDuration()) refusal.retry_after = error.retry_delay;
  if (!from_server) return refusal;
  refusal.zh = error.zh;
  refusal.en = error.en;
  refusal.name = error.reason_name;
  return refusal;
}

}  // namespace fenfen::bridge
