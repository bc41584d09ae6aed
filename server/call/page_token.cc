#include "server/call/page_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fenfen::server {
namespace {

constexpr size_t kMacBytes = 8;

}  // namespace

std::string MakePageToken(absl::string_view key, absl::string_view list, uint64_t position) {
  const std::string place = absl::StrCat(absl::Hex(position));
  const std::string message = absl::StrCat("fenfen-page-v1", std::string(1, '\0'), list, std::string(1, '\0'), place);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()), message.size(), mac,
       &size);
  return absl::StrCat(place, ".", absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(mac), kMacBytes)));
}

std::optional<uint64_t> ReadPageToken(absl::string_view key, absl::string_view list, absl::string_view token) {
  uint64_t position = 0;
  if (!absl::SimpleHexAtoi(token.substr(0, token.find('.')), &position)) return std::nullopt;
  const std::string expected = MakePageToken(key, list, position);
  if (expected.size() != token.size() || CRYPTO_memcmp(expected.data(), token.data(), token.size()) != 0) return std::nullopt;
  return position;
}

}  // namespace fenfen::server
