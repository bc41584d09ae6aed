// Authenticator: from a call's `authorization` metadata to its caller. A token is verified once; what the catalogue and the directory say
// of its subject is asked anew on every call, so that revoking a device, changing a staff member's role or leaving a household takes effect
// at once. Thread-safe.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ledger/points/catalogue.h"
#include "ledger/projections/directory.h"
#include "server/access/caller.h"
#include "server/auth/token.h"
#include "server/auth/token_cache.h"

namespace fenfen::server {

class Authenticator {
 public:
  static constexpr size_t kTokensMax = 65'536;

  // `directory` outlives it.
  Authenticator(TokenVerifier verifier, const Directory& directory)
      : verifier_(std::move(verifier)), directory_(directory), cache_(kTokensMax) {}

  // `authorization`: "Bearer TOKEN", or empty where the call has none. TOKEN_* or DEVICE_UNKNOWN.
  absl::StatusOr<std::shared_ptr<const Caller>> Authenticate(absl::string_view authorization, const Catalogue& catalogue, absl::Time now);
  // Whether the caller still is what the token says: DEVICE_UNKNOWN for a device that is gone, revoked or has another key; TOKEN_INVALID
  // for staff or a merchant's operator who are gone or have another role, and for a resident who left the household.
  absl::Status CheckStanding(const Caller& caller, const Catalogue& catalogue) const;
  size_t cached() const { return cache_.size(); }

 private:
  const TokenVerifier verifier_;
  const Directory& directory_;
  TokenCache cache_;
};

}  // namespace fenfen::server
