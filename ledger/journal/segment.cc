#include "ledger/journal/segment.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/core/check.h"
#include "ledger/core/crc32c.h"
#include "ledger/core/limits.h"
#include "ledger/journal/stored_integers.h"

namespace fenfen::segment {
namespace {

// On disk, do not change.
constexpr char kMagic[] = "FENFENJ1";         // the last character is the format's version
constexpr uint32_t kGroupMagic = 0x50524746;  // "FGRP"
constexpr size_t kHeaderCrcOffset = kHeaderBytes - 4;
constexpr int kFileNameDigits = 8;

}  // namespace

uint32_t PlacedCrc(const Header& segment, uint64_t offset, absl::string_view bytes) {
  char place[24];
  PutStored<uint64_t>(place, segment.journal_id);
  PutStored<uint64_t>(place + 8, segment.number);
  PutStored<uint64_t>(place + 16, offset);
  return Crc32c(absl::string_view(place, sizeof place), Crc32c(bytes));
}

std::string EncodeHeader(const Header& header) {
  std::string out(kHeaderBytes, '\0');
  std::memcpy(out.data(), kMagic, 8);
  PutStored<uint64_t>(out.data() + 8, header.journal_id);
  PutStored<uint32_t>(out.data() + 16, header.number);
  PutStored<uint32_t>(out.data() + 20, header.bytes);
  PutStored<uint32_t>(out.data() + kHeaderCrcOffset, Crc32c(absl::string_view(out).substr(0, kHeaderCrcOffset)));
  return out;
}

std::optional<Header> DecodeHeader(absl::string_view bytes) {
  if (bytes.size() != kHeaderBytes) return std::nullopt;
  const Header header{GetStored<uint64_t>(bytes, 8), GetStored<uint32_t>(bytes, 16), GetStored<uint32_t>(bytes, 20)};
  if (header.journal_id == 0 || header.number == 0 || header.bytes % kSectorBytes != 0 || header.bytes <= kHeaderBytes) return std::nullopt;
  if (EncodeHeader(header) != bytes) return std::nullopt;
  return header;
}

std::string FileName(uint32_t number, absl::string_view ending) {
  std::string digits = absl::StrCat(number);
  return absl::StrCat(std::string(kFileNameDigits - std::min<size_t>(digits.size(), kFileNameDigits), '0'), digits, ending);
}

std::optional<uint32_t> NumberOf(absl::string_view file_name, absl::string_view ending) {
  uint32_t number = 0;
  if (!absl::SimpleAtoi(absl::StripSuffix(file_name, ending), &number) || number == 0) return std::nullopt;
  if (FileName(number, ending) != file_name) return std::nullopt;
  return number;
}

bool AllZero(absl::string_view bytes) {
  // Each byte equals the one after it, and the first is zero: the C library compares faster than a loop of ours.
  return bytes.empty() || (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

uint32_t ZeroSectors(uint64_t offset, absl::string_view bytes) {
  uint32_t count = 0;
  while (!bytes.empty()) {
    const size_t within = std::min<size_t>(bytes.size(), kSectorBytes - offset % kSectorBytes);
    if (AllZero(bytes.substr(0, within))) ++count;
    bytes.remove_prefix(within);
    offset += within;
  }
  return count;
}

// Group header: 0 magic u32 · 4 crc u32 · 8 number u64 · 16 bytes u32 · 20 records u32 · 24 zero sectors u32 · 28 zero u32.
std::optional<GroupHeader> DecodeGroupHeader(const Header& segment, uint64_t offset, absl::string_view bytes) {
  if (bytes.size() < kGroupHeaderBytes || GetStored<uint32_t>(bytes, 0) != kGroupMagic) return std::nullopt;
  if (GetStored<uint32_t>(bytes, 4) != PlacedCrc(segment, offset, bytes.substr(8, kGroupHeaderBytes - 8))) return std::nullopt;
  const GroupHeader header{GetStored<uint64_t>(bytes, 8), GetStored<uint32_t>(bytes, 16), GetStored<uint32_t>(bytes, 20),
                           GetStored<uint32_t>(bytes, 24)};
  const bool whole = header.bytes % 8 == 0 && header.bytes >= kGroupHeaderBytes + kRecordHeaderBytes + kGroupTrailerBytes;
  if (!whole || header.records == 0 || offset + header.bytes > segment.bytes || GetStored<uint32_t>(bytes, 28) != 0) return std::nullopt;
  return header;
}

// Record header: 0 crc u32 · 4 size u32 · 8 partition u16 · 10 zero u16 · 12 group distance u32 · 16 sequence u64 · 24 record time i64 µs.
std::optional<uint64_t> PlausibleRecordBytes(absl::string_view bytes) {
  if (bytes.size() < kRecordHeaderBytes) return std::nullopt;
  const uint32_t size = GetStored<uint32_t>(bytes, 4);
  const uint32_t distance = GetStored<uint32_t>(bytes, 12);
  if (size > limits::kTransactionBytesMax || GetStored<uint16_t>(bytes, 8) >= kPartitions || GetStored<uint64_t>(bytes, 16) == 0)
    return std::nullopt;
  if (GetStored<uint16_t>(bytes, 10) != 0 || distance < kGroupHeaderBytes || distance % 8 != 0) return std::nullopt;
  return RecordBytes(size);
}

std::optional<Record> DecodeRecord(const Header& segment, uint64_t offset, absl::string_view bytes) {
  const std::optional<uint64_t> whole = PlausibleRecordBytes(bytes);
  if (!whole || *whole > bytes.size()) return std::nullopt;
  const uint32_t crc = GetStored<uint32_t>(bytes, 0);
  const uint32_t distance = GetStored<uint32_t>(bytes, 12);
  if (distance > offset || crc != PlacedCrc(segment, offset, bytes.substr(4, *whole - 4))) return std::nullopt;
  return Record{PartitionId(GetStored<uint16_t>(bytes, 8)),
                PartitionSeq(GetStored<uint64_t>(bytes, 16)),
                absl::FromUnixMicros(GetStored<int64_t>(bytes, 24)),
                bytes.substr(kRecordHeaderBytes, GetStored<uint32_t>(bytes, 4)),
                offset,
                distance,
                crc};
}

void GroupBuilder::Begin(const Header& segment, uint64_t offset, uint64_t number) {
  FENFEN_CHECK(GroupStart(offset) == offset);
  segment_ = segment;
  offset_ = offset;
  number_ = number;
  records_ = 0;
  buffer_.assign(kGroupHeaderBytes, '\0');
}

uint64_t GroupBuilder::Add(const JournalEntry& entry) {
  const size_t begin = buffer_.size();
  const size_t size = RecordBytes(entry.bytes.size());
  buffer_.resize(begin + size);  // zero-filled
  char* const at = buffer_.data() + begin;
  PutStored<uint32_t>(at + 4, static_cast<uint32_t>(entry.bytes.size()));
  PutStored<uint16_t>(at + 8, entry.partition.value());
  PutStored<uint32_t>(at + 12, static_cast<uint32_t>(begin));
  PutStored<uint64_t>(at + 16, entry.seq.value());
  PutStored<int64_t>(at + 24, absl::ToUnixMicros(entry.record_time));
  std::memcpy(at + kRecordHeaderBytes, entry.bytes.data(), entry.bytes.size());
  PutStored<uint32_t>(at, PlacedCrc(segment_, offset_ + begin, absl::string_view(at + 4, size - 4)));
  ++records_;
  return offset_ + begin;
}

absl::string_view GroupBuilder::Finish() {
  FENFEN_CHECK(records_ > 0);
  char trailer[kGroupTrailerBytes];
  PutStored<uint64_t>(trailer, Trailer(number_));
  buffer_.append(trailer, sizeof trailer);
  FENFEN_CHECK(offset_ + buffer_.size() <= segment_.bytes);
  char* const at = buffer_.data();
  PutStored<uint32_t>(at, kGroupMagic);
  PutStored<uint64_t>(at + 8, number_);
  PutStored<uint32_t>(at + 16, static_cast<uint32_t>(buffer_.size()));
  PutStored<uint32_t>(at + 20, records_);
  PutStored<uint32_t>(at + 24, ZeroSectors(offset_, buffer_));
  PutStored<uint32_t>(at + 4, PlacedCrc(segment_, offset_, absl::string_view(at + 8, kGroupHeaderBytes - 8)));
  return buffer_;
}

}  // namespace fenfen::segment
