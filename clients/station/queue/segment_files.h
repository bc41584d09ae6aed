// The files of a queue's folder. Thread-safe: no state.
#ifndef FENFEN_CLIENTS_STATION_QUEUE_SEGMENT_FILES_H_
#define FENFEN_CLIENTS_STATION_QUEUE_SEGMENT_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fenfen::station {

// The first sequence numbers of a folder's segments, rising.
absl::StatusOr<std::vector<int64_t>> ListSegments(const std::string& folder);

// A segment's bytes.
absl::StatusOr<std::string> ReadSegment(const std::string& path);

// Makes the names in a folder durable.
absl::Status SyncFolder(const std::string& folder);

}  // namespace fenfen::station

#endif  // FENFEN_CLIENTS_STATION_QUEUE_SEGMENT_FILES_H_
