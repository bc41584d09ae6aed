// The reading half of transcode.h: JSON values and text into fields. A refusal names the field by its path from the top.
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fenfen/v1/options.pb.h"
#include "mini_program_bridge/transcode.h"
#include "mini_program_bridge/utf8.h"

namespace fenfen::bridge {
namespace {

namespace json = boost::json;
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

constexpr Detail kWholeNumber = {"应为整数", "a whole number is expected"};
constexpr Detail kOutOfRange = {"数值超出范围", "the number is out of range"};
constexpr Detail kNumber = {"应为数字", "a number is expected"};
constexpr Detail kBool = {"应为 true 或 false", "true or false is expected"};
constexpr Detail kString = {"应为字符串", "a string is expected"};
constexpr Detail kUtf8 = {"不是有效的 UTF-8 文字", "the text is not valid UTF-8"};
constexpr Detail kBase64 = {"应为 base64", "base64 is expected"};
constexpr Detail kEnum = {"没有这个取值", "there is no such value"};
constexpr Detail kTime = {"应为 RFC 3339 时间，例如 2025-06-01T08:00:00Z",
                          "an RFC 3339 time is expected, for example 2025-06-01T08:00:00Z"};
constexpr Detail kList = {"应为列表", "a list is expected"};
constexpr Detail kObject = {"应为对象", "an object is expected"};
constexpr Detail kTwice = {"出现了两次", "it is given twice"};
constexpr Detail kOneof = {"与另一项不能同时给出", "it cannot be given together with another choice"};
constexpr Detail kPath = {"与地址中的值不一致", "it contradicts the address"};

// The largest whole number that a double holds exactly together with all below it.
constexpr double kExactDoubleMax = 9007199254740992.0;

// Boost's and Abseil's views do not know each other.
template <typename Text>
absl::string_view View(const Text& text) {
  return absl::string_view(text.data(), text.size());
}

// A field and where it stands, for refusals.
struct Place {
  const Field* field;
  std::string path;
};

Refusal Malformed(const Place& place, const Detail& detail) {
  const v1::Reason own = place.field->options().GetExtension(v1::field).malformed();
  return RefuseField(own == v1::REASON_UNSPECIFIED ? v1::REASON_FIELD_MALFORMED : own, place.path, detail);
}

int MaxLength(const Field* field) {
  const int own = field->options().GetExtension(v1::field).max_length();
  return own > 0 ? own : kFieldLengthDefault;
}

MaybeRefusal CheckLength(const Place& place, std::size_t length, int limit) {
  if (length <= static_cast<std::size_t>(limit)) return std::nullopt;
  return Refuse(v1::REASON_FIELD_TOO_LONG, {{"field", place.path}, {"limit", absl::StrCat(limit)}});
}

// Sets the field, or appends to it where it is repeated.
#define FENFEN_PUT(Type, value) \
  (place.field->is_repeated() ? ref.Add##Type(message, place.field, value) : ref.Set##Type(message, place.field, value))

MaybeRefusal PutInteger(const Place& place, std::int64_t value, pb::Message* message) {
  const pb::Reflection& ref = *message->GetReflection();
  switch (place.field->cpp_type()) {
    case Field::CPPTYPE_INT32:
      if (value < std::numeric_limits<std::int32_t>::min() || value > std::numeric_limits<std::int32_t>::max()) break;
      FENFEN_PUT(Int32, static_cast<std::int32_t>(value));
      return std::nullopt;
    case Field::CPPTYPE_UINT32:
      if (value < 0 || value > std::numeric_limits<std::uint32_t>::max()) break;
      FENFEN_PUT(UInt32, static_cast<std::uint32_t>(value));
      return std::nullopt;
    case Field::CPPTYPE_UINT64:
      if (value < 0) break;
      FENFEN_PUT(UInt64, static_cast<std::uint64_t>(value));
      return std::nullopt;
    default:
      FENFEN_PUT(Int64, value);
      return std::nullopt;
  }
  return Malformed(place, kOutOfRange);
}

MaybeRefusal PutString(const Place& place, absl::string_view text, pb::Message* message) {
  const pb::Reflection& ref = *message->GetReflection();
  const int limit = place.field->is_repeated() ? kFieldLengthDefault : MaxLength(place.field);
  if (place.field->type() == Field::TYPE_BYTES) {
    // Four characters carry three bytes; refuse by length before decoding.
    if (MaybeRefusal refusal = CheckLength(place, text.size() / 4 * 3, limit + 2)) return refusal;
    std::string bytes;
    if (!absl::Base64Unescape(text, &bytes) && !absl::WebSafeBase64Unescape(text, &bytes)) return Malformed(place, kBase64);
    if (MaybeRefusal refusal = CheckLength(place, bytes.size(), limit)) return refusal;
    FENFEN_PUT(String, std::move(bytes));
    return std::nullopt;
  }
  if (MaybeRefusal refusal = CheckLength(place, text.size(), limit)) return refusal;
  if (!IsUtf8(text)) return Malformed(place, kUtf8);
  FENFEN_PUT(String, std::string(text));
  return std::nullopt;
}

MaybeRefusal PutEnum(const Place& place, absl::string_view text, pb::Message* message) {
  const pb::Reflection& ref = *message->GetReflection();
  const pb::EnumValueDescriptor* value = place.field->enum_type()->FindValueByName(std::string(text));
  if (value == nullptr) return Malformed(place, kEnum);
  FENFEN_PUT(Enum, value);
  return std::nullopt;
}

MaybeRefusal PutDouble(const Place& place, double value, pb::Message* message) {
  const pb::Reflection& ref = *message->GetReflection();
  if (!std::isfinite(value)) return Malformed(place, kNumber);
  if (place.field->cpp_type() == Field::CPPTYPE_FLOAT) {
    FENFEN_PUT(Float, static_cast<float>(value));
  } else {
    FENFEN_PUT(Double, value);
  }
  return std::nullopt;
}

MaybeRefusal PutBool(const Place& place, bool value, pb::Message* message) {
  const pb::Reflection& ref = *message->GetReflection();
  FENFEN_PUT(Bool, value);
  return std::nullopt;
}

pb::Message* SubMessage(const Place& place, pb::Message* message) {
  const pb::Reflection& ref = *message->GetReflection();
  return place.field->is_repeated() ? ref.AddMessage(message, place.field) : ref.MutableMessage(message, place.field);
}

bool IsTimestamp(const Field* field) {
  return field->cpp_type() == Field::CPPTYPE_MESSAGE && field->message_type()->full_name() == "google.protobuf.Timestamp";
}

MaybeRefusal PutTime(const Place& place, absl::string_view text, pb::Message* message) {
  pb::Timestamp time;
  if (text.size() > 40 || !pb::util::TimeUtil::FromString(std::string(text), &time)) return Malformed(place, kTime);
  // Through bytes, since the message may be a dynamic one whose Timestamp is not the generated class.
  SubMessage(place, message)->ParsePartialFromString(time.SerializeAsString());
  return std::nullopt;
}

// From text, as an address or a query gives it, and as JSON strings do for the types that JSON writes so.
MaybeRefusal PutText(const Place& place, absl::string_view text, pb::Message* message) {
  switch (place.field->cpp_type()) {
    case Field::CPPTYPE_STRING:
      return PutString(place, text, message);
    case Field::CPPTYPE_ENUM:
      return PutEnum(place, text, message);
    case Field::CPPTYPE_BOOL:
      if (text != "true" && text != "false") return Malformed(place, kBool);
      return PutBool(place, text == "true", message);
    case Field::CPPTYPE_DOUBLE:
    case Field::CPPTYPE_FLOAT: {
      double value = 0;
      if (!absl::SimpleAtod(text, &value)) return Malformed(place, kNumber);
      return PutDouble(place, value, message);
    }
    case Field::CPPTYPE_MESSAGE:
      return IsTimestamp(place.field) ? PutTime(place, text, message) : MaybeRefusal(Malformed(place, kObject));
    default: {
      // SimpleAtoi forgives blanks around the digits; an address that needs forgiving is not the one meant.
      std::int64_t value = 0;
      const bool digits = !text.empty() && text.find_first_not_of("-0123456789") == absl::string_view::npos;
      if (!digits || !absl::SimpleAtoi(text, &value)) return Malformed(place, digits ? kOutOfRange : kWholeNumber);
      return PutInteger(place, value, message);
    }
  }
}

MaybeRefusal PutNumber(const Place& place, const json::value& value, pb::Message* message) {
  const bool wide = place.field->cpp_type() == Field::CPPTYPE_INT64 || place.field->cpp_type() == Field::CPPTYPE_UINT64;
  const bool as_string = wide && place.field->options().jstype() != pb::FieldOptions::JS_NUMBER;
  if (as_string && value.is_string()) return PutText(place, View(value.get_string()), message);
  if (value.is_int64()) return PutInteger(place, value.get_int64(), message);
  if (value.is_uint64()) return Malformed(place, kOutOfRange);
  if (!value.is_double()) return Malformed(place, kWholeNumber);
  const double number = value.get_double();
  if (std::abs(number) > kExactDoubleMax) return Malformed(place, kOutOfRange);
  if (std::trunc(number) != number) return Malformed(place, kWholeNumber);
  return PutInteger(place, static_cast<std::int64_t>(number), message);
}

MaybeRefusal ReadObject(const json::object& object, const std::string& prefix, pb::Message* message);

// One value: a singular field, or one item of a repeated one.
MaybeRefusal PutValue(const Place& place, const json::value& value, pb::Message* message) {
  switch (place.field->cpp_type()) {
    case Field::CPPTYPE_STRING:
    case Field::CPPTYPE_ENUM:
      if (!value.is_string()) return Malformed(place, place.field->cpp_type() == Field::CPPTYPE_ENUM ? kEnum : kString);
      return PutText(place, View(value.get_string()), message);
    case Field::CPPTYPE_BOOL:
      return value.is_bool() ? PutBool(place, value.get_bool(), message) : MaybeRefusal(Malformed(place, kBool));
    case Field::CPPTYPE_DOUBLE:
    case Field::CPPTYPE_FLOAT:
      return value.is_number() ? PutDouble(place, value.to_number<double>(), message) : MaybeRefusal(Malformed(place, kNumber));
    case Field::CPPTYPE_MESSAGE:
      if (IsTimestamp(place.field)) {
        return value.is_string() ? PutTime(place, View(value.get_string()), message) : MaybeRefusal(Malformed(place, kTime));
      }
      if (!value.is_object()) return Malformed(place, kObject);
      return ReadObject(value.get_object(), place.path + ".", SubMessage(place, message));
    default:
      return PutNumber(place, value, message);
  }
}

MaybeRefusal PutMap(const Place& place, const json::value& value, pb::Message* message) {
  if (!value.is_object()) return Malformed(place, kObject);
  const json::object& object = value.get_object();
  if (MaybeRefusal refusal = CheckLength(place, object.size(), MaxLength(place.field))) return refusal;
  for (const auto& item : object) {
    pb::Message* entry = SubMessage(place, message);
    const std::string path = absl::StrCat(place.path, ".", View(item.key()));
    if (MaybeRefusal refusal = PutText({place.field->message_type()->map_key(), path}, View(item.key()), entry)) return refusal;
    if (MaybeRefusal refusal = PutValue({place.field->message_type()->map_value(), path}, item.value(), entry)) return refusal;
  }
  return std::nullopt;
}

MaybeRefusal PutField(const Place& place, const json::value& value, pb::Message* message) {
  if (value.is_null()) return std::nullopt;
  if (place.field->is_map()) return PutMap(place, value, message);
  if (!place.field->is_repeated()) {
    const pb::OneofDescriptor* oneof = place.field->real_containing_oneof();
    if (oneof != nullptr && message->GetReflection()->HasOneof(*message, oneof)) return Malformed(place, kOneof);
    return PutValue(place, value, message);
  }
  if (!value.is_array()) return Malformed(place, kList);
  const json::array& items = value.get_array();
  if (MaybeRefusal refusal = CheckLength(place, items.size(), MaxLength(place.field))) return refusal;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (MaybeRefusal refusal = PutValue({place.field, absl::StrCat(place.path, "[", i, "]")}, items[i], message)) return refusal;
  }
  return std::nullopt;
}

MaybeRefusal ReadObject(const json::object& object, const std::string& prefix, pb::Message* message) {
  for (const auto& item : object) {
    const std::string name(item.key().data(), item.key().size());
    const Field* field = message->GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) return Refuse(v1::REASON_FIELD_UNKNOWN, {{"field", prefix + name}});
    if (MaybeRefusal refusal = PutField({field, prefix + name}, item.value(), message)) return refusal;
  }
  return std::nullopt;
}

MaybeRefusal CheckRequiredAt(const pb::Message& message, const std::string& prefix) {
  const pb::Reflection& ref = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const Field* field = message.GetDescriptor()->field(i);
    const bool present = field->is_repeated() ? ref.FieldSize(message, field) > 0 : ref.HasField(message, field);
    if (!present) {
      if (!field->options().GetExtension(v1::field).required()) continue;
      return Refuse(v1::REASON_FIELD_MISSING, {{"field", prefix + field->name()}});
    }
    if (field->cpp_type() != Field::CPPTYPE_MESSAGE || field->is_map()) continue;
    const int count = field->is_repeated() ? ref.FieldSize(message, field) : 1;
    for (int k = 0; k < count; ++k) {
      const pb::Message& inner = field->is_repeated() ? ref.GetRepeatedMessage(message, field, k) : ref.GetMessage(message, field);
      const std::string inner_prefix = absl::StrCat(prefix, field->name(), field->is_repeated() ? absl::StrCat("[", k, "].") : ".");
      if (MaybeRefusal refusal = CheckRequiredAt(inner, inner_prefix)) return refusal;
    }
  }
  return std::nullopt;
}

}  // namespace

MaybeRefusal ReadJson(const json::value& value, pb::Message* message) {
  if (!value.is_object()) return Refuse(v1::REASON_BODY_NOT_JSON, {{"offset", "0"}});
  return ReadObject(value.get_object(), "", message);
}

MaybeRefusal ReadText(absl::string_view path, absl::string_view text, pb::Message* message) {
  pb::Message* at = message;
  const std::vector<std::string> names = absl::StrSplit(path, '.');
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Field* field = at->GetDescriptor()->FindFieldByName(names[i]);
    const bool last = i + 1 == names.size();
    const bool leads_on = field != nullptr && field->cpp_type() == Field::CPPTYPE_MESSAGE && !field->is_repeated() && !IsTimestamp(field);
    if (field == nullptr || last == leads_on) {
      return Refuse(v1::REASON_FIELD_UNKNOWN, {{"field", std::string(path.substr(0, kFieldLengthDefault))}});
    }
    if (!last) {
      at = at->GetReflection()->MutableMessage(at, field);
      continue;
    }
    const Place place = {field, std::string(path)};
    const pb::Reflection& ref = *at->GetReflection();
    if (field->is_repeated()) {
      if (MaybeRefusal refusal = CheckLength(place, ref.FieldSize(*at, field) + 1, MaxLength(field))) return refusal;
    } else {
      const pb::OneofDescriptor* oneof = field->real_containing_oneof();
      if (ref.HasField(*at, field)) return Malformed(place, kTwice);
      if (oneof != nullptr && ref.HasOneof(*at, oneof)) return Malformed(place, kOneof);
    }
    return PutText(place, text, at);
  }
  return std::nullopt;
}

MaybeRefusal BindPathField(const Field* field, absl::string_view text, pb::Message* message) {
  const Place place = {field, field->name()};
  const pb::Reflection& ref = *message->GetReflection();
  if (!ref.HasField(*message, field)) return PutText(place, text, message);
  std::string former;
  if (field->cpp_type() != Field::CPPTYPE_STRING || ref.GetStringReference(*message, field, &former) != text)
    return Malformed(place, kPath);
  return std::nullopt;
}

MaybeRefusal CheckRequired(const pb::Message& message) { return CheckRequiredAt(message, ""); }

#undef FENFEN_PUT

}  // namespace fenfen::bridge
