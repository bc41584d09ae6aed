// The events of a device that the server refused for good, one JSON object a line (here on two), synced before the queue moves past them:
//
//   {"time":"…","sequence":7,"household":1,"category":"CATEGORY_FOOD","grams":90000,"event_time":"…","reason":"WEIGHT_TOO_LARGE",
//    "detail":"…"}
//
// After a power cut the last lines may come twice, since the watermark is not synced. Not thread-safe.
#ifndef FENFEN_CLIENTS_STATION_UPLOAD_REJECTED_LOG_H_
#define FENFEN_CLIENTS_STATION_UPLOAD_REJECTED_LOG_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fenfen/v1/station.pb.h"

namespace fenfen::station {

// Gathers the refused events of one batch and writes them together.
class RejectedLog {
 public:
  explicit RejectedLog(std::string path) : path_(std::move(path)) {}

  void Add(const v1::DeviceDrop& drop, absl::string_view reason, absl::string_view detail, absl::Time now);
  // Appends and syncs what was added; nothing to do without any.
  absl::Status Flush();

 private:
  const std::string path_;
  std::string lines_;
};

// How many events a device's log holds.
int64_t CountRejected(const std::string& path);

}  // namespace fenfen::station

#endif  // FENFEN_CLIENTS_STATION_UPLOAD_REJECTED_LOG_H_
