// Page tokens: a position in one list, signed, so that a client can only hand back what it was given. "1f40.5be1c0d2a9e37c44". Pure
// functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace fenfen::server {

// The rows of a page where the caller names no number.
inline constexpr int kPageDefault = 50;

// `list` names the list, such as "households/7/entries"; `key` is a secret of the server's.
std::string MakePageToken(absl::string_view key, absl::string_view list, uint64_t position);
// nullopt where MakePageToken did not make it for this list.
std::optional<uint64_t> ReadPageToken(absl::string_view key, absl::string_view list, absl::string_view token);

}  // namespace fenfen::server
