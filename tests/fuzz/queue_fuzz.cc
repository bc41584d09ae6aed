// Fuzzes the station agent's queue and its input: any bytes as a segment, and as a line of JSON. A scan ends within the bytes, and what it
// takes for records is what encoding them again gives.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "clients/station/drop_json.h"
#include "clients/station/queue/format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  // A checksum is not guessed: the header is made to fit, and so is the first record.
  std::string segment = fenfen::station::EncodeHeader({1, std::string(32, '\0')});
  if (!bytes.empty() && bytes.size() <= fenfen::station::kRecordBytesMax) segment += fenfen::station::EncodeRecord(bytes);
  segment.append(bytes.data(), bytes.size());
  const auto scan = fenfen::station::ScanSegment(segment);
  if (scan.ok()) {
    std::string again = segment.substr(0, fenfen::station::kSegmentHeaderBytes);
    for (const absl::string_view payload : scan->payloads) again += fenfen::station::EncodeRecord(payload);
    if (again != segment.substr(0, scan->valid_bytes)) std::abort();
  }
  (void)fenfen::station::ScanSegment(bytes).ok();
  const auto drop = fenfen::station::ParseDropLine(bytes, absl::UnixEpoch());
  if (drop.ok() && drop->drop.household() < 1) std::abort();
  return 0;
}
