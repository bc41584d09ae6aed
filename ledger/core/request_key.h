// Request keys: what makes an effect happen once. A key is 128 bits: a client's UUIDv7, or a device and its event's number. The same key
// with the same fingerprint is a repetition and gets the same reply; with another fingerprint it is refused.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ledger/core/ids.h"

namespace fenfen {

struct RequestKey {
  uint64_t high = 0;
  uint64_t low = 0;

  friend constexpr auto operator<=>(const RequestKey&, const RequestKey&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const RequestKey& key) {
    return H::combine(std::move(state), key.high, key.low);
  }
};

// Parses "018f3c1e-7b2a-7c3d-9e4f-0123456789ab" (RFC 9562, version 7, variant 10); nullopt for anything else.
std::optional<RequestKey> ParseUuidV7(absl::string_view text);

// The time within a UUIDv7 key, to the millisecond.
absl::Time TimeOfUuidV7(const RequestKey& key);

// The key of a device's event. It never equals a UUIDv7: its variant bits, the top two of `low`, are 11. `sequence` < 2^62.
constexpr RequestKey DeviceEventKey(CatalogueId device, uint64_t sequence) {
  return RequestKey{device.value(), (uint64_t{3} << 62) | sequence};
}
constexpr bool IsDeviceEventKey(const RequestKey& key) { return (key.low >> 62) == 3; }

// A UUID's text, or "devices/{hash}/events/{sequence}".
std::string FormatRequestKey(const RequestKey& key);

}  // namespace fenfen
