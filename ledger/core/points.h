// Points: an amount of one asset in hundredths of a point, signed. All arithmetic is checked: an amount beyond ±(2^53 − 1), the range
// in which a JSON number is exact, is never made.
//
//   std::optional<Points> sum = Add(Points(150), Points(50));  // 2.00 points, or nullopt on overflow
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace fenfen {

// What an amount is made of. On disk, do not renumber.
enum class Asset : uint8_t {
  kReward = 1,  // 兑换积分, spendable
  kCivic = 2,   // 文明积分, never spent
};

class Points {
 public:
  static constexpr int64_t kMax = (int64_t{1} << 53) - 1;

  constexpr Points() = default;
  // `hundredths` must lie within ±kMax; use `Make` for values from outside.
  constexpr explicit Points(int64_t hundredths) : hundredths_(hundredths) {}
  static constexpr std::optional<Points> Make(int64_t hundredths) {
    if (hundredths > kMax || hundredths < -kMax) return std::nullopt;
    return Points(hundredths);
  }

  constexpr int64_t hundredths() const { return hundredths_; }
  constexpr Points operator-() const { return Points(-hundredths_); }
  friend constexpr auto operator<=>(Points, Points) = default;

 private:
  int64_t hundredths_ = 0;
};

// The sum, or nullopt beyond the range.
constexpr std::optional<Points> Add(Points a, Points b) { return Points::Make(a.hundredths() + b.hundredths()); }

// `per_unit` × `units` ÷ `divisor`, rounded towards zero to a hundredth of a point; nullopt beyond the range. `divisor` > 0.
constexpr std::optional<Points> MultiplyDown(Points per_unit, int64_t units, int64_t divisor) {
  const __int128 exact = static_cast<__int128>(per_unit.hundredths()) * units / divisor;
  if (exact > Points::kMax || exact < -Points::kMax) return std::nullopt;
  return Points(static_cast<int64_t>(exact));
}

// For people, without zeros that say nothing: "1.5", "-0.05", "3".
std::string FormatPoints(Points points);

}  // namespace fenfen
