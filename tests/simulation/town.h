// The names of the simulated town.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fenfen::sim {

inline constexpr int kOffers = 3;

inline std::string Name(absl::string_view collection, uint64_t number) { return absl::StrCat(collection, "/", number); }
inline std::string Estate(uint64_t number) { return absl::StrCat("regions/estate-", number); }

}  // namespace fenfen::sim
