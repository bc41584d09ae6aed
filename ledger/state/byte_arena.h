// ByteArena: the bytes of a partition's records, close together: four bytes for each to be named by and two or three for its length, where
// an allocation of its own would take eight and some sixteen. What grows gets a block with room to grow on in, since what has grown once
// will again: nearly always bytes are replaced where they are. What is freed is used again for bytes of about the same length.
//
// Not thread-safe. A view is good until its handle is set anew or the arena ends.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "ledger/core/prefetch.h"

namespace fenfen {

class ByteArena {
 public:
  // Names some bytes; 0 is none.
  using Handle = uint32_t;

  ByteArena() = default;
  // A copy has the same handles.
  ByteArena(const ByteArena& other);
  ByteArena& operator=(const ByteArena&) = delete;

  // Empty for handle 0.
  absl::string_view Get(Handle handle) const;
  // Lets the first bytes of the handle come near.
  void Prefetch(Handle handle) const {
    if (handle == 0) return;
    constexpr size_t kLine = 64;
    PrefetchForRead(At(handle));
    PrefetchForRead(At(handle) + kLine);
    PrefetchForRead(At(handle) + 2 * kLine);
  }
  // Puts `bytes`, which are not the arena's own, in place of what `handle` named, if anything; they may get another name. At most
  // limits::kRecordBytesMax.
  void Set(Handle& handle, absl::string_view bytes);
  // Makes what the handle names longer by so many bytes; where to write them.
  char* Extend(Handle& handle, size_t more);

 private:
  static constexpr size_t kUnitBytes = 8;
  static constexpr size_t kChunkUnits = 4096;  // 32 KiB
  static constexpr size_t kClasses = 56;
  // A longer block has a chunk of its own.
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t units = 0;
  };

  static size_t ClassFor(size_t units);
  static size_t UnitsOf(size_t size_class);
  static size_t UnitsFor(size_t bytes);
  size_t ClassOf(Handle handle) const { return static_cast<uint8_t>(*At(handle)); }
  // Writes the length of the block's bytes; where they begin.
  char* SetSize(Handle handle, size_t size) const;
  char* At(Handle handle) const { return chunks_[handle / kChunkUnits].bytes.get() + handle % kChunkUnits * kUnitBytes; }
  Handle Allocate(size_t size_class);
  Handle TakeBlock(size_t size_class);
  size_t AddChunk(size_t units);
  void Free(Handle handle);

  std::vector<Chunk> chunks_;
  size_t open_ = 0;                      // the chunk that blocks are taken from
  size_t used_ = 0;                      // units of it
  std::array<Handle, kClasses> free_{};  // the first free block of each class; its first bytes name the next
};

}  // namespace fenfen
