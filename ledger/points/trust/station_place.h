// Where a station is and when it is open, by its catalogue item. Pure; integers alone.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "fenfen/v1/catalogue.pb.h"

namespace fenfen {

// The way between two stations as the crow flies, metres, within a hundredth for ways inside a city; nullopt where a place is not known.
std::optional<int64_t> MetresBetween(const v1::Station& a, const v1::Station& b);

// How far an instant lies outside a station's windows, seconds; 0 within them, or where it has none. A day at most.
int64_t SecondsOutside(const v1::Station& station, absl::Time time, absl::TimeZone zone);

}  // namespace fenfen
