// CRC32C (Castagnoli, RFC 3720 §12.1), by ISA-L's vectorised code.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace fenfen {

// The checksum of `bytes`, continuing from `seed`, the checksum of what stood before; 0 to begin.
uint32_t Crc32c(absl::string_view bytes, uint32_t seed = 0);

}  // namespace fenfen
