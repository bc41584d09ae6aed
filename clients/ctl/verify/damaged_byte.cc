#include "clients/ctl/verify/damaged_byte.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "ledger/core/crc32c.h"
#include "ledger/core/limits.h"
#include "ledger/journal/journal_reader.h"

namespace fenfen::ctl {
namespace {

constexpr size_t kPlaceBytes = 24;  // docs/formats/journal.md, "Checksums"
constexpr size_t kSizeOffset = 4;   // of a record's size field
constexpr char kGroupMagic[] = "FGRP";

// The table of the reflected polynomial 0x1edc6f41, and which entry has a given top byte: each has another.
struct CrcTable {
  std::array<uint32_t, 256> entry;
  std::array<uint8_t, 256> of_top_byte;
};
constexpr CrcTable MakeTable() {
  CrcTable table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    table.entry[i] = crc;
    table.of_top_byte[crc >> 24] = static_cast<uint8_t>(i);
  }
  return table;
}
constexpr CrcTable kTable = MakeTable();

// Which of `size` bytes, followed by `after` sound ones, was changed if the checksum is off by `difference`; nullopt if no single one
// explains it. Walks back from the end: undoes what each further byte did to the difference until one byte's change is left.
std::optional<size_t> ChangedByte(uint32_t difference, size_t size, size_t after) {
  for (size_t from_end = 0; from_end < size + after; ++from_end) {
    const uint8_t index = kTable.of_top_byte[difference >> 24];
    if (kTable.entry[index] == difference && from_end >= after) return size + after - 1 - from_end;
    difference = ((difference ^ kTable.entry[index]) << 8) | index;
  }
  return std::nullopt;
}

// Something with a checksum: `bytes` hold `covered` bytes at `begin`, which go on over `place`, and the checksum at `crc_offset`.
struct Checked {
  absl::string_view bytes;
  size_t begin;
  size_t covered;
  size_t crc_offset;
  std::string place;
};

uint32_t StoredCrc(const Checked& checked) {
  uint32_t stored;
  std::memcpy(&stored, checked.bytes.data() + checked.crc_offset, sizeof stored);
  return stored;
}
uint32_t ComputedCrc(const Checked& checked) { return Crc32c(checked.place, Crc32c(checked.bytes.substr(checked.begin, checked.covered))); }

// The changed byte's offset in `bytes`.
std::optional<size_t> ChangedByte(const Checked& checked) {
  const uint32_t difference = StoredCrc(checked) ^ ComputedCrc(checked);
  if (difference == 0) return std::nullopt;
  for (size_t byte = 0; byte < 4; ++byte) {
    if ((difference & ~(0xffu << (8 * byte))) == 0) return checked.crc_offset + byte;
  }
  const std::optional<size_t> changed = ChangedByte(difference, checked.covered, checked.place.size());
  if (!changed) return std::nullopt;
  return checked.begin + *changed;
}

std::string PlaceOf(const segment::Header& header, uint64_t offset) {
  std::string place(kPlaceBytes, '\0');
  const uint64_t parts[] = {header.journal_id, header.number, offset};
  std::memcpy(place.data(), parts, kPlaceBytes);
  return place;
}

std::optional<size_t> InGroupHeader(absl::string_view bytes, const std::string& place) {
  if (bytes.size() < segment::kGroupHeaderBytes) return std::nullopt;
  const absl::string_view magic(kGroupMagic, 4);
  const Checked checked{bytes, 8, segment::kGroupHeaderBytes - 8, 4, place};
  if (bytes.substr(0, 4) == magic) return ChangedByte(checked);
  // The magic stands outside the checksum.
  if (StoredCrc(checked) != ComputedCrc(checked)) return std::nullopt;
  return static_cast<size_t>(std::mismatch(magic.begin(), magic.end(), bytes.begin()).first - magic.begin());
}

std::optional<size_t> InRecord(absl::string_view bytes, const std::string& place) {
  if (bytes.size() < segment::kRecordHeaderBytes) return std::nullopt;
  uint32_t size;
  std::memcpy(&size, bytes.data() + kSizeOffset, sizeof size);
  const auto whole = [&](uint32_t of) { return segment::RecordBytes(of); };
  if (size <= limits::kTransactionBytesMax && whole(size) <= bytes.size()) {
    const std::optional<size_t> changed = ChangedByte(Checked{bytes, 4, whole(size) - 4, 0, place});
    if (changed && (*changed < kSizeOffset || *changed >= kSizeOffset + 4)) return changed;
  }
  // The size itself: the one byte with which the checksum holds.
  std::string tried(bytes);
  for (size_t byte = 0; byte < 4; ++byte) {
    for (int value = 0; value < 256; ++value) {
      tried[kSizeOffset + byte] = static_cast<char>(value);
      std::memcpy(&size, tried.data() + kSizeOffset, sizeof size);
      if (size > limits::kTransactionBytesMax || whole(size) > tried.size()) continue;
      const Checked checked{tried, 4, whole(size) - 4, 0, place};
      if (StoredCrc(checked) == ComputedCrc(checked)) return kSizeOffset + byte;
    }
    tried[kSizeOffset + byte] = bytes[kSizeOffset + byte];
  }
  return std::nullopt;
}

// In a compressed segment (docs/formats/journal.md, "Compressed"): its head, or the frame of one block.
std::optional<uint64_t> InCompressed(const File& file, uint64_t offset) {
  std::string head(compressed::HeadBytes(0), '\0');
  const auto read = [&](uint64_t at, std::string& into) {
    const absl::StatusOr<size_t> got = file.ReadAt(at, into.data(), into.size());
    return got.ok() && *got == into.size();
  };
  if (!read(0, head)) return std::nullopt;
  const std::optional<size_t> head_bytes = compressed::HeadBytesFrom(head);
  if (!head_bytes) return std::nullopt;
  head.resize(*head_bytes);
  if (!read(0, head)) return std::nullopt;
  if (offset == 0) return ChangedByte(Checked{head, 0, head.size() - 4, head.size() - 4, ""});
  const std::optional<compressed::Head> decoded = compressed::DecodeHead(head);
  if (!decoded) return std::nullopt;
  uint64_t at = head.size();
  for (const compressed::Block& block : decoded->blocks) {
    if (at == offset) {
      std::string frame(block.bytes, '\0');
      const std::string place = PlaceOf(decoded->segment, at);
      if (!read(at, frame)) return std::nullopt;
      const std::optional<size_t> changed = ChangedByte(block.crc32c ^ Crc32c(place, Crc32c(frame)), frame.size(), place.size());
      return changed ? std::optional<uint64_t>(at + *changed) : std::nullopt;
    }
    at += block.bytes;
  }
  return std::nullopt;
}

// In BEGINNING, whose checksum stands at its end and covers all before it.
std::optional<uint64_t> InBeginning(const File& file) {
  std::string bytes(JournalBeginning::kBytes, '\0');
  const absl::StatusOr<size_t> got = file.ReadAt(0, bytes.data(), bytes.size());
  if (!got.ok() || *got < bytes.size()) return std::nullopt;
  return ChangedByte(Checked{bytes, 0, bytes.size() - 4, bytes.size() - 4, ""});
}

}  // namespace

std::optional<uint64_t> FindDamagedByte(FileSystem& files, const Damage& damage) {
  const absl::StatusOr<std::unique_ptr<File>> file = files.OpenForRead(damage.path);
  if (!file.ok()) return std::nullopt;
  if (absl::EndsWith(damage.path, segment::kCompressedEnding)) return InCompressed(**file, damage.offset);
  if (absl::EndsWith(damage.path, JournalBeginning::kFile)) return InBeginning(**file);
  std::string head(segment::kHeaderBytes, '\0');
  const absl::StatusOr<size_t> got = (*file)->ReadAt(0, head.data(), head.size());
  if (!got.ok() || *got < head.size()) return std::nullopt;
  const std::optional<segment::Header> header = segment::DecodeHeader(head);
  if (!header) return damage.offset == 0 ? ChangedByte(Checked{head, 0, head.size() - 4, head.size() - 4, ""}) : std::nullopt;
  if (damage.offset == 0 || damage.offset >= header->bytes) return std::nullopt;

  std::string bytes(std::min<uint64_t>(header->bytes - damage.offset, segment::RecordBytes(limits::kTransactionBytesMax)), '\0');
  const absl::StatusOr<size_t> read = (*file)->ReadAt(damage.offset, bytes.data(), bytes.size());
  if (!read.ok()) return std::nullopt;
  bytes.resize(*read);
  const std::string place = PlaceOf(*header, damage.offset);
  std::optional<size_t> changed = InGroupHeader(bytes, place);
  if (!changed) changed = InRecord(bytes, place);
  if (!changed) return std::nullopt;
  return damage.offset + *changed;
}

}  // namespace fenfen::ctl
