// The checker's own reading of households and vouchers (docs/formats/records.md), as far as it needs them. Written from the page, not from
// the engine's code, so that the two check each other.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace fenfen::ctl {

struct StoredHousehold {
  int64_t lots_sum = 0;  // hundredths of a point
  uint64_t last_voucher = 0;
};

struct StoredVoucher {
  uint64_t household = 0;
  uint64_t offer = 0;
  uint64_t merchant = 0;
  int64_t price = 0;  // hundredths of a point
  int64_t lots_sum = 0;
  bool captured = false;
};

// nullopt where the bytes do not have the form, lots are not in the order of their days, or one is not more than zero.
std::optional<StoredHousehold> ParseHousehold(absl::string_view bytes);
std::optional<StoredVoucher> ParseVoucher(absl::string_view bytes);

}  // namespace fenfen::ctl
