#include "ledger/journal/compressed_file.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/core/crc32c.h"
#include "ledger/journal/segment_reader.h"
#include "ledger/journal/stored_integers.h"

namespace fenfen {
namespace compressed {
namespace {

// On disk, do not change. A skippable frame: 0 its magic u32 · 4 size of what follows u32 · 8 magic · 16 journal id u64 · 24 segment u32 ·
// 28 its bytes u32 · 32 block bytes u32 · 36 blocks u32 · 40 for each block: bytes u32, crc u32 · crc u32 of all before it.
constexpr uint32_t kSkippableMagic = ZSTD_MAGIC_SKIPPABLE_START;
constexpr char kCompressedMagic[] = "FENFENZ1";  // the last character is the format's version
constexpr size_t kBlocksOffset = 40;

}  // namespace

std::string EncodeHead(const Head& head) {
  std::string out(HeadBytes(head.blocks.size()), '\0');
  char* const at = out.data();
  PutStored<uint32_t>(at, kSkippableMagic);
  PutStored<uint32_t>(at + 4, static_cast<uint32_t>(out.size() - 8));
  std::memcpy(at + 8, kCompressedMagic, 8);
  PutStored<uint64_t>(at + 16, head.segment.journal_id);
  PutStored<uint32_t>(at + 24, head.segment.number);
  PutStored<uint32_t>(at + 28, head.segment.bytes);
  PutStored<uint32_t>(at + 32, head.block_bytes);
  PutStored<uint32_t>(at + 36, static_cast<uint32_t>(head.blocks.size()));
  for (size_t block = 0; block < head.blocks.size(); ++block) {
    PutStored<uint32_t>(at + kBlocksOffset + 8 * block, head.blocks[block].bytes);
    PutStored<uint32_t>(at + kBlocksOffset + 8 * block + 4, head.blocks[block].crc32c);
  }
  PutStored<uint32_t>(at + out.size() - 4, Crc32c(absl::string_view(out).substr(0, out.size() - 4)));
  return out;
}

std::optional<size_t> HeadBytesFrom(absl::string_view bytes) {
  if (bytes.size() < HeadBytes(0) || bytes.substr(8, 8) != kCompressedMagic) return std::nullopt;
  const uint64_t segment_bytes = GetStored<uint32_t>(bytes, 28);
  const uint32_t block_bytes = GetStored<uint32_t>(bytes, 32);
  const uint64_t blocks = GetStored<uint32_t>(bytes, 36);
  if (block_bytes == 0 || block_bytes > kBlockBytesMax || block_bytes % segment::kSectorBytes != 0) return std::nullopt;
  if (blocks != BlocksOf(segment_bytes, block_bytes)) return std::nullopt;
  return HeadBytes(blocks);
}

std::optional<Head> DecodeHead(absl::string_view bytes) {
  const std::optional<size_t> size = HeadBytesFrom(bytes);
  if (!size || *size != bytes.size()) return std::nullopt;
  Head head;
  head.segment = {GetStored<uint64_t>(bytes, 16), GetStored<uint32_t>(bytes, 24), GetStored<uint32_t>(bytes, 28)};
  head.block_bytes = GetStored<uint32_t>(bytes, 32);
  if (!segment::DecodeHeader(segment::EncodeHeader(head.segment))) return std::nullopt;
  for (size_t at = kBlocksOffset; at + 8 < bytes.size(); at += 8) {
    const Block block{GetStored<uint32_t>(bytes, at), GetStored<uint32_t>(bytes, at + 4)};
    if (block.bytes == 0 || block.bytes > ZSTD_compressBound(head.block_bytes)) return std::nullopt;
    head.blocks.push_back(block);
  }
  if (EncodeHead(head) != bytes) return std::nullopt;
  return head;
}

}  // namespace compressed

BlockCache::~BlockCache() {
  for (void* const context : idle_contexts_) ZSTD_freeDCtx(static_cast<ZSTD_DCtx*>(context));
}

std::shared_ptr<const std::string> BlockCache::Find(uint32_t segment, uint32_t block) {
  absl::MutexLock held(&mutex_);
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (at->segment != segment || at->block != block) continue;
    entries_.splice(entries_.begin(), entries_, at);
    return entries_.front().bytes;
  }
  return nullptr;
}

void BlockCache::Put(uint32_t segment, uint32_t block, std::shared_ptr<const std::string> bytes) {
  absl::MutexLock held(&mutex_);
  bytes_ += bytes->size();
  entries_.push_front({segment, block, std::move(bytes)});
  while (bytes_ > bytes_max_) {
    bytes_ -= entries_.back().bytes->size();
    entries_.pop_back();
  }
}

bool BlockCache::Decompress(absl::string_view frame, char* out, size_t size) {
  ZSTD_DCtx* context = nullptr;
  {
    absl::MutexLock held(&mutex_);
    if (!idle_contexts_.empty()) {
      context = static_cast<ZSTD_DCtx*>(idle_contexts_.back());
      idle_contexts_.pop_back();
    }
  }
  if (context == nullptr) context = ZSTD_createDCtx();
  if (context == nullptr) return false;
  const size_t got = ZSTD_decompressDCtx(context, out, size, frame.data(), frame.size());
  absl::MutexLock held(&mutex_);
  idle_contexts_.push_back(context);
  return got == size;
}

absl::StatusOr<std::unique_ptr<CompressedFile>> CompressedFile::Open(std::unique_ptr<File> file, std::string path, uint32_t number,
                                                                     std::shared_ptr<BlockCache> cache) {
  const auto damaged = [&](absl::string_view what) { return DamageError({path, 0, std::string(what)}); };
  const absl::StatusOr<uint64_t> file_bytes = file->Size();
  if (!file_bytes.ok()) return file_bytes.status();
  std::string bytes(compressed::HeadBytes(0), '\0');
  absl::StatusOr<size_t> got = file->ReadAt(0, bytes.data(), bytes.size());
  if (!got.ok()) return got.status();
  const std::optional<size_t> size = *got == bytes.size() ? compressed::HeadBytesFrom(bytes) : std::nullopt;
  if (!size || *size > *file_bytes) return damaged("the compressed segment's head does not hold");
  bytes.resize(*size);
  got = file->ReadAt(0, bytes.data(), bytes.size());
  if (!got.ok()) return got.status();
  std::optional<compressed::Head> head = *got == bytes.size() ? compressed::DecodeHead(bytes) : std::nullopt;
  if (!head) return damaged("the compressed segment's head does not hold");
  if (head->segment.number != number) return damaged(absl::StrCat("this is segment ", head->segment.number, ", not ", number));
  return std::unique_ptr<CompressedFile>(new CompressedFile(std::move(file), std::move(path), *std::move(head), std::move(cache)));
}

CompressedFile::CompressedFile(std::unique_ptr<File> file, std::string path, compressed::Head head, std::shared_ptr<BlockCache> cache)
    : file_(std::move(file)), path_(std::move(path)), head_(std::move(head)), cache_(std::move(cache)) {
  uint64_t offset = compressed::HeadBytes(head_.blocks.size());
  for (const compressed::Block& block : head_.blocks) {
    offsets_.push_back(offset);
    offset += block.bytes;
  }
}

size_t CompressedFile::BlockSize(uint32_t block) const {
  return std::min<uint64_t>(head_.block_bytes, head_.segment.bytes - uint64_t{block} * head_.block_bytes);
}

absl::Status CompressedFile::ReadBlock(uint32_t block, char* out) const {
  const compressed::Block& stored = head_.blocks[block];
  std::string frame(stored.bytes, '\0');
  const absl::StatusOr<size_t> got = file_->ReadAt(offsets_[block], frame.data(), frame.size());
  if (!got.ok()) return got.status();
  if (*got < frame.size()) return DamageError({path_, offsets_[block], "the file ends within a block"});
  if (segment::PlacedCrc(head_.segment, offsets_[block], frame) != stored.crc32c) {
    return DamageError({path_, offsets_[block], "a block's checksum does not hold"});
  }
  if (!cache_->Decompress(frame, out, BlockSize(block))) return DamageError({path_, offsets_[block], "a block cannot be decompressed"});
  return absl::OkStatus();
}

absl::StatusOr<size_t> CompressedFile::ReadAt(uint64_t offset, char* out, size_t size) const {
  if (offset >= head_.segment.bytes) return size_t{0};
  size = std::min<uint64_t>(size, head_.segment.bytes - offset);
  for (size_t done = 0; done < size;) {
    const auto block = static_cast<uint32_t>((offset + done) / head_.block_bytes);
    const size_t within = (offset + done) % head_.block_bytes;
    const size_t part = std::min(size - done, BlockSize(block) - within);
    std::shared_ptr<const std::string> bytes = cache_->Find(head_.segment.number, block);
    if (bytes == nullptr && part == BlockSize(block) && !cache_->keeps()) {
      if (absl::Status status = ReadBlock(block, out + done); !status.ok()) return status;
    } else {
      if (bytes == nullptr) {
        auto read = std::make_shared<std::string>(BlockSize(block), '\0');
        if (absl::Status status = ReadBlock(block, read->data()); !status.ok()) return status;
        bytes = std::move(read);
        if (cache_->keeps()) cache_->Put(head_.segment.number, block, bytes);
      }
      std::memcpy(out + done, bytes->data() + within, part);
    }
    done += part;
  }
  return size;
}

absl::Status CompressedFile::WriteAt(uint64_t, absl::string_view) {
  return absl::FailedPreconditionError(absl::StrCat(path_, ": a compressed segment is not written to"));
}

absl::Status CompressedFile::Sync() { return absl::OkStatus(); }

}  // namespace fenfen
