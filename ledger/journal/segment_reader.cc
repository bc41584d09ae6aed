#include "ledger/journal/segment_reader.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "ledger/core/bytes.h"

namespace fenfen {
namespace {

constexpr char kPayloadUrl[] = "fenfen/journal-damage";
constexpr size_t kWindowBytes = 1u << 20;

}  // namespace

absl::Status DamageError(const Damage& damage) {
  absl::Status status = absl::DataLossError(absl::StrCat(damage.path, ": damaged at byte ", damage.offset, ": ", damage.what));
  std::string payload;
  ByteWriter w(payload);
  w.Bytes(damage.path);
  w.U64(damage.offset);
  w.Bytes(damage.what);
  status.SetPayload(kPayloadUrl, absl::Cord(payload));
  return status;
}

std::optional<Damage> DamageOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  if (!payload) return std::nullopt;
  const std::string bytes(*payload);
  ByteReader in(bytes);
  Damage damage;
  damage.path = std::string(in.Bytes());
  damage.offset = in.U64();
  damage.what = std::string(in.Bytes());
  return damage;
}

absl::StatusOr<std::unique_ptr<SegmentReader>> SegmentReader::Open(std::unique_ptr<File> file, std::string path, uint32_t number) {
  std::string bytes(segment::kHeaderBytes, '\0');
  const absl::StatusOr<size_t> got = file->ReadAt(0, bytes.data(), bytes.size());
  if (!got.ok()) return got.status();
  const std::optional<segment::Header> header = segment::DecodeHeader(bytes);
  if (*got < bytes.size() || !header) return DamageError({path, 0, "the segment header does not hold"});
  if (header->number != number) return DamageError({path, 0, absl::StrCat("this is segment ", header->number, ", not ", number)});
  return std::unique_ptr<SegmentReader>(new SegmentReader(std::move(file), std::move(path), *header));
}

SegmentReader::SegmentReader(std::unique_ptr<File> file, std::string path, segment::Header header)
    : file_(std::move(file)), path_(std::move(path)), header_(header), file_end_(header.bytes) {}

absl::Status SegmentReader::DamageAt(uint64_t offset, absl::string_view what) const {
  return DamageError({path_, offset, std::string(what)});
}

absl::StatusOr<absl::string_view> SegmentReader::Bytes(uint64_t offset, size_t size) {
  size = std::min<uint64_t>(size, header_.bytes - offset);
  if (offset < window_offset_ || offset + size > window_offset_ + window_.size()) {
    const size_t want = std::min<uint64_t>(std::max(size, kWindowBytes), header_.bytes - offset);
    window_.resize(want);
    window_offset_ = offset;
    const absl::StatusOr<size_t> got = file_->ReadAt(offset, window_.data(), want);
    if (!got.ok()) {
      window_.clear();
      return got.status();
    }
    if (*got < want) {
      truncated_ = true;
      file_end_ = std::min(file_end_, offset + *got);
      std::memset(window_.data() + *got, 0, want - *got);
    }
  }
  return absl::string_view(window_).substr(offset - window_offset_);
}

absl::StatusOr<const Group*> SegmentReader::Next(uint64_t expected) {
  const uint64_t offset = segment::GroupStart(end_);
  if (offset >= header_.bytes) return nullptr;
  absl::StatusOr<absl::string_view> bytes = Bytes(offset, segment::kGroupHeaderBytes);
  if (!bytes.ok()) return bytes.status();
  // The common case is a valid header in the window. All else is judged by what the file holds now: it may be growing.
  if (!segment::DecodeGroupHeader(header_, offset, *bytes)) window_.clear();
  unfinished_ = false;
  absl::StatusOr<const Group*> group = JudgeAt(offset, expected);
  // A group that was read while it was being written may be whole by the next look.
  if (!group.ok()) window_.clear();
  return group;
}

absl::StatusOr<const Group*> SegmentReader::JudgeAt(uint64_t offset, uint64_t expected) {
  const absl::StatusOr<absl::string_view> gap = Bytes(end_, offset - end_);
  if (!gap.ok()) return gap.status();
  if (!segment::AllZero(gap->substr(0, offset - end_))) return DamageAt(end_, "bytes between two groups");
  const absl::StatusOr<absl::string_view> start = Bytes(offset, segment::kGroupHeaderBytes);
  if (!start.ok()) return start.status();
  if (segment::AllZero(start->substr(0, segment::kGroupHeaderBytes))) return JudgeHeaderless(offset);
  const std::optional<segment::GroupHeader> group = segment::DecodeGroupHeader(header_, offset, *start);
  if (!group && offset + segment::kGroupHeaderBytes > file_end_) {
    unfinished_ = true;
    return nullptr;
  }
  // A header lies within one sector, so a torn write leaves all of it or nothing.
  if (!group) return DamageAt(offset, "a group's header does not hold");
  if (group->number != expected) return DamageAt(offset, absl::StrCat("group ", group->number, " where ", expected, " follows"));
  const absl::StatusOr<absl::string_view> body = Bytes(offset, group->bytes);
  if (!body.ok()) return body.status();
  const std::optional<uint64_t> broken = ParseGroup(*group, offset, body->substr(0, group->bytes));
  if (broken) return JudgeBroken(*group, offset, *broken);
  end_ = offset + group->bytes;
  return &group_;
}

std::optional<uint64_t> SegmentReader::ParseGroup(const segment::GroupHeader& group, uint64_t offset, absl::string_view body) {
  group_.number = group.number;
  group_.offset = offset;
  group_.bytes = group.bytes;
  group_.records.clear();
  const size_t records_end = body.size() - segment::kGroupTrailerBytes;
  size_t at = segment::kGroupHeaderBytes;
  for (uint32_t n = 0; n < group.records; ++n) {
    const std::optional<segment::Record> record = segment::DecodeRecord(header_, offset + at, body.substr(at, records_end - at));
    if (!record || record->group_distance != at) return offset + at;
    group_.records.push_back(*record);
    at += segment::RecordBytes(record->bytes.size());
  }
  uint64_t trailer = 0;
  std::memcpy(&trailer, body.data() + records_end, sizeof trailer);
  if (at != records_end || trailer != segment::Trailer(group.number)) return offset + at;
  return std::nullopt;
}

// The group's header is there, but not all of its records.
absl::StatusOr<const Group*> SegmentReader::JudgeBroken(const segment::GroupHeader& group, uint64_t offset, uint64_t broken) {
  const absl::StatusOr<absl::string_view> body = Bytes(offset, group.bytes);
  if (!body.ok()) return body.status();
  const bool sector_missing = segment::ZeroSectors(offset, body->substr(0, group.bytes)) > group.zero_sectors;
  if (!sector_missing && offset + group.bytes <= file_end_) return DamageAt(broken, "a record's checksum does not hold");
  // One group is written at a time, so behind an unfinished one there is nothing yet.
  const absl::StatusOr<bool> nothing_behind = ZeroFrom(offset + group.bytes);
  if (!nothing_behind.ok()) return nothing_behind.status();
  if (!*nothing_behind) return DamageAt(broken, "a record is missing, and others follow it");
  unfinished_ = true;
  return nullptr;
}

// Zeros where the next group's header would be: the end, or a group whose first sector was never written.
absl::StatusOr<const Group*> SegmentReader::JudgeHeaderless(uint64_t offset) {
  const absl::StatusOr<bool> nothing = ZeroFrom(offset);
  if (!nothing.ok()) return nothing.status();
  if (*nothing) return nullptr;
  const uint64_t sector_end = std::min<uint64_t>(offset + segment::kSectorBytes - offset % segment::kSectorBytes, header_.bytes);
  const absl::StatusOr<absl::string_view> sector = Bytes(offset, sector_end - offset);
  if (!sector.ok()) return sector.status();
  if (!segment::AllZero(sector->substr(0, sector_end - offset))) return DamageAt(offset, "a group's header is missing within a sector");
  // What was written behind the missing sector belongs to the same group, or else a group that was acknowledged is gone.
  for (uint64_t at = sector_end; at < header_.bytes; at += 8) {
    const absl::StatusOr<absl::string_view> bytes = Bytes(at, segment::kRecordHeaderBytes);
    if (!bytes.ok()) return bytes.status();
    if (segment::DecodeGroupHeader(header_, at, *bytes))
      return DamageAt(offset, absl::StrCat("a group is missing, and one follows at ", at));
    const std::optional<uint64_t> size = segment::PlausibleRecordBytes(*bytes);
    if (!size || *size > header_.bytes - at) continue;
    const absl::StatusOr<absl::string_view> whole = Bytes(at, *size);
    if (!whole.ok()) return whole.status();
    const std::optional<segment::Record> record = segment::DecodeRecord(header_, at, *whole);
    if (record && at - record->group_distance != offset) {
      return DamageAt(offset, absl::StrCat("a group is missing, and a record of a later one follows at ", at));
    }
  }
  unfinished_ = true;
  return nullptr;
}

absl::StatusOr<bool> SegmentReader::ZeroFrom(uint64_t offset) {
  while (offset < header_.bytes) {
    const absl::StatusOr<absl::string_view> bytes = Bytes(offset, 1);
    if (!bytes.ok()) return bytes.status();
    if (!segment::AllZero(*bytes)) return false;
    offset += bytes->size();
  }
  return true;
}

}  // namespace fenfen
