// Random: where a run takes every choice from, so that a seed is the whole run. SplitMix64 (Steele, Lea, Flood 2014). Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "ledger/core/ids.h"

namespace fenfen::sim {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(MixBits(seed)) {}

  uint64_t Next() { return MixBits(state_++); }
  // 0 to n − 1; n > 0.
  uint64_t Below(uint64_t n) { return Next() % n; }
  // Both ends within.
  int64_t Between(int64_t low, int64_t high) { return low + static_cast<int64_t>(Below(static_cast<uint64_t>(high - low) + 1)); }
  // True once in n times on average; never for n = 0.
  bool OneIn(uint64_t n) { return n != 0 && Below(n) == 0; }
  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(from.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace fenfen::sim
