#include "mini_program_bridge/openapi_schemas.h"

#include <boost/json/array.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/cpp/error.h"
#include "fenfen/v1/options.pb.h"
#include "mini_program_bridge/transcode.h"

namespace fenfen::bridge {
namespace {

namespace json = boost::json;
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

std::string SchemaName(const std::string& full_name) { return std::string(absl::StripPrefix(full_name, "fenfen.v1.")); }

int LengthMax(const Field* field) {
  const int own = field->options().GetExtension(v1::field).max_length();
  return own > 0 ? own : kFieldLengthDefault;
}

json::object IntegerSchema(const Field* field) {
  const bool wide = field->cpp_type() == Field::CPPTYPE_INT64 || field->cpp_type() == Field::CPPTYPE_UINT64;
  if (!wide) return {{"type", "integer"}, {"format", "int32"}};
  if (field->options().jstype() == pb::FieldOptions::JS_NUMBER) return {{"type", "integer"}, {"format", "int64"}};
  return {{"type", "string"}, {"pattern", "^-?[0-9]+$"}};
}

json::object StringSchema(const Field* field, bool request) {
  json::object schema = {{"type", "string"}};
  if (field->type() == Field::TYPE_BYTES) {
    schema["format"] = "byte";
    return schema;
  }
  if (request) schema["maxLength"] = field->is_repeated() ? kFieldLengthDefault : LengthMax(field);
  if (field->name() == "request_id") {
    schema["pattern"] = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
    schema["example"] = "0197a3c0-5f00-7b1e-8a55-0f6d3c2b1a90";
  }
  return schema;
}

}  // namespace

json::object OpenApiSchemas::Ref(const std::string& name) { return {{"$ref", absl::StrCat("#/components/schemas/", name)}}; }

json::object OpenApiSchemas::EnumRef(const pb::EnumDescriptor* type) {
  const std::string name = SchemaName(type->full_name());
  if (schemas_.count(name) == 0) {
    json::array names;
    std::string description = CommentOf(type);
    for (int i = 0; i < type->value_count(); ++i) {
      names.emplace_back(type->value(i)->name());
      absl::StrAppend(&description, "\n- `", type->value(i)->name(), "`: ", CommentOf(type->value(i)));
    }
    schemas_[name] = {{"type", "string"}, {"enum", std::move(names)}, {"description", description}};
  }
  return Ref(name);
}

json::object OpenApiSchemas::ValueSchema(const Field* field, bool request) {
  switch (field->cpp_type()) {
    case Field::CPPTYPE_STRING:
      return StringSchema(field, request);
    case Field::CPPTYPE_BOOL:
      return {{"type", "boolean"}};
    case Field::CPPTYPE_ENUM:
      return EnumRef(field->enum_type());
    case Field::CPPTYPE_DOUBLE:
    case Field::CPPTYPE_FLOAT:
      return {{"type", "number"}};
    case Field::CPPTYPE_MESSAGE:
      if (field->message_type()->full_name() == "google.protobuf.Timestamp") return {{"type", "string"}, {"format", "date-time"}};
      return ReplyRef(field->message_type());
    default:
      return IntegerSchema(field);
  }
}

json::object OpenApiSchemas::FieldSchema(const Field* field, bool request) {
  json::object schema;
  if (field->is_map()) {
    schema = {{"type", "object"}, {"additionalProperties", ValueSchema(field->message_type()->map_value(), request)}};
  } else if (field->is_repeated()) {
    schema = {{"type", "array"}, {"items", ValueSchema(field, request)}};
    if (request) schema["maxItems"] = LengthMax(field);
  } else {
    schema = ValueSchema(field, request);
  }
  const std::string description = CommentOf(field);
  if (description.empty()) return schema;
  // OpenAPI 3.0 ignores whatever stands beside a $ref.
  if (schema.contains("$ref")) schema = {{"allOf", json::array{schema}}};
  schema["description"] = description;
  return schema;
}

json::object OpenApiSchemas::ReplyRef(const pb::Descriptor* message) {
  const std::string name = SchemaName(message->full_name());
  if (schemas_.count(name) > 0) return Ref(name);
  // Its place is taken before its fields are looked at, so that a message within itself ends.
  schemas_[name] = {};
  json::object properties;
  json::array required;
  for (int i = 0; i < message->field_count(); ++i) {
    const Field* field = message->field(i);
    properties[field->name()] = FieldSchema(field, /*request=*/false);
    if (field->is_repeated() || !field->has_presence()) required.emplace_back(field->name());
  }
  json::object schema = {{"type", "object"}, {"description", CommentOf(message)}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  schemas_[name] = std::move(schema);
  return Ref(name);
}

json::object OpenApiSchemas::RequestBody(const pb::Descriptor* message, const std::set<std::string>& bound) {
  json::object properties;
  json::array required;
  for (int i = 0; i < message->field_count(); ++i) {
    const Field* field = message->field(i);
    if (bound.count(field->name()) > 0) continue;
    properties[field->name()] = FieldSchema(field, /*request=*/true);
    // The server asks for a request id wherever there is one.
    if (field->options().GetExtension(v1::field).required() || field->name() == "request_id") required.emplace_back(field->name());
  }
  json::object schema = {
      {"type", "object"}, {"description", CommentOf(message)}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  const std::string name = SchemaName(message->full_name());
  schemas_[name] = std::move(schema);
  return Ref(name);
}

void OpenApiSchemas::AddErrorSchema() {
  json::array names, codes;
  std::string description = "The reason's stable name.";
  for (int i = 0; i < v1::Reason_descriptor()->value_count(); ++i) {
    const auto reason = static_cast<v1::Reason>(v1::Reason_descriptor()->value(i)->number());
    const v1::ErrorRow& row = client::RowOf(reason);
    names.emplace_back(client::ReasonName(reason));
    codes.emplace_back(reason == v1::REASON_UNSPECIFIED ? -1 : static_cast<int>(reason));
    absl::StrAppend(&description, "\n- `", client::ReasonName(reason), "` (HTTP ", row.http(), row.retryable() ? ", may be retried" : "",
                    "): ", row.zh(), " / ", row.en());
  }
  const json::object text = {{"type", "string"}};
  schemas_["Error"] = {
      {"type", "object"},
      {"description", "Why nothing was done."},
      {"required", json::array{"errcode", "reason", "errmsg", "errmsg_en", "request_id"}},
      {"properties",
       json::object{
           {"errcode",
            json::object{{"type", "integer"}, {"enum", std::move(codes)}, {"description", "The reason's number; -1 for our own fault."}}},
           {"reason", json::object{{"type", "string"}, {"enum", std::move(names)}, {"description", description}}},
           {"errmsg", json::object{{"type", "string"}, {"description", "In Chinese, ready to show."}}},
           {"errmsg_en", json::object{{"type", "string"}, {"description", "The same in English."}}},
           {"field", json::object{{"type", "string"}, {"description", "The field at fault, where there is one."}}},
           {"request_id", json::object{{"type", "string"}, {"description", "Names this request in the logs; also in X-Request-Id."}}}}}};
}

json::object OpenApiSchemas::Take() {
  json::object out;
  for (auto& [name, schema] : schemas_) out[name] = std::move(schema);
  return out;
}

}  // namespace fenfen::bridge
