// Short ids: what rules, caps, materials, kinds of stations and the like are called: 1 to 32 small letters, digits, - and _.
#pragma once

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace fenfen {

inline constexpr size_t kShortIdMax = 32;

inline bool IsShortId(absl::string_view text) {
  const auto fits = [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' || c == '_'; };
  return !text.empty() && text.size() <= kShortIdMax && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace fenfen
