// Random numbers that are the same for the same seed on every machine: the engine is fixed by the C++ standard, the distributions, which
// are not, are ours. Not thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_RANDOM_H_
#define FENFEN_CLIENTS_CTL_DEMO_RANDOM_H_

#include <cmath>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace fenfen::ctl {

// A stream of random numbers.
class SeededRandom {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}

  // From 0 to below 1.
  double Unit() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  // From 0 to below `limit`, which is at least 1.
  int64_t Below(int64_t limit) { return static_cast<int64_t>(Unit() * static_cast<double>(limit)); }
  bool Chance(double probability) { return Unit() < probability; }
  // Log-normal with a median and the standard deviation of its logarithm (Box and Muller).
  double LogNormal(double median, double sigma) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - Unit()));
    return median * std::exp(sigma * radius * std::cos(2.0 * M_PI * Unit()));
  }
  // The index of a weight, as likely as the weight is large. Weights are not negative and not all zero.
  size_t Pick(absl::Span<const double> weights) {
    double sum = 0;
    for (const double weight : weights) sum += weight;
    double at = Unit() * sum;
    for (size_t i = 0; i + 1 < weights.size(); ++i) {
      if ((at -= weights[i]) < 0) return i;
    }
    return weights.size() - 1;
  }
  template <typename T>
  void Shuffle(std::vector<T>* items) {
    for (size_t i = items->size(); i > 1; --i) std::swap((*items)[i - 1], (*items)[static_cast<size_t>(Below(static_cast<int64_t>(i)))]);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_RANDOM_H_
