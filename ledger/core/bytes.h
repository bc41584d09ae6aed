// Reading and writing the stored forms: little-endian integers, LEB128 varints, zigzag for signed ones. A reader never runs past its
// bytes: after the first failure it stays failed and returns zeros, so a parser checks once, at its end.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"
#include "ledger/core/check.h"

namespace fenfen {

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  void U8(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void U64(uint64_t value) {
    char raw[8];
    std::memcpy(raw, &value, 8);
    out_.append(raw, 8);
  }
  void Varint(uint64_t value) {
    // Gathered first: a string grows faster by several bytes at once.
    char raw[10];
    size_t size = 0;
    while (value >= 0x80) {
      raw[size++] = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    raw[size++] = static_cast<char>(value);
    out_.append(raw, size);
  }
  void Zigzag(int64_t value) { Varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63)); }
  void Bytes(absl::string_view bytes) {
    Varint(bytes.size());
    out_.append(bytes.data(), bytes.size());
  }

 private:
  std::string& out_;
};

// As ByteWriter, where it is known beforehand how long the form is at most: nothing grows and nothing is checked on the way. For the few
// forms that are written with each drop.
class BoundedWriter {
 public:
  static constexpr size_t kVarintMax = 10;

  // Writes at most `bound` bytes there.
  BoundedWriter(char* begin, size_t bound) : bound_(bound), begin_(begin), at_(begin) {}
  // Makes `out` so long and writes there: what was just written byte by byte is not copied at once, which would wait for all of it. Cut
  // what is behind written() off.
  BoundedWriter(std::string& out, size_t bound) : BoundedWriter(Lengthened(out, bound), bound) {}
  BoundedWriter(const BoundedWriter&) = delete;
  BoundedWriter& operator=(const BoundedWriter&) = delete;

  void U8(uint8_t value) { *at_++ = static_cast<char>(value); }
  void U32(uint32_t value) { Raw(&value, sizeof value); }
  void U64(uint64_t value) { Raw(&value, sizeof value); }
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) *at_++ = static_cast<char>(value | 0x80);
    *at_++ = static_cast<char>(value);
  }
  void Zigzag(int64_t value) { Varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63)); }
  void Bytes(absl::string_view bytes) {
    Varint(bytes.size());
    Raw(bytes.data(), bytes.size());
  }
  void Raw(const void* bytes, size_t size) {
    if (size == 0) return;
    std::memcpy(at_, bytes, size);
    at_ += size;
  }
  // What was written.
  absl::string_view written() const {
    const auto size = static_cast<size_t>(at_ - begin_);
    FENFEN_CHECK(size <= bound_);
    return {begin_, size};
  }

 private:
  static char* Lengthened(std::string& out, size_t bound) {
    out.resize(bound);
    return out.data();
  }

  const size_t bound_;
  char* const begin_;
  char* at_;
};

class ByteReader {
 public:
  explicit ByteReader(absl::string_view bytes) : rest_(bytes) {}
  uint8_t U8() {
    if (rest_.empty()) return Fail();
    const uint8_t value = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  uint32_t U32() {
    if (rest_.size() < 4) return Fail();
    uint32_t value;
    std::memcpy(&value, rest_.data(), 4);
    rest_.remove_prefix(4);
    return value;
  }
  uint64_t U64() {
    if (rest_.size() < 8) return Fail();
    uint64_t value;
    std::memcpy(&value, rest_.data(), 8);
    rest_.remove_prefix(8);
    return value;
  }
  // Most are below 128: those cost a look at one byte, where they are asked for.
  uint64_t Varint() {
    if (rest_.empty() || static_cast<uint8_t>(rest_.front()) >= 0x80) return LongVarint();
    const uint8_t byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  int64_t Zigzag() {
    const uint64_t value = Varint();
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
  absl::string_view Bytes() {
    const uint64_t size = Varint();
    if (failed_ || size > rest_.size()) {
      Fail();
      return {};
    }
    const absl::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }
  // For a list's count: fails where fewer than one byte an item is left, so that a forged count cannot ask for memory.
  size_t Count() {
    const uint64_t count = Varint();
    return !failed_ && count <= rest_.size() ? static_cast<size_t>(count) : static_cast<size_t>(Fail());
  }
  // Marks the bytes as not of their form, for a parser that finds a value out of range.
  uint8_t Fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }
  // True if everything was read and nothing failed.
  bool Finished() const { return !failed_ && rest_.empty(); }
  bool failed() const { return failed_; }
  size_t left() const { return rest_.size(); }

 private:
  uint64_t LongVarint() {
    constexpr size_t kVarintMax = 10;
    const char* const begin = rest_.data();
    const size_t most = rest_.size() < kVarintMax ? rest_.size() : kVarintMax;
    uint64_t value = 0;
    for (size_t at = 0; at < most; ++at) {
      const auto byte = static_cast<uint8_t>(begin[at]);
      value |= static_cast<uint64_t>(byte & 0x7f) << (7 * at);
      if (byte >= 0x80) continue;
      // The tenth byte holds one bit, and the last byte of a longer form is not zero: one value, one encoding.
      if ((at == kVarintMax - 1 && byte > 1) || (at > 0 && byte == 0)) return Fail();
      rest_.remove_prefix(at + 1);
      return value;
    }
    return Fail();
  }

  absl::string_view rest_;
  bool failed_ = false;
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the stored forms are written as the machine holds them");

}  // namespace fenfen
