// Lets the memory at an address come near while something else is done.
#pragma once

#include <cstddef>

namespace fenfen {

inline void PrefetchForRead(const void* address) { __builtin_prefetch(address, 0); }
inline void PrefetchForWrite(const void* address) { __builtin_prefetch(address, 1); }
// All of a thing that takes several cache lines.
template <typename T>
void PrefetchWhole(const T& thing) {
  constexpr size_t kLine = 64;
  for (size_t at = 0; at < sizeof(T); at += kLine) PrefetchForWrite(reinterpret_cast<const char*>(&thing) + at);
}

}  // namespace fenfen
