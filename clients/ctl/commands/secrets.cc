#include "clients/ctl/commands/secrets.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "clients/cpp/key_file.h"

namespace fenfen::ctl {

absl::Status WriteNewKeyPair(const std::string& name) {
  const absl::StatusOr<client::Ed25519Key> key = client::Ed25519Key::Generate();
  if (!key.ok()) return key.status();
  const absl::Status written = client::WriteNewFile(absl::StrCat(name, ".key.pem"), key->PrivatePem(), /*secret=*/true);
  if (!written.ok()) return written;
  return client::WriteNewFile(absl::StrCat(name, ".pub.pem"), key->PublicPem(), /*secret=*/false);
}

absl::Status WriteNewSecret(const std::string& path) {
  std::string bytes(32, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), 32) != 1) return absl::InternalError("no randomness");
  return client::WriteNewFile(path, absl::StrCat(absl::BytesToHexString(bytes), "\n"), /*secret=*/true);
}

absl::StatusOr<std::string> ReadSecret(const std::string& path) {
  const absl::StatusOr<std::string> text = client::ReadKeyFile(path, /*secret=*/true);
  if (!text.ok()) return text.status();
  const absl::string_view digits = absl::StripAsciiWhitespace(*text);
  if (digits.size() != 64 || digits.find_first_not_of("0123456789abcdefABCDEF") != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(path, "：应为 64 位十六进制 / should hold 64 hexadecimal digits"));
  }
  return absl::HexStringToBytes(digits);
}

std::string WechatSubject(absl::string_view key, absl::string_view app_id, absl::string_view openid) {
  const std::string text = absl::StrCat("wechat", absl::string_view("\0", 1), app_id, absl::string_view("\0", 1), openid);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest,
       &size);
  return absl::WebSafeBase64Escape(absl::string_view(reinterpret_cast<const char*>(digest), 16));
}

}  // namespace fenfen::ctl
