// QR codes as PNG images, in memory.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_QR_IMAGE_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_QR_IMAGE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fenfen::bridge {

// A black-and-white PNG of `text` at error correction level M, eight pixels a module, with the quiet zone of four modules that the
// standard asks for (ISO/IEC 18004). Errors: InvalidArgument if the text does not fit a QR code; Internal. Thread-safe.
absl::StatusOr<std::string> QrPng(absl::string_view text);

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_QR_IMAGE_H_
