#include "ledger/core/request_key.h"

#include <openssl/sha.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ledger/core/check.h"

namespace fenfen {
namespace {

constexpr size_t kUuidLength = 36;
// Hashed before what a derived key is about. On disk, do not change.
constexpr absl::string_view kDerivedLabel("fenfen-derived-key-v1\0", 22);

uint64_t BigEndian(const unsigned char* bytes) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = (value << 8) | bytes[i];
  return value;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<RequestKey> ParseUuidV7(absl::string_view text) {
  if (text.size() != kUuidLength) return std::nullopt;
  RequestKey key;
  int digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int digit = HexDigit(text[i]);
    if (digit < 0) return std::nullopt;
    uint64_t& half = digits < 16 ? key.high : key.low;
    half = (half << 4) | static_cast<uint64_t>(digit);
    ++digits;
  }
  const bool version_seven = ((key.high >> 12) & 0xf) == 7;
  const bool rfc_variant = (key.low >> 62) == 2;
  if (!version_seven || !rfc_variant) return std::nullopt;
  return key;
}

absl::Time TimeOfUuidV7(const RequestKey& key) { return absl::FromUnixMillis(static_cast<int64_t>(key.high >> 16)); }

RequestKey DerivedKey(absl::Time time, absl::string_view about) {
  const std::string hashed = absl::StrCat(kDerivedLabel, about);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(hashed.data()), hashed.size(), digest);
  constexpr int64_t kMillisMax = (int64_t{1} << 48) - 1;
  const auto millis = static_cast<uint64_t>(std::clamp<int64_t>(absl::ToUnixMillis(time), 0, kMillisMax));
  return {(millis << 16) | uint64_t{0x8000} | (BigEndian(digest) & 0xfff), (uint64_t{2} << 62) | (BigEndian(digest + 8) >> 2)};
}

RequestKey DerivedKey(const RequestKey& from, absl::string_view purpose) {
  FENFEN_CHECK(!IsDeviceEventKey(from));
  return DerivedKey(TimeOfUuidV7(from), absl::StrCat(FormatRequestKey(from), "/", purpose));
}

bool IsDerivedKey(const RequestKey& key) { return (key.low >> 62) == 2 && ((key.high >> 12) & 0xf) == 8; }

std::string FormatRequestKey(const RequestKey& key) {
  if (IsDeviceEventKey(key)) {
    return absl::StrCat("devices/", absl::Hex(key.high, absl::kZeroPad16), "/events/", key.low & ((uint64_t{1} << 62) - 1));
  }
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", key.high >> 32, (key.high >> 16) & 0xffff, key.high & 0xffff, key.low >> 48,
                         key.low & 0xffffffffffffu);
}

}  // namespace fenfen
