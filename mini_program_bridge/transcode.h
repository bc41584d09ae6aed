// JSON and text ⇄ protobuf messages, by reflection, by this API's rules:
//   names as in the .proto; enums by name; Timestamps RFC 3339; bytes base64; int64 a JSON number where the field has jstype = JS_NUMBER,
//   else a string; on output, fields with default values are printed, unset messages and optionals are not; on input, unknown fields are
//   refused, null means absent, and the `field` option gives the reason for a malformed value, `required` and `max_length`.
//
// Invariant: what is accepted never differs from what was sent (no silent truncation, rounding or last-one-wins).
// Functions are pure and safe to call from any thread.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_TRANSCODE_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_TRANSCODE_H_

#include <google/protobuf/message.h>

#include <boost/json/value.hpp>
#include <string>
#include "absl/strings/string_view.h"

#include "mini_program_bridge/refusal.h"

namespace fenfen::bridge {

// Bytes of a string and items of a list where the `field` option says nothing.
inline constexpr int kFieldLengthDefault = 256;

// Reads a JSON object into the empty `*message`. Refusals: BODY_NOT_JSON (offset 0) where it is not an object, FIELD_UNKNOWN,
// FIELD_TOO_LONG, FIELD_MALFORMED or the field's own reason.
MaybeRefusal ReadJson(const boost::json::value& value, google::protobuf::Message* message);

// Sets the field at `path` (dots lead into messages) from the text of a query value. A repeated field is appended to; any other may be
// set once. Refusals as ReadJson.
MaybeRefusal ReadText(absl::string_view path, absl::string_view text, google::protobuf::Message* message);

// Sets a field from the address. The body may repeat the same value, but not contradict it.
MaybeRefusal BindPathField(const google::protobuf::FieldDescriptor* field, absl::string_view text, google::protobuf::Message* message);

// Refuses with FIELD_MISSING where a required field, here or in a message within, is absent or empty.
MaybeRefusal CheckRequired(const google::protobuf::Message& message);

// Appends `message` as a JSON object.
void WriteJson(const google::protobuf::Message& message, std::string* out);

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_TRANSCODE_H_
