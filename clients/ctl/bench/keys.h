// KeySource: request keys as clients make them, UUIDv7 of the present millisecond, but cheaply: bare and ours both draw from one.
//
// Not thread-safe: one a thread, each with its own number, so that no two give the same key.
#pragma once

#include <cstdint>

#include "absl/time/clock.h"
#include "ledger/core/ids.h"
#include "ledger/core/request_key.h"

namespace fenfen::bench {

class KeySource {
 public:
  // `number`: below 2^16.
  explicit KeySource(uint64_t number) : number_(number) { Tick(); }

  // Takes the time anew; now and then, not for every key.
  void Tick() { Set(absl::Now()); }
  void Set(absl::Time time) { millis_ = static_cast<uint64_t>(absl::ToUnixMillis(time)); }
  // A key that was not given before.
  RequestKey Next() {
    const uint64_t mixed = MixBits(++count_);
    return {(millis_ << 16) | 0x7000 | (mixed & 0xfff), (uint64_t{2} << 62) | (number_ << 46) | (count_ & ((uint64_t{1} << 46) - 1))};
  }

 private:
  const uint64_t number_;
  uint64_t count_ = 0;
  uint64_t millis_ = 0;
};

}  // namespace fenfen::bench
