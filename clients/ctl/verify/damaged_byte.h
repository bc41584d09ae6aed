// Finds the very byte that is wrong. A checksum says that a record does not hold; where a single byte of it was changed, the checksum also
// says which: CRC32C is linear, so the difference between what is stored and what is computed is the change, carried to the end.
#pragma once

#include <cstdint>
#include <optional>

#include "ledger/journal/file.h"
#include "ledger/journal/segment_reader.h"

namespace fenfen::ctl {

// The offset in the file of the one byte that explains the damage; nullopt where more than one was changed or the file cannot be read.
std::optional<uint64_t> FindDamagedByte(FileSystem& files, const Damage& damage);

}  // namespace fenfen::ctl
