// How far a queue has been answered, kept in `acked` beside its segments; on disk, do not renumber:
//
//   acked = slot slot        slot = u64 sequence | u32 CRC32C of it, little-endian
//
// The two slots are written in turn, so that a torn write leaves the other. It is not synced: a mark that a power cut takes back only makes
// batches go out again, and the server answers those as before. Not thread-safe.
#ifndef FENFEN_CLIENTS_STATION_QUEUE_WATERMARK_H_
#define FENFEN_CLIENTS_STATION_QUEUE_WATERMARK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace fenfen::station {

// The highest valid mark of a queue's folder; 0 if there is none.
int64_t ReadWatermark(const std::string& folder);

// Moves the mark.
absl::Status WriteWatermark(const std::string& folder, int64_t sequence);

}  // namespace fenfen::station

#endif  // FENFEN_CLIENTS_STATION_QUEUE_WATERMARK_H_
