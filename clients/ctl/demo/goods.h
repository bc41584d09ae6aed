// What the demo district's merchants are called and offer. Data; thread-safe.
#ifndef FENFEN_CLIENTS_CTL_DEMO_GOODS_H_
#define FENFEN_CLIENTS_CTL_DEMO_GOODS_H_

#include <cstdint>

#include "absl/types/span.h"

namespace fenfen::ctl {

// Something to redeem points for, at the merchant of that position.
struct Good {
  const char* title_zh;
  const char* title_en;
  int64_t points;
  int merchant;
  bool fresh = false;       // good for a week
  int64_t stock = 0;        // pieces; 0 where they are not counted
  const char* limits = "";  // for each household, as the import has it
};

// Thirty goods, 50 to 2,000 points; the cheapest are the first merchants'.
absl::Span<const Good> Goods();

// Kinds of shops, forty.
absl::Span<const char* const> ShopKinds();

// First and second halves of estates' names.
absl::Span<const char* const> EstateFirstHalves();
absl::Span<const char* const> EstateSecondHalves();

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_DEMO_GOODS_H_
