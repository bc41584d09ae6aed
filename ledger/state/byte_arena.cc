#include "ledger/state/byte_arena.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "ledger/core/check.h"
#include "ledger/core/limits.h"

namespace fenfen {
namespace {

// A block is its class, the length of its bytes as one to three bytes of seven bits each, and the bytes.
size_t PrefixBytes(size_t size) { return size < 1u << 7 ? 2 : size < 1u << 14 ? 3 : 4; }

// What a block that grows gets beyond what it needs, in units: about a drop of a household.
constexpr size_t kRoomMin = 1;
size_t RoomToGrow(size_t units) { return std::max(kRoomMin, units / 8); }

}  // namespace

ByteArena::ByteArena(const ByteArena& other) : open_(other.open_), used_(other.used_), free_(other.free_) {
  chunks_.reserve(other.chunks_.size());
  for (const Chunk& chunk : other.chunks_) {
    chunks_.push_back({std::unique_ptr<char[]>(new char[chunk.units * kUnitBytes]), chunk.units});
    const size_t units = &chunk == &other.chunks_[other.open_] ? other.used_ : chunk.units;
    std::memcpy(chunks_.back().bytes.get(), chunk.bytes.get(), units * kUnitBytes);
  }
}

// Up to 16 units a class each, from there four classes for each doubling.
size_t ByteArena::ClassFor(size_t units) {
  if (units <= 16) return units - 1;
  size_t log = 4;
  while ((units - 1) >> (log + 1) != 0) ++log;
  return 16 + (log - 4) * 4 + ((units - 1 - (size_t{1} << log)) >> (log - 2));
}

size_t ByteArena::UnitsOf(size_t size_class) {
  if (size_class < 16) return size_class + 1;
  const size_t log = 4 + (size_class - 16) / 4;
  return (size_t{1} << log) + ((size_class - 16) % 4 + 1) * (size_t{1} << (log - 2));
}

size_t ByteArena::UnitsFor(size_t bytes) { return (PrefixBytes(bytes) + bytes + kUnitBytes - 1) / kUnitBytes; }

absl::string_view ByteArena::Get(Handle handle) const {
  if (handle == 0) return {};
  const char* at = At(handle) + 1;
  size_t size = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(*at++);
    size |= static_cast<size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return {at, size};
  }
}

char* ByteArena::SetSize(Handle handle, size_t size) const {
  char* at = At(handle) + 1;
  for (; size >= 0x80; size >>= 7) *at++ = static_cast<char>(size | 0x80);
  *at++ = static_cast<char>(size);
  return at;
}

void ByteArena::Set(Handle& handle, absl::string_view bytes) {
  FENFEN_CHECK(bytes.size() <= limits::kRecordBytesMax);
  const size_t units = UnitsFor(bytes.size());
  if (handle == 0) {
    handle = Allocate(ClassFor(units));
  } else if (const size_t present = UnitsOf(ClassOf(handle)); present < units) {
    Free(handle);
    handle = Allocate(ClassFor(units + RoomToGrow(units)));
  } else if (present > kRoomMin + 2 * units) {
    Free(handle);
    handle = Allocate(ClassFor(units));
  }
  char* const at = SetSize(handle, bytes.size());
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
}

char* ByteArena::Extend(Handle& handle, size_t more) {
  const size_t before = Get(handle).size();
  const size_t size = before + more;
  if (handle != 0 && UnitsFor(size) <= UnitsOf(ClassOf(handle)) && PrefixBytes(size) == PrefixBytes(before)) {
    return SetSize(handle, size) + before;
  }
  std::string longer(Get(handle));
  longer.resize(size);
  Set(handle, longer);
  return SetSize(handle, size) + before;
}

ByteArena::Handle ByteArena::Allocate(size_t size_class) {
  const Handle handle = TakeBlock(size_class);
  *At(handle) = static_cast<char>(size_class);
  return handle;
}

ByteArena::Handle ByteArena::TakeBlock(size_t size_class) {
  Handle& free = free_[size_class];
  if (free != 0) {
    const Handle handle = free;
    std::memcpy(&free, At(handle), sizeof free);
    return handle;
  }
  const size_t units = UnitsOf(size_class);
  if (chunks_.empty()) {
    AddChunk(kChunkUnits);
    used_ = 1;  // no block has the name 0
  }
  if (units > kChunkUnits) return static_cast<Handle>(AddChunk(units) * kChunkUnits);
  if (used_ + units > kChunkUnits) {
    open_ = AddChunk(kChunkUnits);
    used_ = 0;
  }
  const auto handle = static_cast<Handle>(open_ * kChunkUnits + used_);
  used_ += units;
  return handle;
}

size_t ByteArena::AddChunk(size_t units) {
  FENFEN_CHECK(chunks_.size() < std::numeric_limits<Handle>::max() / kChunkUnits);
  chunks_.push_back({std::unique_ptr<char[]>(new char[units * kUnitBytes]), units});
  return chunks_.size() - 1;
}

void ByteArena::Free(Handle handle) {
  const size_t size_class = ClassOf(handle);
  std::memcpy(At(handle), &free_[size_class], sizeof(Handle));
  free_[size_class] = handle;
}

}  // namespace fenfen
