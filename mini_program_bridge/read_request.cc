#include "mini_program_bridge/read_request.h"

#include <boost/json/value.hpp>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "mini_program_bridge/json_body.h"
#include "mini_program_bridge/transcode.h"

namespace fenfen::bridge {

bool IsJsonContent(absl::string_view content_type) {
  const std::vector<absl::string_view> parts = absl::StrSplit(content_type, ';');
  if (!absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(parts[0]), "application/json")) return false;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string parameter = absl::AsciiStrToLower(absl::StripAsciiWhitespace(parts[i]));
    if (absl::StartsWith(parameter, "charset=") && parameter != "charset=utf-8" && parameter != "charset=\"utf-8\"") return false;
  }
  return true;
}

std::variant<std::unique_ptr<google::protobuf::Message>, Refusal> ReadRequest(const ApiDescriptors& api, const RouteMatch& match,
                                                                              absl::string_view query, absl::string_view content_type,
                                                                              absl::string_view body) {
  const Route& route = *match.route;
  std::unique_ptr<google::protobuf::Message> message = api.NewMessage(route.method->input_type());
  if (route.verb == "POST") {
    if (!IsJsonContent(content_type)) return Refuse(v1::REASON_CONTENT_TYPE);
    boost::json::value json;
    if (MaybeRefusal refusal = ParseJsonBody(body, &json)) return *std::move(refusal);
    if (MaybeRefusal refusal = ReadJson(json, message.get())) return *std::move(refusal);
  }
  for (std::size_t i = 0; i < route.fields.size(); ++i) {
    if (MaybeRefusal refusal = BindPathField(route.fields[i], match.values[i], message.get())) return *std::move(refusal);
  }
  const auto pairs = ParseQuery(query);
  if (!pairs.has_value()) return RefuseField(v1::REASON_FIELD_MALFORMED, "query", {"百分号转义不完整", "a percent escape is broken"});
  for (const auto& [name, value] : *pairs) {
    if (route.verb == "POST") return Refuse(v1::REASON_FIELD_UNKNOWN, {{"field", name.substr(0, kFieldLengthDefault)}});
    if (MaybeRefusal refusal = ReadText(name, value, message.get())) return *std::move(refusal);
  }
  if (MaybeRefusal refusal = CheckRequired(*message)) return *std::move(refusal);
  return message;
}

}  // namespace fenfen::bridge
