// The file that tells whoever started a program that it is serving, and where.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_READY_FILE_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_READY_FILE_H_

#include <string>

#include "absl/status/status.h"

namespace fenfen::bridge {

// Writes {"http":ADDRESS,"pid":N} to `path`, whole or not at all. Errors: Unavailable.
absl::Status WriteReadyFile(const std::string& path, const std::string& address);

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_READY_FILE_H_
