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
  int64_t debt = 0;  // hundredths of a point
  uint64_t merged_into = 0;
};

// Where a voucher stands, as the page numbers it.
enum class StoredVoucherState : uint8_t { kReserved = 1, kCaptured = 2, kCancelled = 3, kExpired = 4, kRefunded = 5, kVoid = 6 };

struct StoredVoucher {
  uint64_t household = 0;
  uint64_t offer = 0;
  uint64_t merchant = 0;
  int64_t price = 0;  // hundredths of a point
  int64_t lots_sum = 0;
  StoredVoucherState state = StoredVoucherState::kReserved;
};

// nullopt where the bytes do not have the form, lots are not in the order of their days, or one is not more than zero.
std::optional<StoredHousehold> ParseHousehold(absl::string_view bytes);
std::optional<StoredVoucher> ParseVoucher(absl::string_view bytes);

}  // namespace fenfen::ctl
