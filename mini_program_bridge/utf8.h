// Whether bytes are UTF-8 text, as protobuf strings must be. Overlong forms, surrogates and code points past U+10FFFF are not.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_UTF8_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_UTF8_H_

#include "absl/strings/string_view.h"

namespace fenfen::bridge {

// True if every byte of `text` belongs to a well-formed sequence (Unicode 15, table 3-7). Empty text is.
bool IsUtf8(absl::string_view text);

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_UTF8_H_
