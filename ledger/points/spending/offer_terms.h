// The terms of an offer at a moment: its price, whether it is on sale, and how many pieces a household may still have. Pure functions of
// the catalogue's offer, which offer_check.h has checked; thread-safe.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "fenfen/v1/catalogue.pb.h"
#include "ledger/core/points.h"
#include "ledger/points/records.h"

namespace fenfen {

// Uses of offers with limits that a household's record holds at the same time.
inline constexpr size_t kOfferUsesMax = 64;

// Whether pieces are counted.
inline bool HasStock(const v1::Offer& offer) { return offer.stock() > 0; }

// The most pieces of one reservation.
inline int64_t QuantityMax(const v1::Offer& offer) { return offer.quantity_max() == 0 ? 1 : offer.quantity_max(); }

// What a piece costs on a day, and the place in the list of prices that says so, from 1; 0 for the offer's own.
std::pair<Points, int64_t> PriceOn(const v1::Offer& offer, int32_t day);

// Within its days and its hours of the week; OFFER_NOT_ON_SALE says when.
absl::Status CheckOnSale(const v1::Offer& offer, absl::Time now, absl::TimeZone zone);

// Whether the household may have `quantity` more on `day`; OFFER_LIMIT_REACHED says of which period, and from when on again.
absl::Status CheckLimits(const v1::Offer& offer, const std::vector<OfferUse>& uses, int64_t quantity, int32_t day);

// Notes the use where the offer has limits, and drops what no limit of any offer can ask for any more. OFFER_LIMIT_REACHED where the record
// has no room.
absl::Status AddUse(const v1::Offer& offer, std::vector<OfferUse>& uses, int64_t quantity, int32_t day);
// Takes a use of a day back, as far as it is noted.
void TakeBackUse(std::vector<OfferUse>& uses, CatalogueId offer, int64_t quantity, int32_t day);

// The first day of the period that `day` lies in, and the first after it.
std::pair<int32_t, int32_t> PeriodAround(v1::OfferLimit::Period period, int32_t day);

// YYYY-MM-DD as a day's number. `text` is one, as the catalogue's check has it.
int32_t DayOfText(absl::string_view text);

}  // namespace fenfen
