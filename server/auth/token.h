// Tokens (docs/formats/token.md): checked here, minted elsewhere. The algorithm is pinned to EdDSA with Ed25519, the key is chosen by `kid`
// among those that the server knows, and nothing else in a token's header is believed: a header that holds anything more is refused.
//
// Check order: form, algorithm, type, issuer, signature, then the claims: iss, aud, role, sub, times. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fenfen/v1/options.pb.h"
#include "server/access/caller.h"

namespace fenfen::server {

// Who may sign for which roles.
struct Issuer {
  std::string public_key;  // Ed25519, 32 bytes
  std::vector<v1::Role> roles;
};

class TokenVerifier {
 public:
  // The public key of a device that is enrolled and trusted, at a station or as a merchant's operator, by its name; empty for any other.
  using DeviceKey = absl::FunctionRef<std::string(absl::string_view device)>;

  explicit TokenVerifier(absl::flat_hash_map<std::string, Issuer> issuers);

  // Who the token stands for. TOKEN_UNSIGNED, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_WRONG_AUDIENCE or DEVICE_UNKNOWN.
  absl::StatusOr<Caller> Verify(absl::string_view token, absl::Time now, DeviceKey device_key) const;

 private:
  const absl::flat_hash_map<std::string, Issuer> issuers_;
};

}  // namespace fenfen::server
