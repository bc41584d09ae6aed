// Strict reading of a JSON body, and the little that is needed to write JSON.
//
// Stricter than RFC 8259 where a lenient reader would let two parties see two different requests: a key given twice is refused, as is
// anything after the value, NaN and Infinity, comments, and nesting deeper than kJsonDepthMax.
// Functions are pure and safe to call from any thread.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_JSON_BODY_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_JSON_BODY_H_

#include <boost/json/value.hpp>
#include <string>
#include "absl/strings/string_view.h"

#include "mini_program_bridge/refusal.h"

namespace fenfen::bridge {

// Objects and arrays within one another.
inline constexpr int kJsonDepthMax = 20;

// Parses `body` into `*value`. Refusals: BODY_NOT_JSON with the byte offset, FIELD_MALFORMED for a key given twice.
MaybeRefusal ParseJsonBody(absl::string_view body, boost::json::value* value);

// Appends `text` (valid UTF-8) as a JSON string with its quotes.
void AppendJsonString(absl::string_view text, std::string* out);

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_JSON_BODY_H_
