// Processes of our own that a benchmark starts: this program with a hidden command, and what a program says in its ready file.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/ctl/demo/services.h"

namespace fenfen::bench {

// This program's path.
std::string OwnProgram();

// This program with `fenfenctl bench COMMAND ARGUMENTS… --ready-file FOLDER/COMMAND.ready`, logging to FOLDER/COMMAND.log.
ctl::Service OwnService(const std::string& folder, const std::string& command, const std::vector<std::string>& arguments);

// A field of a ready file, such as "grpc".
absl::StatusOr<std::string> ReadyField(const std::string& path, const char* field);
// Writes a ready file of one field, as a whole.
absl::Status WriteReadyFile(const std::string& path, const char* field, const std::string& value);

// Runs `fenfenctl bench COMMAND ARGUMENTS…` to its end, and returns what it printed. An error with its log's end where it failed.
absl::StatusOr<std::string> RunOwn(const std::string& folder, const std::string& command, const std::vector<std::string>& arguments);

}  // namespace fenfen::bench
