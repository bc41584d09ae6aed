// The form of a journal segment: encoding, and decoding of single parts. docs/formats/journal.md describes it; on disk, do not change.
//
//   segment = header (512 bytes), groups, zeros to the segment's size
//   group   = group header (32 bytes), records, trailer (8 bytes)
//   record  = record header (32 bytes), transaction bytes, zeros to a multiple of 8
//
// A segment is filled with zeros before its first use, and a group is one write followed by one fdatasync. So after a crash only the last
// group can be there in part, and what is missing of it is whole sectors of zeros. Every checksum ends with the journal's id, the segment's
// number and the offset, so bytes that strayed from elsewhere never pass.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ledger/core/ids.h"
#include "ledger/journal/journal.h"

namespace fenfen::segment {

inline constexpr size_t kSectorBytes = 512;  // what a disk writes whole or not at all
inline constexpr size_t kHeaderBytes = 512;
inline constexpr size_t kGroupHeaderBytes = 32;
inline constexpr size_t kGroupTrailerBytes = 8;
inline constexpr size_t kRecordHeaderBytes = 32;

// What a segment file says of itself.
struct Header {
  uint64_t journal_id = 0;  // random, one for all segments of a journal; never 0
  uint32_t number = 0;      // 1, 2, 3…
  uint32_t bytes = 0;       // the file's whole size, a multiple of 512

  friend constexpr bool operator==(const Header&, const Header&) = default;
};
std::string EncodeHeader(const Header& header);
// nullopt for anything that EncodeHeader does not write.
std::optional<Header> DecodeHeader(absl::string_view bytes);

// "00000001.seg", and back; nullopt for other names. The other endings are those of the files made from a full segment: its index and its
// compressed form.
inline constexpr char kEnding[] = ".seg";
inline constexpr char kIndexEnding[] = ".idx";
inline constexpr char kCompressedEnding[] = ".seg.zst";
std::string FileName(uint32_t number, absl::string_view ending = kEnding);
std::optional<uint32_t> NumberOf(absl::string_view file_name, absl::string_view ending = kEnding);

// The checksum of `bytes` in their place.
uint32_t PlacedCrc(const Header& segment, uint64_t offset, absl::string_view bytes);

// Where the first group at or after `offset` begins: `offset`, unless a group header there would lie across two sectors.
constexpr uint64_t GroupStart(uint64_t offset) {
  const uint64_t left = kSectorBytes - offset % kSectorBytes;
  return left < kGroupHeaderBytes ? offset + left : offset;
}
// A record's size with its header and padding.
constexpr size_t RecordBytes(size_t transaction_bytes) { return (kRecordHeaderBytes + transaction_bytes + 7) / 8 * 8; }

// How many sectors, each as far as it lies within `bytes` at `offset`, hold zeros alone.
uint32_t ZeroSectors(uint64_t offset, absl::string_view bytes);
bool AllZero(absl::string_view bytes);

// What a group header says.
struct GroupHeader {
  uint64_t number = 0;        // 1, 2, 3… over the whole journal
  uint32_t bytes = 0;         // the group's, with header and trailer
  uint32_t records = 0;       // at least 1
  uint32_t zero_sectors = 0;  // ZeroSectors as written, so that a sector that was never written is told from one that is zero by nature
};
// `bytes` begin with the header, at `offset`. nullopt where the checksum or a value does not hold.
std::optional<GroupHeader> DecodeGroupHeader(const Header& segment, uint64_t offset, absl::string_view bytes);

// A record in place. `bytes` is good while the buffer it was decoded from is.
struct Record {
  PartitionId partition;
  PartitionSeq seq;
  absl::Time record_time;
  absl::string_view bytes;      // EncodeTransaction's
  uint64_t offset = 0;          // of the record header, in the segment
  uint32_t group_distance = 0;  // back to its group's header, in bytes
  uint32_t crc32c = 0;
};
// `bytes` begin with the record, at `offset`, and may go on beyond it. nullopt where the checksum or a value does not hold.
std::optional<Record> DecodeRecord(const Header& segment, uint64_t offset, absl::string_view bytes);

// The whole record's size, where its header's values are possible at all: a cheap look before the checksum.
std::optional<uint64_t> PlausibleRecordBytes(absl::string_view bytes);

// The trailer of group `number`: its complement, so never zero.
constexpr uint64_t Trailer(uint64_t number) { return ~number; }

// Builds one group in a buffer that is used again for the next. Not thread-safe.
class GroupBuilder {
 public:
  // Begins group `number` at `offset`, which is a GroupStart.
  void Begin(const Header& segment, uint64_t offset, uint64_t number);
  // Adds a record and returns its offset in the segment.
  uint64_t Add(const JournalEntry& entry);
  // Completes the group and returns its bytes, good until Begin.
  absl::string_view Finish();
  // The group's size if it were finished now.
  size_t bytes() const { return buffer_.size() + kGroupTrailerBytes; }
  uint32_t records() const { return records_; }

 private:
  Header segment_;
  uint64_t offset_ = 0;
  uint64_t number_ = 0;
  uint32_t records_ = 0;
  std::string buffer_;
};

}  // namespace fenfen::segment
