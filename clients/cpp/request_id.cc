#include "clients/cpp/request_id.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace fenfen::client {

namespace {

constexpr uint64_t kMillisMax = (uint64_t{1} << 48) - 1;

uint64_t BigEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes.substr(0, 8)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace

uint64_t SystemRandom() {
  uint64_t value = 0;
  // Without randomness two intents could share an id, so nothing may go on.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value) != 1) std::abort();
  return value;
}

std::string FormatUuid7(absl::Time time, uint64_t random_high, uint64_t random_low) {
  const int64_t signed_millis = std::max<int64_t>(absl::ToUnixMillis(time), 0);
  const uint64_t millis = std::min(static_cast<uint64_t>(signed_millis), kMillisMax);
  const uint64_t variant = (random_low & 0x3fff'ffff'ffff'ffff) | 0x8000'0000'0000'0000;
  return absl::StrFormat("%08x-%04x-7%03x-%04x-%012x", millis >> 16, millis & 0xffff, random_high & 0xfff, variant >> 48,
                         variant & 0xffff'ffff'ffff);
}

std::string DerivedUuid7(absl::Time time, absl::string_view digest) {
  return FormatUuid7(time, BigEndian(digest), digest.size() > 8 ? BigEndian(digest.substr(8)) : 0);
}

std::optional<absl::Time> Uuid7Time(absl::string_view text) {
  if (text.size() != 36) return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = absl::ascii_isdigit(text[i]) || (text[i] >= 'a' && text[i] <= 'f');
    if (hyphen ? text[i] != '-' : !hex) return std::nullopt;
  }
  if (text[14] != '7' || absl::string_view("89ab").find(text[19]) == absl::string_view::npos) return std::nullopt;
  const std::string hex = std::string(text.substr(0, 8)) + std::string(text.substr(9, 4));
  return absl::FromUnixMillis(static_cast<int64_t>(std::strtoull(hex.c_str(), nullptr, 16)));
}

std::string RequestIds::Next() const { return FormatUuid7(clock_(), random_(), random_()); }

}  // namespace fenfen::client
