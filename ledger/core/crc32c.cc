#include "ledger/core/crc32c.h"

#include <isa-l.h>

namespace fenfen {

uint32_t Crc32c(absl::string_view bytes, uint32_t seed) {
  // ISA-L leaves the initial and final inversion to its caller, and takes a non-const pointer that it only reads.
  auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  return ~crc32_iscsi(data, static_cast<int>(bytes.size()), ~seed);
}

}  // namespace fenfen
