// Keys and secrets as files, and what is derived from them for import files.
//
// Thread-safe: no state.
#ifndef FENFEN_CLIENTS_CTL_COMMANDS_SECRETS_H_
#define FENFEN_CLIENTS_CTL_COMMANDS_SECRETS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fenfen::ctl {

// Makes `NAME.key.pem` (0600) and `NAME.pub.pem`. AlreadyExists if either is there.
absl::Status WriteNewKeyPair(const std::string& name);

// Makes a file of 64 random hexadecimal digits, 0600. AlreadyExists if it is there.
absl::Status WriteNewSecret(const std::string& path);

// The 32 bytes of such a file. InvalidArgument if it is not 64 hexadecimal digits.
absl::StatusOr<std::string> ReadSecret(const std::string& path);

// The keyed hash by which a person of WeChat is known (docs/formats/subject.md): base64url without padding of the first 16 bytes of
// HMAC-SHA256(key, "wechat" 0x00 appid 0x00 openid).
std::string WechatSubject(absl::string_view key, absl::string_view app_id, absl::string_view openid);

}  // namespace fenfen::ctl

#endif  // FENFEN_CLIENTS_CTL_COMMANDS_SECRETS_H_
