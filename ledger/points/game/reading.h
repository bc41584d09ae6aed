// What the projections of the game read in stored forms that are this folder's to know: the region of a household, and what a drop was.
// Read for every drop, so no more than is asked for is decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/string_view.h"
#include "ledger/core/ids.h"
#include "ledger/core/transaction.h"

namespace fenfen {

// nullopt where the bytes are no household's record.
std::optional<CatalogueId> RegionInHousehold(absl::string_view record);

// The category of a drop that a rule pays for, whether or not the day's caps left it anything, and its grams, 0 where it was not weighed;
// of a release those of the drop. nullopt for any other.
//
// It does not go by what the entry gave: which of a day's drops the caps cut depends on the order in which they arrive, and what boards
// count must not.
std::optional<std::pair<uint8_t, int64_t>> CountedDrop(TransactionKind kind, absl::string_view why);

// What an inspector found out about a drop, by the why of its release or rejection: true where it was as it was said to be, false where it
// was sorted wrongly. nullopt where nobody looked, or what was found says nothing about the sorting (recorded twice, a wrong clock).
std::optional<bool> SortedRightly(TransactionKind kind, absl::string_view why);

// Whether a reversal with this why takes back a drop or a release, and not an award or an adjustment, which boards never counted.
bool ReversesDrop(absl::string_view why);

}  // namespace fenfen
