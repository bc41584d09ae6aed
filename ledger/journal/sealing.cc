#include "ledger/journal/sealing.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "ledger/journal/compressed_file.h"
#include "ledger/journal/journal_reader.h"
#include "ledger/journal/segment_files.h"
#include "ledger/journal/segment_reader.h"

namespace fenfen {
namespace {

// Sealing runs beside writing, on the same processors, and reading decompresses: of a segment of drops level 3 takes two fifths more time
// to make and a quarter more to read, for 5% less on disk.
constexpr int kCompressionLevel = -1;

// One block of a segment. The file must hold it.
absl::StatusOr<absl::string_view> ReadBlock(const File& file, const segment::Header& header, uint64_t offset, std::string& buffer) {
  buffer.resize(std::min<uint64_t>(compressed::kBlockBytes, header.bytes - offset));
  const absl::StatusOr<size_t> got = file.ReadAt(offset, buffer.data(), buffer.size());
  if (!got.ok()) return got.status();
  if (*got < buffer.size()) return absl::DataLossError(absl::StrCat("segment ", header.number, " ends at byte ", offset + *got));
  return absl::string_view(buffer);
}

// Writes the compressed form, the head last, and syncs.
absl::Status WriteCompressed(const File& from, const segment::Header& header, File& to, const std::atomic<bool>& stop) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  if (context == nullptr) return absl::ResourceExhaustedError("no memory to compress with");
  compressed::Head head{header, compressed::kBlockBytes, {}};
  uint64_t at = compressed::HeadBytes(compressed::BlocksOf(header.bytes, head.block_bytes));
  uint64_t synced = 0;
  std::string buffer;
  std::string frame(ZSTD_compressBound(head.block_bytes), '\0');
  for (uint64_t offset = 0; offset < header.bytes; offset += head.block_bytes) {
    if (absl::Status status = CheckGoesOn(stop); !status.ok()) return status;
    const absl::StatusOr<absl::string_view> block = ReadBlock(from, header, offset, buffer);
    if (!block.ok()) return block.status();
    const size_t size = ZSTD_compressCCtx(context.get(), frame.data(), frame.size(), block->data(), block->size(), kCompressionLevel);
    if (ZSTD_isError(size) != 0) return absl::InternalError(absl::StrCat("zstd: ", ZSTD_getErrorName(size)));
    const absl::string_view bytes = absl::string_view(frame).substr(0, size);
    head.blocks.push_back({static_cast<uint32_t>(size), segment::PlacedCrc(header, at, bytes)});
    if (absl::Status status = to.WriteAt(at, bytes); !status.ok()) return status;
    at += size;
    if (at - synced < kBytesPerSync) continue;
    if (absl::Status status = to.Sync(); !status.ok()) return status;
    synced = at;
  }
  if (absl::Status status = to.WriteAt(0, compressed::EncodeHead(head)); !status.ok()) return status;
  return to.Sync();
}

// What was made, beside what it was made of: every byte up to the furthest that was read was compared, and a read fails where they
// differ. Both must outlive it. Not thread-safe.
class ComparedFile final : public File {
 public:
  ComparedFile(const File& made, const File& plain) : made_(made), plain_(plain) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* out, size_t size) const override {
    if (absl::Status status = CompareUpTo(offset); !status.ok()) return status;
    const absl::StatusOr<size_t> got = made_.ReadAt(offset, out, size);
    if (!got.ok()) return got.status();
    expected_.resize(*got);
    const absl::StatusOr<size_t> there = plain_.ReadAt(offset, expected_.data(), *got);
    if (!there.ok()) return there.status();
    if (*there != *got || std::memcmp(expected_.data(), out, *got) != 0) return absl::InternalError("it was not compressed as it is");
    compared_ = std::max(compared_, offset + *got);
    return got;
  }
  absl::StatusOr<uint64_t> Size() const override { return made_.Size(); }
  absl::Status WriteAt(uint64_t, absl::string_view) override { return absl::FailedPreconditionError("what was made is not written to"); }
  absl::Status Sync() override { return absl::OkStatus(); }

  // What no read reached before `offset`.
  absl::Status CompareUpTo(uint64_t offset) const {
    std::string block;
    while (compared_ < offset) {
      block.resize(std::min<uint64_t>(compressed::kBlockBytes, offset - compared_));
      const absl::StatusOr<size_t> got = ReadAt(compared_, block.data(), block.size());
      if (!got.ok()) return got.status();
      if (*got < block.size()) return absl::DataLossError(absl::StrCat("the segment ends at byte ", compared_));
    }
    return absl::OkStatus();
  }

 private:
  const File& made_;
  const File& plain_;
  mutable uint64_t compared_ = 0;
  mutable std::string expected_;
};

// The segment holds what was written to it: damage is not to be passed on under a new checksum. And what was made is equal to the end.
absl::Status CheckMade(std::unique_ptr<ComparedFile> made, const std::string& path, const IndexHead& head, const std::atomic<bool>& stop) {
  const ComparedFile& compared = *made;
  const absl::StatusOr<std::unique_ptr<SegmentReader>> reader = SegmentReader::Open(std::move(made), path, head.start.segment);
  if (!reader.ok()) return reader.status();
  for (uint64_t number = head.start.groups + 1;; ++number) {
    if (absl::Status status = CheckGoesOn(stop); !status.ok()) return status;
    const absl::StatusOr<const Group*> group = (*reader)->Next(number);
    if (!group.ok()) return group.status();
    if (*group != nullptr) continue;
    if (number == head.start.groups + head.groups + 1 && (*reader)->end() == head.end && !(*reader)->unfinished()) break;
    return DamageError({path, (*reader)->end(), "groups are missing at the segment's end"});
  }
  const absl::StatusOr<uint64_t> size = compared.Size();
  return size.ok() ? compared.CompareUpTo(*size) : size.status();
}

}  // namespace

absl::StatusOr<IndexHead> ReadIndexHead(FileSystem& files, const std::string& directory, uint32_t number) {
  const std::string path = SegmentPath(directory, number, segment::kIndexEnding);
  const absl::StatusOr<std::unique_ptr<File>> file = files.OpenForRead(path);
  if (!file.ok()) return file.status();
  std::string bytes(IndexHead::kBytes, '\0');
  const absl::StatusOr<size_t> got = (*file)->ReadAt(0, bytes.data(), bytes.size());
  if (!got.ok()) return got.status();
  bytes.resize(*got);
  const std::optional<IndexHead> head = DecodeIndexHead(bytes);
  if (!head || head->start.segment != number) return DamageError({path, 0, "the index's head does not hold"});
  const absl::StatusOr<uint64_t> size = (*file)->Size();
  if (!size.ok()) return size.status();
  if (*size != IndexHead::OffsetPlace(head->records())) return DamageError({path, *size, "the index is cut off"});
  return *head;
}

absl::StatusOr<bool> IndexHolds(FileSystem& files, const std::string& directory, const IndexHead& head) {
  const absl::StatusOr<IndexHead> found = ReadIndexHead(files, directory, head.start.segment);
  if (absl::IsNotFound(found.status()) || absl::IsDataLoss(found.status())) return false;
  if (!found.ok()) return found.status();
  const auto file = files.OpenForRead(SegmentPath(directory, head.start.segment, segment::kIndexEnding));
  if (!file.ok()) return file.status();
  std::string offsets(head.records() * sizeof(uint32_t), '\0');
  const absl::StatusOr<size_t> got = (*file)->ReadAt(IndexHead::kBytes, offsets.data(), offsets.size());
  if (!got.ok()) return got.status();
  return *found == head && *got == offsets.size() && OffsetsHold(head, offsets);
}

absl::StatusOr<SegmentIndex> IndexSegment(FileSystem& files, const std::string& directory, const JournalStart& start) {
  const absl::StatusOr<std::unique_ptr<JournalReader>> reader = JournalReader::Open(files, directory, {.from = start});
  if (!reader.ok()) return reader.status();
  JournalStart known = start;
  known.journal_id = (*reader)->header().journal_id;
  SegmentIndex index(known);
  std::vector<IndexedRecord> records;
  while (true) {
    const absl::StatusOr<const Group*> group = (*reader)->Next();
    if (!group.ok()) return group.status();
    if (*group == nullptr || (*reader)->segment() != start.segment) return index;
    records.clear();
    for (const segment::Record& record : (*group)->records) {
      records.push_back({record.partition, record.seq, static_cast<uint32_t>(record.offset)});
    }
    index.AddGroup(records, (*group)->offset + (*group)->bytes);
  }
}

absl::Status WriteIndex(FileSystem& files, const std::string& directory, const SegmentIndex& index) {
  return WriteWholeFile(files, directory, SegmentPath(directory, index.number(), segment::kIndexEnding), index.Encode());
}

absl::Status CompressSegment(FileSystem& files, const std::string& directory, const IndexHead& head, const std::atomic<bool>& stop) {
  const std::string plain = SegmentPath(directory, head.start.segment);
  const std::string path = SegmentPath(directory, head.start.segment, segment::kCompressedEnding);
  const std::string unfinished = UnfinishedPath(path);
  const absl::StatusOr<std::unique_ptr<File>> from = files.OpenForRead(plain);
  if (!from.ok()) return from.status();
  const absl::StatusOr<segment::Header> header = ReadSegmentHeader(**from, plain);
  if (!header.ok()) return header.status();
  const absl::StatusOr<uint64_t> free = files.FreeBytes(directory);
  if (!free.ok()) return free.status();
  // Most become a third. Where the disk is too full for another segment, this makes room for it.
  if (*free < header->bytes / 2) return absl::ResourceExhaustedError(absl::StrCat(directory, ": no room to compress a segment"));
  absl::StatusOr<std::unique_ptr<File>> to = CreateUnfinished(files, path);
  if (!to.ok()) return to.status();
  absl::Cleanup remove = [&] { files.Remove(unfinished).IgnoreError(); };  // the reason to tell is what is returned
  if (absl::Status status = WriteCompressed(**from, *header, **to, stop); !status.ok()) return status;

  absl::StatusOr<std::unique_ptr<File>> written = files.OpenForRead(unfinished);
  if (!written.ok()) return written.status();
  absl::StatusOr<std::unique_ptr<CompressedFile>> made =
      CompressedFile::Open(*std::move(written), unfinished, header->number, std::make_shared<BlockCache>(0));
  if (!made.ok()) return made.status();
  if (absl::Status status = CheckMade(std::make_unique<ComparedFile>(**made, **from), plain, head, stop); !status.ok()) return status;

  std::move(remove).Cancel();
  // Only once the new name is on disk may the old one go. After a crash in between both are there, and the plain one counts.
  if (absl::Status status = files.Rename(unfinished, path); !status.ok()) return status;
  if (absl::Status status = files.SyncDirectory(directory); !status.ok()) return status;
  // That the old one is gone need not be on disk: it may be there again after a crash, which is the case above.
  return files.Remove(plain);
}

}  // namespace fenfen
