// PackedList: strings and whole numbers as one flat MessagePack array (https://github.com/msgpack/msgpack/blob/master/spec.md), which the
// function library unpacks with cmsgpack: one argument of a call instead of thousands, each of which Redis would make an object of.
//
//   PackedList list;   list.Text("2/1/7").Number(-80);   std::move(list).Finish()
//
// Of the format's types just these two are written, each as short as it may be but for numbers between the shortest and the longest. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace fenfen {

class PackedList {
 public:
  PackedList() : bytes_(kHeadBytes, '\0') {}

  // Up to 2^32 − 1 bytes of any kind.
  PackedList& Text(absl::string_view text) {
    constexpr size_t kFixMax = 31, kShortMax = 0xffff;
    if (text.size() <= kFixMax) {
      Byte(0xa0 | text.size());
    } else if (text.size() <= kShortMax) {
      Byte(0xda);
      BigEndian(text.size(), 2);
    } else {
      Byte(0xdb);
      BigEndian(text.size(), 4);
    }
    bytes_.append(text.data(), text.size());
    ++items_;
    return *this;
  }
  // The library sees a double: exact up to 2^53 on either side.
  PackedList& Number(int64_t number) {
    constexpr int64_t kFixMax = 127, kUnsigned32Max = 0xffff'ffff;
    if (number >= 0 && number <= kFixMax) {
      Byte(static_cast<uint64_t>(number));
    } else if (number > 0 && number <= kUnsigned32Max) {
      Byte(0xce);
      BigEndian(static_cast<uint64_t>(number), 4);
    } else {
      Byte(0xd3);
      BigEndian(static_cast<uint64_t>(number), 8);
    }
    ++items_;
    return *this;
  }
  bool empty() const { return items_ == 0; }

  std::string Finish() && {
    bytes_[0] = static_cast<char>(0xdd);
    for (size_t i = 1; i < kHeadBytes; ++i) bytes_[i] = static_cast<char>(items_ >> (8 * (kHeadBytes - 1 - i)));
    return std::move(bytes_);
  }

 private:
  static constexpr size_t kHeadBytes = 5;

  void Byte(uint64_t byte) { bytes_.push_back(static_cast<char>(byte)); }
  void BigEndian(uint64_t number, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) Byte(number >> shift);
  }

  std::string bytes_;
  uint32_t items_ = 0;
};

}  // namespace fenfen
