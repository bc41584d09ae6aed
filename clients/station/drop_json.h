// One drop as a line of JSON, as `fenfen-station enqueue` reads it:
//
//   {"device":"d1","household":10000001,"member":1,"category":"FOOD","grams":850,"time":"2026-01-01T07:30:00+08:00"}
//
// `device` is needed in a fleet alone;`member`, `grams` and `time` may be absent (not known, not weighed, now). What the drop means is for
// the server to judge; here only its form is. Thread-safe: no state.
#ifndef FENFEN_CLIENTS_STATION_DROP_JSON_H_
#define FENFEN_CLIENTS_STATION_DROP_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fenfen/v1/station.pb.h"

namespace fenfen::station {

// The longest line, in bytes.
inline constexpr size_t kDropLineBytesMax = 4096;

// A drop and whose it is.
struct ParsedDrop {
  std::string device;  // the id alone; empty if the line has none
  v1::DeviceDrop drop;
};

// Reads a line. InvalidArgument naming the member at fault in Chinese and English.
absl::StatusOr<ParsedDrop> ParseDropLine(absl::string_view line, absl::Time now);

// The category of a word: FOOD, CATEGORY_FOOD, 厨余 and so on; CATEGORY_UNSPECIFIED for another.
v1::Category CategoryOf(absl::string_view word);

}  // namespace fenfen::station

#endif  // FENFEN_CLIENTS_STATION_DROP_JSON_H_
