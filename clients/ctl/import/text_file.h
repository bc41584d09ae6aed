// Text files as Excel and its users in China save them: UTF-8 with or without a byte order mark, or GB18030 ("ANSI" on a Chinese Windows).
//
// The text that comes out is valid UTF-8 without a mark. Detection is by validity: what is valid UTF-8 is UTF-8, anything else must be
// valid GB18030. One exception: some Chinese words in GB18030 (the best known is 联通) happen to be valid UTF-8 of two-byte characters,
// while Chinese in real UTF-8 has three bytes a character; so UTF-8 without a three-byte character is taken for GB18030 if it can be.
// Thread-safe: no state.
#ifndef FENFEN_CLIENTS_CTL_IMPORT_TEXT_FILE_H_
#define FENFEN_CLIENTS_CTL_IMPORT_TEXT_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fenfen::ctl {

// The largest file that is read, in bytes.
inline constexpr size_t kTextFileBytesMax = 64u << 20;

// What a file's bytes are.
enum class Encoding { kDetect, kUtf8, kGb18030 };

// A file's bytes, unchanged. NotFound, PermissionDenied, InvalidArgument (too large, or not a regular file).
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

// The text of some bytes. InvalidArgument, naming the line and the byte in Chinese and English, where they are neither encoding, are
// UTF-16 (Excel's "Unicode text"), or hold a NUL.
absl::StatusOr<std::string> DecodeText(absl::string_view bytes, Encoding encoding);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_IMPORT_TEXT_FILE_H_
