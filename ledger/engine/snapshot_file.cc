#include "ledger/engine/snapshot_file.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/core/bytes.h"
#include "ledger/core/check.h"
#include "ledger/core/crc32c.h"
#include "ledger/journal/segment_reader.h"

namespace fenfen {
namespace {

constexpr absl::string_view kMagic = "FENFENS1";
constexpr absl::string_view kEnd = "FENFENSE";
constexpr size_t kHeaderBytes = 40;
constexpr size_t kDigestBytes = 32;
constexpr size_t kRowBytes = size_t{4} * 8 + kDigestBytes;
constexpr size_t kTableBytes = kSnapshotSections * kRowBytes;
constexpr size_t kTrailerBytes = 24;
constexpr uint64_t kSectionBytesMax = uint64_t{1} << 34;  // what players did is some 350 bytes a household

// Over the bytes and then over their place, so that bytes which strayed from elsewhere never pass.
uint32_t PlacedCrc(absl::string_view bytes, const SnapshotHeader& header, uint64_t offset) {
  std::string place;
  ByteWriter w(place);
  w.U64(header.journal_id);
  w.U64(header.number);
  w.U64(offset);
  return Crc32c(place, Crc32c(bytes));
}

std::string EncodeHeader(const SnapshotHeader& header) {
  std::string out(kMagic);
  ByteWriter w(out);
  w.U64(header.journal_id);
  w.U64(header.number);
  w.U64(static_cast<uint64_t>(absl::ToUnixMicros(header.time)));
  w.U64(Crc32c(out));
  return out;
}

std::string EncodeMemos(const SnapshotMemos& memos) {
  std::string out;
  ByteWriter w(out);
  w.Varint(memos.size());
  for (const auto& [name, memo] : memos) {
    w.Bytes(name);
    w.Bytes(memo);
  }
  return out;
}

}  // namespace

SnapshotWriter::SnapshotWriter(std::unique_ptr<File> file, const SnapshotHeader& header)
    : file_(std::move(file)), header_(header), offset_(kHeaderBytes), buffer_(EncodeHeader(header)) {}

absl::Status SnapshotWriter::AddPartition(const SavedPartition& saved) {
  FENFEN_CHECK(sections_ < kMemosSection);
  return AddSection(saved.bytes, saved.seq, saved.sha256);
}

absl::Status SnapshotWriter::AddMemos(const SnapshotMemos& memos) {
  FENFEN_CHECK(sections_ == kMemosSection);
  return AddSection(EncodeMemos(memos), PartitionSeq(0), std::string(kDigestBytes, '\0'));
}

absl::Status SnapshotWriter::AddSection(absl::string_view bytes, PartitionSeq seq, const std::string& sha256) {
  FENFEN_CHECK(sha256.size() == kDigestBytes);
  if (bytes.size() > kSectionBytesMax) return absl::OutOfRangeError(absl::StrCat("section ", sections_, " is too long for a snapshot"));
  table_[sections_++] = {offset_, bytes.size(), seq, PlacedCrc(bytes, header_, offset_), sha256};
  return Put(bytes);
}

absl::Status SnapshotWriter::Finish() {
  FENFEN_CHECK(sections_ == kSnapshotSections);
  const uint64_t table_offset = offset_;
  std::string table;
  ByteWriter w(table);
  for (const SnapshotSection& section : table_) {
    w.U64(section.offset);
    w.U64(section.bytes);
    w.U64(section.seq.value());
    w.U64(section.crc32c);
    table.append(section.sha256);
  }
  const uint32_t crc = PlacedCrc(table, header_, table_offset);
  w.U64(table_offset);
  w.U64(crc);
  table.append(kEnd.data(), kEnd.size());
  if (absl::Status status = Put(table); !status.ok()) return status;
  return WriteBuffered();
}

absl::Status SnapshotWriter::Put(absl::string_view bytes) {
  buffer_.append(bytes.data(), bytes.size());
  offset_ += bytes.size();
  return buffer_.size() < kSyncBytes ? absl::OkStatus() : WriteBuffered();
}

absl::Status SnapshotWriter::WriteBuffered() {
  absl::Status status = file_->WriteAt(offset_ - buffer_.size(), buffer_);
  buffer_.clear();
  return status.ok() ? file_->Sync() : status;
}

absl::StatusOr<std::unique_ptr<SnapshotReader>> SnapshotReader::Open(std::unique_ptr<File> file, std::string path) {
  std::unique_ptr<SnapshotReader> reader(new SnapshotReader(std::move(file), std::move(path)));
  absl::Status status = reader->ReadHeader();
  if (status.ok()) status = reader->ReadTable();
  if (!status.ok()) return status;
  return reader;
}

absl::StatusOr<std::string> SnapshotReader::Bytes(uint64_t offset, size_t size) const {
  std::string bytes(size, '\0');
  const absl::StatusOr<size_t> got = file_->ReadAt(offset, bytes.data(), size);
  if (!got.ok()) return got.status();
  if (*got < size) return DamageError({path_, offset + *got, "the file ends within its parts"});
  return bytes;
}

absl::Status SnapshotReader::ReadHeader() {
  const absl::StatusOr<std::string> bytes = Bytes(0, kHeaderBytes);
  if (!bytes.ok()) return bytes.status();
  if (bytes->compare(0, kMagic.size(), kMagic.data(), kMagic.size()) != 0) {
    return DamageError({path_, 0, "this is no snapshot of a version that is known"});
  }
  ByteReader in(absl::string_view(*bytes).substr(kMagic.size()));
  header_.journal_id = in.U64();
  header_.number = in.U64();
  header_.time = absl::FromUnixMicros(static_cast<int64_t>(in.U64()));
  if (EncodeHeader(header_) != *bytes) return DamageError({path_, 0, "the header's checksum does not hold"});
  return absl::OkStatus();
}

absl::Status SnapshotReader::ReadTable() {
  const absl::StatusOr<uint64_t> size = file_->Size();
  if (!size.ok()) return size.status();
  if (*size < kHeaderBytes + kTableBytes + kTrailerBytes) return DamageError({path_, *size, "the file ends too early"});
  const uint64_t table_offset = *size - kTrailerBytes - kTableBytes;
  const absl::StatusOr<std::string> bytes = Bytes(table_offset, kTableBytes + kTrailerBytes);
  if (!bytes.ok()) return bytes.status();
  const absl::string_view table = absl::string_view(*bytes).substr(0, kTableBytes);
  ByteReader trailer(absl::string_view(*bytes).substr(kTableBytes, 16));
  const bool placed = trailer.U64() == table_offset && trailer.U64() == PlacedCrc(table, header_, table_offset);
  if (!placed || absl::string_view(*bytes).substr(kTableBytes + 16) != kEnd) {
    return DamageError({path_, table_offset, "the table's checksum does not hold, or the file was not written to its end"});
  }
  ByteReader in(table);
  uint64_t offset = kHeaderBytes;
  for (size_t i = 0; i < kSnapshotSections; ++i) {
    SnapshotSection& section = table_[i];
    section.offset = in.U64();
    section.bytes = in.U64();
    section.seq = PartitionSeq(in.U64());
    section.crc32c = static_cast<uint32_t>(in.U64());
    section.sha256 = std::string(table.substr((i + 1) * kRowBytes - kDigestBytes, kDigestBytes));
    for (size_t n = 0; n < kDigestBytes; n += 8) in.U64();
    // Sections lie one behind the other, so no size is believed that the file does not have.
    if (section.offset != offset || section.bytes > std::min(table_offset - offset, kSectionBytesMax))
      return DamageAt(i, "the table gives it no place");
    offset += section.bytes;
  }
  return offset == table_offset ? absl::OkStatus()
                                : DamageError({path_, offset, "there is something between the last section and the table"});
}

absl::StatusOr<absl::string_view> SnapshotReader::Read(size_t section, std::string& buffer) const {
  const SnapshotSection& place = table_[section];
  buffer.resize(place.bytes);
  const absl::StatusOr<size_t> got = file_->ReadAt(place.offset, buffer.data(), buffer.size());
  if (!got.ok()) return got.status();
  if (*got < buffer.size() || PlacedCrc(buffer, header_, place.offset) != place.crc32c) {
    return DamageAt(section, "the checksum does not hold");
  }
  return absl::string_view(buffer);
}

absl::StatusOr<StoredMemos> SnapshotReader::ReadMemos() const {
  auto buffer = std::make_unique<std::string>();
  const absl::StatusOr<absl::string_view> bytes = Read(kMemosSection, *buffer);
  if (!bytes.ok()) return bytes.status();
  ByteReader in(*bytes);
  StoredMemos stored;
  const size_t count = in.Count();
  for (size_t n = 0; n < count && !in.failed(); ++n) {
    const absl::string_view name = in.Bytes();
    stored.memos.emplace_back(name, in.Bytes());
  }
  if (!in.Finished()) return DamageAt(kMemosSection, "the memos do not have their form");
  stored.bytes = std::move(buffer);
  return stored;
}

std::optional<absl::string_view> StoredMemos::Find(absl::string_view name) const {
  for (const auto& [its, memo] : memos) {
    if (its == name) return memo;
  }
  return std::nullopt;
}

absl::Status SnapshotReader::DamageAt(size_t section, absl::string_view what) const {
  const std::string name = section == kMemosSection ? "the memos" : absl::StrCat("partition ", section);
  return DamageError({path_, table_[section].offset, absl::StrCat(name, ": ", what)});
}

}  // namespace fenfen
