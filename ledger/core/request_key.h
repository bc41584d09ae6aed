// Request keys: what makes an effect happen once. A key is 128 bits: a client's UUIDv7, a device and its event's number, or what the ledger
// derives for an effect that follows from another. The same key with the same fingerprint is a repetition and gets the same reply; with
// another fingerprint it is refused.
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

// The time within a UUIDv7 or a derived key, to the millisecond.
absl::Time TimeOfUuidV7(const RequestKey& key);

// The key of a device's event. It never equals a UUIDv7: its variant bits, the top two of `low`, are 11. `sequence` < 2^62.
constexpr RequestKey DeviceEventKey(CatalogueId device, uint64_t sequence) {
  return RequestKey{device.value(), (uint64_t{3} << 62) | sequence};
}
constexpr bool IsDeviceEventKey(const RequestKey& key) { return (key.low >> 62) == 3; }

// The key of an effect that follows from something else (docs/formats/transaction.md): a UUIDv8 with the time where a UUIDv7 has it, so the
// same window remembers it, and a hash of `about`. It never equals a client's key or a device's. Stable for ever.
//
//   DerivedKey(absl::FromCivil(today, zone), absl::StrCat("expiry/", household))     a job's effect on one day
//   DerivedKey(call.key(), "stock-take")                                             the second half of a request
//
// `time` is to the millisecond, and not ahead of the clock: a key far ahead would make the window forget everybody else's. Older than
// limits::kRequestKeyAgeMax it is refused as any other; so an effect that may come late takes its key from the day on which it is tried,
// and whether it has been made already is seen from its record, on this day or on any other. `about` names the effect and what it is about,
// differently for all that may have the same time and partition.
RequestKey DerivedKey(absl::Time time, absl::string_view about);
// The same with the time of `from`, a client's or a derived key, and `about` made of it and `purpose`. A device's key has no time.
RequestKey DerivedKey(const RequestKey& from, absl::string_view purpose);
bool IsDerivedKey(const RequestKey& key);

// A UUID's text, or "devices/{hash}/events/{sequence}".
std::string FormatRequestKey(const RequestKey& key);

}  // namespace fenfen
