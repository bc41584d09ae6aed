#include "mini_program_bridge/openapi.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "clients/cpp/error.h"
#include "fenfen/v1/options.pb.h"
#include "mini_program_bridge/openapi_schemas.h"

namespace fenfen::bridge {
namespace {

namespace json = boost::json;
namespace pb = google::protobuf;

constexpr char kQrImage[] = "/fenfen.v1.SessionService/CreateQrImage";

// "households" → "household", "entries" → "entry": what a segment below a collection is called.
std::string Singular(const std::string& collection) {
  if (absl::EndsWith(collection, "ies")) return absl::StrCat(collection.substr(0, collection.size() - 3), "y");
  return std::string(absl::StripSuffix(collection, "s"));
}

struct Address {
  std::string path;
  std::vector<std::string> parameters;
};

// A template in OpenAPI's form, where a parameter cannot hold a '/': each `*` becomes a parameter named after its collection.
Address AddressOf(const Route& route) {
  Address out;
  for (std::size_t i = 0; i < route.path.segments.size(); ++i) {
    const std::string& segment = route.path.segments[i];
    if (!segment.empty()) {
      absl::StrAppend(&out.path, "/", segment);
      continue;
    }
    out.parameters.push_back(i > 0 && !route.path.segments[i - 1].empty() ? Singular(route.path.segments[i - 1]) : absl::StrCat("part", i));
    absl::StrAppend(&out.path, "/{", out.parameters.back(), "}");
  }
  if (!route.path.verb.empty()) absl::StrAppend(&out.path, ":", route.path.verb);
  return out;
}

// The reasons that a comment's "Errors: A, B_*." names.
std::vector<v1::Reason> ReasonsIn(const std::string& comment) {
  std::vector<v1::Reason> out;
  const std::size_t at = comment.find("Errors:");
  if (at == std::string::npos) return out;
  for (absl::string_view word : absl::StrSplit(comment.substr(at + 7), absl::ByAnyChar(" ,.;\n"), absl::SkipEmpty())) {
    const bool family = absl::ConsumeSuffix(&word, "*");
    for (int i = 0; i < v1::Reason_descriptor()->value_count(); ++i) {
      const auto reason = static_cast<v1::Reason>(v1::Reason_descriptor()->value(i)->number());
      const std::string name = client::ReasonName(reason);
      if (family ? absl::StartsWith(name, word) : name == word) out.push_back(reason);
    }
  }
  return out;
}

json::object JsonContent(json::value schema) { return {{"application/json", json::object{{"schema", std::move(schema)}}}}; }

json::object ErrorContent() { return JsonContent(json::object{{"$ref", "#/components/schemas/Error"}}); }

json::object ReplySchema(json::object data) {
  return {{"type", "object"},
          {"required", json::array{"errcode", "errmsg", "data", "request_id"}},
          {"properties", json::object{{"errcode", json::object{{"type", "integer"}, {"enum", json::array{0}}}},
                                      {"errmsg", json::object{{"type", "string"}, {"enum", json::array{"ok"}}}},
                                      {"data", std::move(data)},
                                      {"request_id", json::object{{"type", "string"}}}}}};
}

json::object Responses(const Route& route, const std::string& comment, OpenApiSchemas* schemas) {
  json::object out;
  json::object success = {
      {"description", route.max_age_seconds > 0 ? absl::StrCat("Done; may be kept for ", route.max_age_seconds, " s.") : "Done."}};
  if (route.rpc == kQrImage) {
    success["content"] = json::object{{"image/png", json::object{{"schema", json::object{{"type", "string"}, {"format", "binary"}}}}}};
  } else {
    success["content"] = JsonContent(ReplySchema(schemas->ReplyRef(route.method->output_type())));
  }
  out["200"] = std::move(success);
  std::vector<v1::Reason> reasons = ReasonsIn(comment);
  for (const v1::Reason always :
       {v1::REASON_FIELD_MALFORMED, v1::REASON_FIELD_UNKNOWN, v1::REASON_RATE_LIMITED, v1::REASON_SERVER_UNREACHABLE}) {
    reasons.push_back(always);
  }
  if (!route.is_public) {
    for (const v1::Reason token :
         {v1::REASON_TOKEN_MISSING, v1::REASON_TOKEN_EXPIRED, v1::REASON_TOKEN_INVALID, v1::REASON_PERMISSION_DENIED}) {
      reasons.push_back(token);
    }
  }
  std::map<int, std::set<std::string>> by_status;
  for (const v1::Reason reason : reasons) by_status[client::RowOf(reason).http()].insert(client::ReasonName(reason));
  for (const auto& [status, names] : by_status) {
    out[absl::StrCat(status)] = json::object{{"description", absl::StrCat(absl::StrJoin(names, ", "), ".")}, {"content", ErrorContent()}};
  }
  out["default"] = json::object{{"description", "Any other refusal."}, {"content", ErrorContent()}};
  return out;
}

json::array Parameters(const Route& route, const Address& address, const std::set<std::string>& bound, OpenApiSchemas* schemas) {
  json::array out;
  for (const std::string& name : address.parameters) {
    json::object schema = {{"type", "string"}, {"pattern", "^[A-Za-z0-9_-]{1,32}$"}};
    if (name == "household") schema["example"] = "10000001";
    out.push_back(json::object{{"name", name}, {"in", "path"}, {"required", true}, {"schema", std::move(schema)}});
  }
  if (route.verb != "GET") return out;
  for (int i = 0; i < route.method->input_type()->field_count(); ++i) {
    const pb::FieldDescriptor* field = route.method->input_type()->field(i);
    if (bound.count(field->name()) > 0) continue;
    json::object parameter = {{"name", field->name()}, {"in", "query"}, {"description", CommentOf(field)}};
    if (field->options().GetExtension(v1::field).required()) parameter["required"] = true;
    parameter["schema"] = schemas->FieldSchema(field, /*request=*/true);
    out.push_back(std::move(parameter));
  }
  return out;
}

std::string Roles(const v1::Access& access) {
  if (access.public_()) return "Needs no token.";
  std::set<std::string> roles;
  for (const v1::Grant& grant : access.grants()) roles.emplace(absl::StripPrefix(v1::Role_Name(grant.role()), "ROLE_"));
  return absl::StrCat("Roles: ", absl::StrJoin(roles, ", "), ".");
}

json::object Operation(const Route& route, const Address& address, OpenApiSchemas* schemas) {
  std::set<std::string> bound;
  for (const pb::FieldDescriptor* field : route.fields) bound.insert(field->name());
  const std::string comment = CommentOf(route.method);
  const v1::Access& access = route.method->options().GetExtension(v1::access);
  json::object out;
  out["operationId"] = absl::StrCat(route.method->service()->name(), "_", route.method->name());
  out["tags"] = json::array{route.method->service()->name()};
  out["summary"] = comment.substr(0, comment.find(". ") == std::string::npos ? comment.size() : comment.find(". ") + 1);
  out["description"] = absl::StrCat(comment, "\n\n", Roles(access));
  out["security"] = access.public_() ? json::array{} : json::array{json::object{{"session", json::array{}}}};
  if (json::array parameters = Parameters(route, address, bound, schemas); !parameters.empty()) out["parameters"] = std::move(parameters);
  if (route.verb == "POST") {
    out["requestBody"] =
        json::object{{"required", true}, {"content", JsonContent(schemas->RequestBody(route.method->input_type(), bound))}};
  }
  out["responses"] = Responses(route, comment, schemas);
  return out;
}

}  // namespace

std::string OpenApiDocument(const ApiDescriptors& api, const RouteTable& routes) {
  OpenApiSchemas schemas;
  schemas.AddErrorSchema();
  std::map<std::string, json::object> paths;
  for (const auto& route : routes.routes()) {
    const Address address = AddressOf(*route);
    paths[address.path][route->verb == "POST" ? "post" : "get"] = Operation(*route, address, &schemas);
  }
  json::object path_items;
  for (auto& [path, item] : paths) path_items[path] = std::move(item);
  std::set<std::string> served;
  for (const auto& route : routes.routes()) served.insert(route->method->service()->name());
  json::array tags;
  for (const pb::ServiceDescriptor* service : api.services()) {
    if (served.count(service->name()) > 0) tags.push_back(json::object{{"name", service->name()}, {"description", CommentOf(service)}});
  }
  json::object document;
  document["openapi"] = "3.0.3";
  document["info"] =
      json::object{{"title", "Fenfen 分分"},
                   {"version", "v1"},
                   {"description",
                    "Points and rewards for household waste sorting. Amounts are hundredths of a point; times are "
                    "RFC 3339; every change carries a request_id that is kept over retries."},
                   {"license", json::object{{"name", "Apache-2.0"}, {"url", "https://www.apache.org/licenses/LICENSE-2.0"}}}};
  document["servers"] = json::array{json::object{{"url", "/"}}};
  document["tags"] = std::move(tags);
  document["paths"] = std::move(path_items);
  document["components"] =
      json::object{{"schemas", schemas.Take()},
                   {"securitySchemes", json::object{{"session", json::object{{"type", "http"},
                                                                             {"scheme", "bearer"},
                                                                             {"bearerFormat", "JWT"},
                                                                             {"description", "The token of POST /v1/sessions."}}}}}};
  return json::serialize(document);
}

}  // namespace fenfen::bridge
