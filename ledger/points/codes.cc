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
constexpr absl::string_view kInvitationPrefix = "FI1.";
constexpr absl::string_view kInvitationContext = "fenfen-invitation-code-v1";
constexpr absl::string_view kBagPrefix = "FB1.";
constexpr absl::string_view kBagContext = "fenfen-bag-tag-v1";
constexpr absl::string_view kScreenPrefix = "FW1.";
constexpr absl::string_view kScreenContext = "fenfen-voucher-screen-v1";
constexpr size_t kScreenStepBytes = 5;
constexpr size_t kScreenMacBytes = 7;
constexpr size_t kScreenCodeBytes = 8 + kScreenStepBytes + kScreenMacBytes;
constexpr size_t kScreenCodeLength = 32;
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

std::string OneTimeMac(absl::string_view key, absl::string_view context, absl::string_view id) {
  const Mac mac = Hmac(key, absl::StrCat(context, std::string(1, '\0'), id));
  return std::string(mac.data(), kVoucherMacBytes);
}

std::string ScreenMac(absl::string_view key, absl::string_view id_and_step) {
  const Mac mac = Hmac(key, absl::StrCat(kScreenContext, std::string(1, '\0'), id_and_step));
  return std::string(mac.data(), kScreenMacBytes);
}

// The value of a character as people type it; -1 for one that no code holds.
int CrockfordValue(char c) {
  c = absl::ascii_toupper(static_cast<unsigned char>(c));
  if (c == 'O') c = '0';
  if (c == 'I' || c == 'L') c = '1';
  const size_t at = kCrockford.find(c);
  return at == absl::string_view::npos ? -1 : static_cast<int>(at);
}

// The bytes of a code of `length` characters, with or without its prefix; nullopt for any other text.
std::optional<std::string> ReadCrockford(absl::string_view text, absl::string_view prefix, size_t length, size_t size) {
  if (text.size() > kCodeTextMax) return std::nullopt;
  absl::string_view rest = absl::StripAsciiWhitespace(text);
  if (absl::StartsWithIgnoreCase(rest, prefix)) rest.remove_prefix(prefix.size());
  std::string bytes;
  uint32_t pending = 0;
  int bits = 0;
  size_t read = 0;
  for (const char c : rest) {
    if (c == '-' || c == ' ') continue;
    const int value = CrockfordValue(c);
    if (value < 0 || ++read > length) return std::nullopt;
    pending = (pending << 5) | static_cast<uint32_t>(value);
    bits += 5;
    if (bits >= 8) {
      bytes.push_back(static_cast<char>((pending >> (bits - 8)) & 0xff));
      bits -= 8;
    }
  }
  const bool padding_is_zero = (pending & ((1u << bits) - 1)) == 0;
  if (read != length || bytes.size() != size || !padding_is_zero) return std::nullopt;
  return bytes;
}

uint64_t LookupHash(absl::string_view key, absl::string_view kind, absl::string_view value) {
  const Mac mac = Hmac(key, absl::StrCat(kind, std::string(1, '\0'), value));
  const uint64_t hash = FromBigEndian(absl::string_view(mac.data(), 8));
  return hash == 0 ? 1 : hash;  // 0 stands for "none" in a record
}

std::string MakeOneTimeCode(absl::string_view key, absl::string_view context, uint64_t number) {
  const std::string id = BigEndian(number);
  const std::string text = Base32(absl::StrCat(id, OneTimeMac(key, context, id)), kCrockford);
  FENFEN_CHECK(text.size() == kVoucherCodeLength);
  return absl::StrCat(text.substr(0, 5), "-", text.substr(5, 4), "-", text.substr(9, 4), "-", text.substr(13, 4), "-", text.substr(17));
}

std::optional<uint64_t> ReadOneTimeCode(absl::string_view key, absl::string_view context, absl::string_view prefix,
                                        absl::string_view text) {
  const std::optional<std::string> bytes = ReadCrockford(text, prefix, kVoucherCodeLength, kVoucherCodeBytes);
  if (!bytes) return std::nullopt;
  const absl::string_view all = *bytes;
  if (!SameBytes(all.substr(8), OneTimeMac(key, context, all.substr(0, 8)))) return std::nullopt;
  return FromBigEndian(all);
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

std::string MakeVoucherCode(absl::string_view key, VoucherId voucher) { return MakeOneTimeCode(key, kVoucherContext, voucher.value()); }

std::optional<VoucherId> ReadVoucherCode(absl::string_view key, absl::string_view text) {
  const std::optional<uint64_t> number = ReadOneTimeCode(key, kVoucherContext, kVoucherPrefix, text);
  return number ? std::optional(VoucherId(*number)) : std::nullopt;
}

uint64_t ScreenStepAt(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  return seconds < 0 ? 0 : static_cast<uint64_t>(seconds / absl::ToInt64Seconds(kScreenStep));
}

absl::Time ScreenStepBegin(uint64_t step) { return absl::UnixEpoch() + kScreenStep * static_cast<int64_t>(step); }

std::string MakeScreenCode(absl::string_view key, VoucherId voucher, uint64_t step) {
  const std::string bytes = absl::StrCat(BigEndian(voucher.value()), BigEndian(step).substr(8 - kScreenStepBytes));
  return absl::StrCat(kScreenPrefix, Base32(absl::StrCat(bytes, ScreenMac(key, bytes)), kCrockford));
}

std::optional<ScreenCode> ReadScreenCode(absl::string_view key, absl::string_view text) {
  const std::optional<std::string> bytes = ReadCrockford(text, kScreenPrefix, kScreenCodeLength, kScreenCodeBytes);
  if (!bytes) return std::nullopt;
  const absl::string_view all = *bytes;
  const absl::string_view named = all.substr(0, 8 + kScreenStepBytes);
  if (!SameBytes(all.substr(named.size()), ScreenMac(key, named))) return std::nullopt;
  uint64_t step = 0;
  for (const char byte : named.substr(8)) step = (step << 8) | static_cast<uint8_t>(byte);
  return ScreenCode{VoucherId(FromBigEndian(all)), step};
}

absl::Status CheckScreenStep(std::optional<uint64_t> step, absl::Time now) {
  if (!step) return absl::OkStatus();
  const uint64_t present = ScreenStepAt(now);
  if (*step + 1 >= present && *step <= present + 1) return absl::OkStatus();
  return Refuse(Reason::REASON_VOUCHER_CODE_EXPIRED, {}, "code");
}

std::string MakeInvitationCode(absl::string_view key, uint64_t invitation) { return MakeOneTimeCode(key, kInvitationContext, invitation); }

std::optional<uint64_t> ReadInvitationCode(absl::string_view key, absl::string_view text) {
  return ReadOneTimeCode(key, kInvitationContext, kInvitationPrefix, text);
}

std::string MakeBagTag(absl::string_view key, uint64_t bag) { return MakeOneTimeCode(key, kBagContext, bag); }

std::optional<uint64_t> ReadBagTag(absl::string_view key, absl::string_view text) {
  return ReadOneTimeCode(key, kBagContext, kBagPrefix, text);
}

uint64_t HashCard(absl::string_view key, absl::string_view card) { return LookupHash(key, "card", card); }

uint64_t HashDoor(absl::string_view key, absl::string_view region, absl::string_view door) {
  return LookupHash(key, "door", absl::StrCat(region, std::string(1, '\0'), door));
}

uint64_t HashSubject(absl::string_view key, absl::string_view wechat_subject) { return LookupHash(key, "subject", wechat_subject); }

}  // namespace fenfen
