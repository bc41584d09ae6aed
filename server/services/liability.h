// The outstanding liability (ledger/points/budget/liability.h), counted from the records when somebody asks, so that it is right after a
// restart and over any store.
//
// Each partition is looked at in one consistent view, one after another; a transfer between two of them meanwhile would show as a
// difference, so what does not tie out is counted anew, twice at most. Holds 8 bytes for each household and open voucher while it counts.
// Blocking; thread-safe.
#pragma once

#include "absl/status/statusor.h"
#include "ledger/points/budget/liability.h"
#include "server/services/backend.h"

namespace fenfen::server {

// Of the whole ledger. The engine's errors.
absl::StatusOr<Liability> CountLiability(Backend& backend, const Catalogue& catalogue);

}  // namespace fenfen::server
