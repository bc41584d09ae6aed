// Trace: what a run did, step by step, as one number: two runs of a seed have the same. With `verbose` each event is also a line on
// standard error. Events hold numbers alone, no addresses and no times of the machine. Not thread-safe.
//
//   trace.Event("drop", {household, grams});
#pragma once

#include <cstdint>
#include <cstdio>
#include <initializer_list>

#include "absl/strings/string_view.h"
#include "ledger/core/ids.h"

namespace fenfen::sim {

class Trace {
 public:
  explicit Trace(bool verbose) : verbose_(verbose) {}

  void BeginStep(uint64_t step) { step_ = step; }
  void Event(absl::string_view what, std::initializer_list<uint64_t> numbers) {
    hash_ = MixBits(hash_ ^ StableHash(what));
    for (const uint64_t number : numbers) hash_ = MixBits(hash_ ^ number);
    if (verbose_) Print(what, numbers);
  }
  uint64_t hash() const { return hash_; }

 private:
  void Print(absl::string_view what, std::initializer_list<uint64_t> numbers) const {
    std::fprintf(stderr, "%6llu %.*s", static_cast<unsigned long long>(step_), static_cast<int>(what.size()), what.data());
    for (const uint64_t number : numbers) std::fprintf(stderr, " %llu", static_cast<unsigned long long>(number));
    std::fputc('\n', stderr);
  }

  const bool verbose_;
  uint64_t step_ = 0;
  uint64_t hash_ = 0;
};

}  // namespace fenfen::sim
