// The queue of a device, on disk; do not renumber. A queue is a folder of segments named `FIRST.seg`, FIRST being the sequence number (20
// digits) of its first event. Integers are little-endian.
//
//   segment = header record*
//   header  = "FQ01" | u64 first sequence | 32 bytes previous | u32 CRC32C of the 44 bytes before
//   record  = u32 size | u32 CRC32C of the payload | payload
//   payload = a serialised fenfen.v1.DeviceBatch, 1 to kRecordBytesMax bytes
//
// `previous` is the SHA-256 of the last payload before the segment, 32 zero bytes if there is none. Each batch in turn names the SHA-256 of
// the payload before it, so the queue is a hash chain, and what is stored is byte for byte what is signed and sent: sending a batch again
// after any interruption sends the same bytes.
//
// A queue's end may be torn by a crash in the middle of a write; then nothing valid follows. A damaged record with a valid one behind it is
// no torn end, and the queue is refused. Thread-safe: pure functions.
#ifndef FENFEN_CLIENTS_STATION_QUEUE_FORMAT_H_
#define FENFEN_CLIENTS_STATION_QUEUE_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fenfen::station {

inline constexpr size_t kSegmentHeaderBytes = 48;
inline constexpr size_t kRecordHeaderBytes = 8;
// The server takes batches of up to 256 KiB.
inline constexpr size_t kRecordBytesMax = 200 << 10;

// What a segment's header says.
struct SegmentHeader {
  int64_t first_sequence = 1;
  std::string previous_sha256;  // 32 bytes
};

uint32_t Crc32c(absl::string_view bytes);
std::string Sha256(absl::string_view bytes);

// The name of the segment starting with an event; and the event of a name, 0 if it is none.
std::string SegmentName(int64_t first_sequence);
int64_t SegmentFirst(absl::string_view name);

std::string EncodeHeader(const SegmentHeader& header);
// DataLoss if the 48 bytes are not a header.
absl::StatusOr<SegmentHeader> DecodeHeader(absl::string_view bytes);

std::string EncodeRecord(absl::string_view payload);
// Takes the record at the front; its size with header in `bytes_used`. OutOfRange if the bytes end before the record does, DataLoss if they
// are no record.
absl::StatusOr<absl::string_view> DecodeRecord(absl::string_view bytes, size_t* bytes_used);

// The payloads of a segment's records up to its valid end.
struct SegmentScan {
  std::vector<absl::string_view> payloads;
  size_t valid_bytes = 0;  // header and records; what is behind is a torn end
};

// Reads a whole segment. DataLoss, naming the offset, if its header or a record before its end is damaged.
absl::StatusOr<SegmentScan> ScanSegment(absl::string_view bytes);

}  // namespace fenfen::station

#endif  // FENFEN_CLIENTS_STATION_QUEUE_FORMAT_H_
