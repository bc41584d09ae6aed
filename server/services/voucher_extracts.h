// What the projections want to know of vouchers and stock holds, taken from their records. Pure; thread-safe.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "ledger/projections/captures.h"
#include "ledger/projections/reservations.h"

namespace fenfen::server {

std::optional<Captures::Captured> CapturedIn(absl::string_view voucher_record);
std::optional<Reservations::Voucher> WaitingVoucherIn(absl::string_view voucher_record);
std::optional<Reservations::Hold> WaitingHoldIn(absl::string_view hold_record);

}  // namespace fenfen::server
