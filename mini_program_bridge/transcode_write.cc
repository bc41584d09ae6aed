// The writing half of transcode.h: messages as JSON text, straight into the string that is sent.
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "mini_program_bridge/json_body.h"
#include "mini_program_bridge/transcode.h"

namespace fenfen::bridge {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

// A field's value, or its item `index` where it is repeated.
#define FENFEN_GET(Type) (index >= 0 ? ref.GetRepeated##Type(message, field, index) : ref.Get##Type(message, field))

void WriteDouble(double value, std::string* out) {
  // JSON has no word for these; null is what a browser's JSON.stringify writes.
  absl::StrAppend(out, std::isfinite(value) ? absl::StrFormat("%.17g", value) : "null");
}

void WriteInteger(const Field* field, const std::string& digits, std::string* out) {
  const bool quoted = field->options().jstype() != pb::FieldOptions::JS_NUMBER;
  absl::StrAppend(out, quoted ? "\"" : "", digits, quoted ? "\"" : "");
}

void WriteMessage(const pb::Message& message, std::string* out) {
  if (message.GetDescriptor()->full_name() != "google.protobuf.Timestamp") return WriteJson(message, out);
  pb::Timestamp time;
  time.ParsePartialFromString(message.SerializePartialAsString());
  AppendJsonString(pb::util::TimeUtil::ToString(time), out);
}

void WriteValue(const pb::Message& message, const Field* field, int index, std::string* out) {
  const pb::Reflection& ref = *message.GetReflection();
  switch (field->cpp_type()) {
    case Field::CPPTYPE_BOOL:
      out->append(FENFEN_GET(Bool) ? "true" : "false");
      return;
    case Field::CPPTYPE_INT32:
      absl::StrAppend(out, FENFEN_GET(Int32));
      return;
    case Field::CPPTYPE_UINT32:
      absl::StrAppend(out, FENFEN_GET(UInt32));
      return;
    case Field::CPPTYPE_INT64:
      return WriteInteger(field, absl::StrCat(FENFEN_GET(Int64)), out);
    case Field::CPPTYPE_UINT64:
      return WriteInteger(field, absl::StrCat(FENFEN_GET(UInt64)), out);
    case Field::CPPTYPE_DOUBLE:
      return WriteDouble(FENFEN_GET(Double), out);
    case Field::CPPTYPE_FLOAT:
      return WriteDouble(FENFEN_GET(Float), out);
    case Field::CPPTYPE_ENUM: {
      // A value newer than this program comes as UNKNOWN_ENUM_VALUE_…, which no client takes for one it knows.
      const pb::EnumValueDescriptor* value = FENFEN_GET(Enum);
      return AppendJsonString(value->name(), out);
    }
    case Field::CPPTYPE_STRING: {
      const std::string text = FENFEN_GET(String);
      return AppendJsonString(field->type() == Field::TYPE_BYTES ? absl::Base64Escape(text) : text, out);
    }
    case Field::CPPTYPE_MESSAGE:
      return WriteMessage(FENFEN_GET(Message), out);
  }
}

// Sorted by key, so that equal messages give equal bytes.
void WriteMap(const pb::Message& message, const Field* field, std::string* out) {
  const Field* key_field = field->message_type()->map_key();
  std::vector<std::pair<std::string, const pb::Message*>> entries;
  const pb::Reflection& ref = *message.GetReflection();
  for (int i = 0; i < ref.FieldSize(message, field); ++i) {
    const pb::Message& entry = ref.GetRepeatedMessage(message, field, i);
    std::string key;
    WriteValue(entry, key_field, -1, &key);
    if (key.front() != '"') key = absl::StrCat("\"", key, "\"");
    entries.emplace_back(std::move(key), &entry);
  }
  std::sort(entries.begin(), entries.end());
  out->push_back('{');
  for (const auto& [key, entry] : entries) {
    if (out->back() != '{') out->push_back(',');
    absl::StrAppend(out, key, ":");
    WriteValue(*entry, field->message_type()->map_value(), -1, out);
  }
  out->push_back('}');
}

void WriteList(const pb::Message& message, const Field* field, std::string* out) {
  out->push_back('[');
  const int count = message.GetReflection()->FieldSize(message, field);
  for (int i = 0; i < count; ++i) {
    if (i > 0) out->push_back(',');
    WriteValue(message, field, i, out);
  }
  out->push_back(']');
}

#undef FENFEN_GET

}  // namespace

void WriteJson(const pb::Message& message, std::string* out) {
  out->push_back('{');
  bool first = true;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const Field* field = message.GetDescriptor()->field(i);
    if (!field->is_repeated() && field->has_presence() && !message.GetReflection()->HasField(message, field)) continue;
    if (!first) out->push_back(',');
    first = false;
    AppendJsonString(field->name(), out);
    out->push_back(':');
    if (field->is_map()) {
      WriteMap(message, field, out);
    } else if (field->is_repeated()) {
      WriteList(message, field, out);
    } else {
      WriteValue(message, field, -1, out);
    }
  }
  out->push_back('}');
}

}  // namespace fenfen::bridge
