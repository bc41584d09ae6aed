// Integers in a stored form at fixed places, little-endian; the callers know that the places are there.
#pragma once

#include <cstring>

#include "absl/strings/string_view.h"

namespace fenfen {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the stored forms are written as the machine holds them");

template <typename T>
void PutStored(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

template <typename T>
T GetStored(absl::string_view bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

}  // namespace fenfen
