#include "clients/cpp/token.h"

#include <rhonabwy.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace fenfen::client {

namespace {

// Rhonabwy's tables are filled once a process; doing it twice at a time is not safe.
void PrepareRhonabwy() {
  static const bool ready = r_global_init() == RHN_OK;
  if (!ready) std::abort();
}

}  // namespace

absl::StatusOr<TokenSigner> TokenSigner::FromPemFile(const std::string& path, absl::string_view issuer) {
  absl::StatusOr<Ed25519Key> key = Ed25519Key::FromPemFile(path);
  if (!key.ok()) return key.status();
  return FromKey(*key, issuer);
}

absl::StatusOr<TokenSigner> TokenSigner::FromKey(const Ed25519Key& key, absl::string_view issuer) {
  if (issuer.empty()) return absl::InvalidArgumentError("a token's issuer must not be empty");
  PrepareRhonabwy();
  return TokenSigner(key.PrivatePem(), std::string(issuer));
}

std::string TokenSigner::Mint(absl::string_view subject, absl::string_view role, absl::Time now, absl::Duration ttl) const {
  const int64_t issued = absl::ToUnixSeconds(now);
  const int64_t life = absl::ToInt64Seconds(std::clamp(ttl, absl::Seconds(1), kTokenLifeMax));
  jwt_t* jwt = nullptr;
  bool ok = r_jwt_init(&jwt) == RHN_OK;
  absl::Cleanup free_jwt = [&jwt] { r_jwt_free(jwt); };
  const auto header = [&](const char* name, absl::string_view value) {
    ok = ok && r_jwt_set_header_str_value(jwt, name, std::string(value).c_str()) == RHN_OK;
  };
  const auto claim = [&](const char* name, absl::string_view value) {
    ok = ok && r_jwt_set_claim_str_value(jwt, name, std::string(value).c_str()) == RHN_OK;
  };
  header("typ", "at+jwt");
  header("kid", issuer_);
  claim("iss", issuer_);
  claim("aud", "fenfen");
  claim("sub", subject);
  claim("role", role);
  ok = ok && r_jwt_set_claim_int_value(jwt, "iat", issued) == RHN_OK;
  ok = ok && r_jwt_set_claim_int_value(jwt, "exp", issued + life) == RHN_OK;
  ok = ok && r_jwt_set_sign_alg(jwt, R_JWA_ALG_EDDSA) == RHN_OK;
  // The key is handed over with the call and not added to the JWT, since adding it would put its own thumbprint in as the kid.
  jwk_t* key = nullptr;
  ok = ok && r_jwk_init(&key) == RHN_OK;
  absl::Cleanup free_key = [&key] { r_jwk_free(key); };
  ok = ok && r_jwk_import_from_pem_der(key, R_X509_TYPE_PRIVKEY, R_FORMAT_PEM, reinterpret_cast<const unsigned char*>(private_pem_.data()),
                                       private_pem_.size()) == RHN_OK;
  char* text = ok ? r_jwt_serialize_signed(jwt, key, R_FLAG_IGNORE_REMOTE) : nullptr;
  // Every input was checked when the signer was made; what is left is exhausted memory.
  if (text == nullptr) std::abort();
  std::string token(text);
  r_free(text);
  return token;
}

TokenSource MintedTokens(TokenSigner signer, std::string subject, std::string role, absl::Duration ttl, Clock clock) {
  struct Shared {
    TokenSigner signer;
    std::string subject, role;
    absl::Duration ttl;
    Clock clock;
    std::mutex mutex;
    std::string token;       // guarded by mutex
    absl::Time renew_after;  // guarded by mutex
    Shared(TokenSigner s, std::string su, std::string r, absl::Duration t, Clock c)
        : signer(std::move(s)), subject(std::move(su)), role(std::move(r)), ttl(std::min(t, kTokenLifeMax)), clock(std::move(c)) {}
  };
  auto shared = std::make_shared<Shared>(std::move(signer), std::move(subject), std::move(role), ttl, std::move(clock));
  return [shared](bool renew) {
    const absl::Time now = shared->clock();
    std::lock_guard<std::mutex> lock(shared->mutex);
    if (renew || shared->token.empty() || now >= shared->renew_after) {
      shared->token = shared->signer.Mint(shared->subject, shared->role, now, shared->ttl);
      shared->renew_after = now + shared->ttl * 3 / 4;
    }
    return shared->token;
  };
}

}  // namespace fenfen::client
