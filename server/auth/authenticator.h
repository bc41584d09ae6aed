// Authenticator: from a call's `authorization` metadata to its caller. A token is verified once; what the catalogue says of its subject is
// asked anew on every call, so that revoking a device or changing a staff member's role takes effect at once. Thread-safe.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ledger/points/catalogue.h"
#include "server/access/caller.h"
#include "server/auth/token.h"
#include "server/auth/token_cache.h"

namespace fenfen::server {

class Authenticator {
 public:
  static constexpr size_t kTokensMax = 65'536;

  explicit Authenticator(TokenVerifier verifier) : verifier_(std::move(verifier)), cache_(kTokensMax) {}

  // `authorization`: "Bearer TOKEN", or empty where the call has none. TOKEN_* or DEVICE_UNKNOWN.
  absl::StatusOr<std::shared_ptr<const Caller>> Authenticate(absl::string_view authorization, const Catalogue& catalogue, absl::Time now);
  size_t cached() const { return cache_.size(); }

 private:
  const TokenVerifier verifier_;
  TokenCache cache_;
};

// Whether the catalogue still knows the caller as what the token says: DEVICE_UNKNOWN for a device that is gone, revoked or has another
// key; TOKEN_INVALID for staff or a merchant's operator who are gone or have another role. Residents are judged by their household's
// records.
absl::Status CheckStanding(const Caller& caller, const Catalogue& catalogue);

}  // namespace fenfen::server
