#include "clients/station/queue/format.h"

#include <isa-l.h>
#include <openssl/sha.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace fenfen::station {

namespace {

constexpr absl::string_view kMagic = "FQ01";

void PutLittleEndian(std::string* bytes, uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes->push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t GetLittleEndian(absl::string_view bytes, size_t offset, int size) {
  uint64_t value = 0;
  for (int i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[offset + static_cast<size_t>(i)]);
  return value;
}

// Whether any record starts behind `offset`. Batches begin with their device's name (field 1), which keeps the search short.
bool RecordFollows(absl::string_view bytes, size_t offset) {
  constexpr char kDeviceField = 0x0a;
  for (size_t at = offset; at + kRecordHeaderBytes < bytes.size(); ++at) {
    size_t used = 0;
    if (bytes[at + kRecordHeaderBytes] == kDeviceField && DecodeRecord(bytes.substr(at), &used).ok()) return true;
  }
  return false;
}

}  // namespace

uint32_t Crc32c(absl::string_view bytes) {
  // ISA-L leaves both inversions to its caller, and takes a pointer that it only reads as not const.
  auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  return ~crc32_iscsi(data, static_cast<int>(bytes.size()), ~0u);
}

std::string Sha256(absl::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string SegmentName(int64_t first_sequence) { return absl::StrFormat("%020d.seg", first_sequence); }

int64_t SegmentFirst(absl::string_view name) {
  int64_t first = 0;
  if (name.size() != 24 || !absl::ConsumeSuffix(&name, ".seg") || !absl::SimpleAtoi(name, &first) || first < 1) return 0;
  return first;
}

std::string EncodeHeader(const SegmentHeader& header) {
  std::string bytes(kMagic);
  PutLittleEndian(&bytes, static_cast<uint64_t>(header.first_sequence), 8);
  bytes += header.previous_sha256;
  PutLittleEndian(&bytes, Crc32c(bytes), 4);
  return bytes;
}

absl::StatusOr<SegmentHeader> DecodeHeader(absl::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes || !absl::StartsWith(bytes, kMagic) ||
      GetLittleEndian(bytes, 44, 4) != Crc32c(bytes.substr(0, 44))) {
    return absl::DataLossError("not the header of a queue segment");
  }
  return SegmentHeader{static_cast<int64_t>(GetLittleEndian(bytes, 4, 8)), std::string(bytes.substr(12, 32))};
}

std::string EncodeRecord(absl::string_view payload) {
  std::string bytes;
  bytes.reserve(kRecordHeaderBytes + payload.size());
  PutLittleEndian(&bytes, payload.size(), 4);
  PutLittleEndian(&bytes, Crc32c(payload), 4);
  absl::StrAppend(&bytes, payload);
  return bytes;
}

absl::StatusOr<absl::string_view> DecodeRecord(absl::string_view bytes, size_t* bytes_used) {
  if (bytes.size() < kRecordHeaderBytes) return absl::OutOfRangeError("the record ends in its header");
  const size_t size = GetLittleEndian(bytes, 0, 4);
  if (size == 0 || size > kRecordBytesMax) return absl::DataLossError(absl::StrCat("a record of ", size, " bytes"));
  if (bytes.size() - kRecordHeaderBytes < size) return absl::OutOfRangeError("the record is cut short");
  const absl::string_view payload = bytes.substr(kRecordHeaderBytes, size);
  if (Crc32c(payload) != GetLittleEndian(bytes, 4, 4)) return absl::DataLossError("a record's checksum does not fit");
  *bytes_used = kRecordHeaderBytes + size;
  return payload;
}

absl::StatusOr<SegmentScan> ScanSegment(absl::string_view bytes) {
  const absl::StatusOr<SegmentHeader> header = DecodeHeader(bytes);
  if (!header.ok()) return header.status();
  SegmentScan scan;
  scan.valid_bytes = kSegmentHeaderBytes;
  while (scan.valid_bytes < bytes.size()) {
    size_t used = 0;
    const absl::StatusOr<absl::string_view> payload = DecodeRecord(bytes.substr(scan.valid_bytes), &used);
    if (!payload.ok()) {
      if (!RecordFollows(bytes, scan.valid_bytes + 1)) return scan;
      return absl::DataLossError(
          absl::StrCat("offset ", scan.valid_bytes, ": ", payload.status().message(), ", and valid records follow it"));
    }
    scan.payloads.push_back(*payload);
    scan.valid_bytes += used;
  }
  return scan;
}

}  // namespace fenfen::station
