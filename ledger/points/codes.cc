#include "ledger/points/codes.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"

namespace fenfen {
namespace {

constexpr absl::string_view kStationPrefix = "FS1";
constexpr absl::string_view kStationContext = "fenfen-station-code-v1";
constexpr absl::string_view kVoucherPrefix = "FV1.";
constexpr absl::string_view kVoucherContext = "fenfen-voucher-code-v1";
constexpr size_t kStationMacBytes = 10;
constexpr size_t kVoucherMacBytes = 5;
constexpr size_t kVoucherCodeBytes = 8 + kVoucherMacBytes;
constexpr size_t kVoucherCodeLength = 21;
constexpr size_t kCodeTextMax = 128;  // longer than any code; keeps the work on garbage small
constexpr absl::string_view kRfc4648 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr absl::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

using Mac = std::array<char, 32>;

Mac Hmac(absl::string_view key, absl::string_view message) {
  Mac mac;
  unsigned int size = 0;
  FENFEN_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
                    message.size(), reinterpret_cast<unsigned char*>(mac.data()), &size) != nullptr);
  FENFEN_CHECK(size == mac.size());
  return mac;
}

bool SameBytes(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string BigEndian(uint64_t value) {
  std::string bytes(8, '\0');
  for (int i = 7; i >= 0; --i, value >>= 8) bytes[static_cast<size_t>(i)] = static_cast<char>(value & 0xff);
  return bytes;
}

uint64_t FromBigEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes.substr(0, 8)) value = (value << 8) | static_cast<uint8_t>(byte);
  return value;
}

// Five bits a character, the first bits first; the last character's missing bits are zero.
std::string Base32(absl::string_view bytes, absl::string_view alphabet) {
  std::string text;
  uint32_t pending = 0;
  int bits = 0;
  for (const char byte : bytes) {
    pending = (pending << 8) | static_cast<uint8_t>(byte);
    for (bits += 8; bits >= 5; bits -= 5) text.push_back(alphabet[(pending >> (bits - 5)) & 31]);
  }
  if (bits > 0) text.push_back(alphabet[(pending << (5 - bits)) & 31]);
  return text;
}

std::string StationMac(absl::string_view key, absl::string_view station, uint64_t step) {
  const Mac secret = Hmac(key, absl::StrCat("station", std::string(1, '\0'), station));
  const Mac mac = Hmac(absl::string_view(secret.data(), secret.size()),
                       absl::StrCat(kStationContext, std::string(1, '\0'), station, std::string(1, '\0'), BigEndian(step)));
  return Base32(absl::string_view(mac.data(), kStationMacBytes), kRfc4648);
}

std::string VoucherMac(absl::string_view key, absl::string_view id) {
  const Mac mac = Hmac(key, absl::StrCat(kVoucherContext, std::string(1, '\0'), id));
  return std::string(mac.data(), kVoucherMacBytes);
}

// The value of a character as people type it; -1 for one that no code holds.
int CrockfordValue(char c) {
  c = absl::ascii_toupper(static_cast<unsigned char>(c));
  if (c == 'O') c = '0';
  if (c == 'I' || c == 'L') c = '1';
  const size_t at = kCrockford.find(c);
  return at == absl::string_view::npos ? -1 : static_cast<int>(at);
}

uint64_t LookupHash(absl::string_view key, absl::string_view kind, absl::string_view value) {
  const Mac mac = Hmac(key, absl::StrCat(kind, std::string(1, '\0'), value));
  const uint64_t hash = FromBigEndian(absl::string_view(mac.data(), 8));
  return hash == 0 ? 1 : hash;  // 0 stands for "none" in a record
}

}  // namespace

uint64_t StationStepAt(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  return seconds < 0 ? 0 : static_cast<uint64_t>(seconds / absl::ToInt64Seconds(kStationStep));
}

absl::Time StationStepBegin(uint64_t step) { return absl::UnixEpoch() + kStationStep * static_cast<int64_t>(step); }

std::string MakeStationCode(absl::string_view key, absl::string_view station, uint64_t step) {
  return absl::StrCat(kStationPrefix, ".", station, ".", step, ".", StationMac(key, station, step));
}

std::optional<StationCode> ReadStationCode(absl::string_view key, absl::string_view text) {
  if (text.size() > kCodeTextMax) return std::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  uint64_t step = 0;
  if (parts.size() != 4 || parts[0] != kStationPrefix || !absl::SimpleAtoi(parts[2], &step)) return std::nullopt;
  // One text a code: a step written otherwise ("+5", "05") is not ours.
  if (absl::StrCat(step) != parts[2] || step > (uint64_t{1} << 40)) return std::nullopt;
  if (!SameBytes(parts[3], StationMac(key, parts[1], step))) return std::nullopt;
  return StationCode{std::string(parts[1]), step};
}

absl::Status CheckStationStep(std::optional<uint64_t> step, absl::Time now) {
  if (!step) return absl::OkStatus();
  const uint64_t present = StationStepAt(now);
  if (*step + 1 >= present && *step <= present + 1) return absl::OkStatus();
  return Refuse(Reason::REASON_STATION_CODE_EXPIRED, {}, "station_code");
}

std::string MakeVoucherCode(absl::string_view key, VoucherId voucher) {
  const std::string id = BigEndian(voucher.value());
  const std::string text = Base32(absl::StrCat(id, VoucherMac(key, id)), kCrockford);
  FENFEN_CHECK(text.size() == kVoucherCodeLength);
  return absl::StrCat(text.substr(0, 5), "-", text.substr(5, 4), "-", text.substr(9, 4), "-", text.substr(13, 4), "-", text.substr(17));
}

std::optional<VoucherId> ReadVoucherCode(absl::string_view key, absl::string_view text) {
  if (text.size() > kCodeTextMax) return std::nullopt;
  std::string trimmed(absl::StripAsciiWhitespace(text));
  absl::string_view rest = trimmed;
  if (absl::StartsWithIgnoreCase(rest, kVoucherPrefix)) rest.remove_prefix(kVoucherPrefix.size());
  std::string bytes;
  uint32_t pending = 0;
  int bits = 0;
  size_t length = 0;
  for (const char c : rest) {
    if (c == '-' || c == ' ') continue;
    const int value = CrockfordValue(c);
    if (value < 0 || ++length > kVoucherCodeLength) return std::nullopt;
    pending = (pending << 5) | static_cast<uint32_t>(value);
    bits += 5;
    if (bits >= 8) {
      bytes.push_back(static_cast<char>((pending >> (bits - 8)) & 0xff));
      bits -= 8;
    }
  }
  const bool padding_is_zero = (pending & ((1u << bits) - 1)) == 0;
  if (length != kVoucherCodeLength || bytes.size() != kVoucherCodeBytes || !padding_is_zero) return std::nullopt;
  const absl::string_view all = bytes;
  if (!SameBytes(all.substr(8), VoucherMac(key, all.substr(0, 8)))) return std::nullopt;
  return VoucherId(FromBigEndian(all));
}

uint64_t HashCard(absl::string_view key, absl::string_view card) { return LookupHash(key, "card", card); }

uint64_t HashDoor(absl::string_view key, absl::string_view region, absl::string_view door) {
  return LookupHash(key, "door", absl::StrCat(region, std::string(1, '\0'), door));
}

uint64_t HashSubject(absl::string_view key, absl::string_view wechat_subject) { return LookupHash(key, "subject", wechat_subject); }

}  // namespace fenfen
