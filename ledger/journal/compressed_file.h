// A compressed segment: its form, and a File that reads as the segment did (docs/formats/journal.md, "Compressed"). It is a sequence of
// zstd frames, one for each block of the segment, behind a frame that zstd skips, which says where they begin and holds their checksums. So
// one record costs one block, and `zstd -d` alone gives the segment back.
//
//   auto file = CompressedFile::Open(*std::move(opened), path, number, std::make_shared<BlockCache>(0));
//   (*file)->ReadAt(offset_in_the_segment, out, size);
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "ledger/journal/file.h"
#include "ledger/journal/segment.h"

namespace fenfen {

namespace compressed {

inline constexpr uint32_t kBlockBytes = 64u << 10;  // of the segment; what is written. Others are read too.
inline constexpr uint32_t kBlockBytesMax = 1u << 20;

// How a block is stored: one zstd frame.
struct Block {
  uint32_t bytes = 0;
  uint32_t crc32c = 0;  // of the frame, in its place in the compressed file (PlacedCrc)

  friend bool operator==(const Block&, const Block&) = default;
};
struct Head {
  segment::Header segment;
  uint32_t block_bytes = kBlockBytes;
  std::vector<Block> blocks;

  friend bool operator==(const Head&, const Head&) = default;
};
// The head's size with so many blocks; the first block begins there.
constexpr size_t HeadBytes(size_t blocks) { return 44 + 8 * blocks; }
constexpr uint64_t BlocksOf(uint64_t segment_bytes, uint32_t block_bytes) { return (segment_bytes + block_bytes - 1) / block_bytes; }

std::string EncodeHead(const Head& head);
// The whole head's size, from the file's first 44 bytes; nullopt where they cannot be a head's.
std::optional<size_t> HeadBytesFrom(absl::string_view bytes);
// `bytes` are the head alone. nullopt for anything that EncodeHead does not write.
std::optional<Head> DecodeHead(absl::string_view bytes);

}  // namespace compressed

// Decompressed blocks, the latest used, up to so many bytes; and what decompressing needs. Thread-safe.
class BlockCache {
 public:
  // With 0 bytes it keeps no block.
  explicit BlockCache(size_t bytes_max) : bytes_max_(bytes_max) {}
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;
  ~BlockCache();

  std::shared_ptr<const std::string> Find(uint32_t segment, uint32_t block);
  void Put(uint32_t segment, uint32_t block, std::shared_ptr<const std::string> bytes);
  // Decompresses one frame into exactly `size` bytes at `out`; false where it is not one of that size.
  bool Decompress(absl::string_view frame, char* out, size_t size);
  bool keeps() const { return bytes_max_ > 0; }

 private:
  struct Entry {
    uint32_t segment;
    uint32_t block;
    std::shared_ptr<const std::string> bytes;
  };
  const size_t bytes_max_;
  absl::Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // the latest used first; few, since a block is large
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<void*> idle_contexts_ ABSL_GUARDED_BY(mutex_);  // zstd's
};

class CompressedFile final : public File {
 public:
  // Takes the file over. DATA_LOSS (DamageOf) where its head does not hold or is not that of segment `number`.
  static absl::StatusOr<std::unique_ptr<CompressedFile>> Open(std::unique_ptr<File> file, std::string path, uint32_t number,
                                                              std::shared_ptr<BlockCache> cache);

  // Of the segment. DATA_LOSS (DamageOf), with the offset of the block in the compressed file, where it does not hold.
  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* out, size_t size) const override;
  absl::StatusOr<uint64_t> Size() const override { return head_.segment.bytes; }
  // A compressed segment is never written to.
  absl::Status WriteAt(uint64_t offset, absl::string_view bytes) override;
  absl::Status Sync() override;

  const compressed::Head& head() const { return head_; }

 private:
  CompressedFile(std::unique_ptr<File> file, std::string path, compressed::Head head, std::shared_ptr<BlockCache> cache);

  size_t BlockSize(uint32_t block) const;
  // Fills `out` with the whole block.
  absl::Status ReadBlock(uint32_t block, char* out) const;

  const std::unique_ptr<File> file_;
  const std::string path_;
  const compressed::Head head_;
  const std::shared_ptr<BlockCache> cache_;
  std::vector<uint64_t> offsets_;  // of the blocks in the file
};

}  // namespace fenfen
