#include "server/auth/token.h"

#include <jansson.h>
#include <rhonabwy.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ledger/core/check.h"
#include "ledger/core/errors.h"
#include "ledger/core/limits.h"

namespace fenfen::server {
namespace {

constexpr size_t kTokenBytesMax = 4096;
constexpr size_t kSignatureBytes = 64;
constexpr absl::Duration kLifeMax = absl::Hours(24);
constexpr absl::string_view kAlgorithm = "EdDSA";
constexpr absl::string_view kType = "at+jwt";
constexpr absl::string_view kAudience = "fenfen";
constexpr absl::string_view kDevicePrefix = "devices/";
constexpr absl::string_view kMerchantPrefix = "merchants/";  // an operator that is a device at the till

using Json = std::unique_ptr<json_t, decltype(&json_decref)>;

absl::Status Invalid() { return Refuse(Reason::REASON_TOKEN_INVALID); }

// A JSON object; null for anything else. The same member twice is refused, since two readers could take different ones.
Json ParseObject(absl::string_view text) {
  Json json(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, nullptr), &json_decref);
  if (json != nullptr && !json_is_object(json.get())) json.reset();
  return json;
}

absl::string_view StringOf(const Json& object, const char* key) {
  const char* text = json_string_value(json_object_get(object.get(), key));
  return text == nullptr ? absl::string_view() : absl::string_view(text);
}

// Unpadded base64url, and only in the one form that encodes these bytes.
bool DecodePart(absl::string_view part, std::string& bytes) {
  return !part.empty() && absl::WebSafeBase64Unescape(part, &bytes) && absl::WebSafeBase64Escape(bytes) == part;
}

// The `kid` of a header that is exactly what it must be.
absl::StatusOr<std::string> CheckHeader(absl::string_view part) {
  std::string text;
  if (!DecodePart(part, text)) return Invalid();
  const Json header = ParseObject(text);
  if (header == nullptr) return Invalid();
  if (StringOf(header, "alg") != kAlgorithm) return Refuse(Reason::REASON_TOKEN_UNSIGNED);
  if (StringOf(header, "typ") != kType) return Invalid();
  // A header that brings its own key, its address or an extension (jwk, jku, x5u, crit) has no business here.
  const std::string kid(StringOf(header, "kid"));
  if (kid.empty() || json_object_size(header.get()) != 3) return Invalid();
  return kid;
}

// The payload that the signature covers; empty where it does not hold.
std::string VerifiedPayload(absl::string_view token, absl::string_view public_key) {
  jwk_t* jwk = nullptr;
  jws_t* jws = nullptr;
  std::string payload;
  const std::string key_json = absl::StrCat(R"({"kty":"OKP","crv":"Ed25519","x":")", absl::WebSafeBase64Escape(public_key), R"("})");
  const bool holds = r_jwk_init(&jwk) == RHN_OK && r_jws_init(&jws) == RHN_OK &&
                     r_jwk_import_from_json_str(jwk, key_json.c_str()) == RHN_OK &&
                     r_jws_advanced_compact_parsen(jws, token.data(), token.size(), R_PARSE_NONE, R_FLAG_IGNORE_REMOTE) == RHN_OK &&
                     r_jws_get_alg(jws) == R_JWA_ALG_EDDSA && r_jws_verify_signature(jws, jwk, R_FLAG_IGNORE_REMOTE) == RHN_OK;
  if (holds) {
    size_t size = 0;
    const unsigned char* bytes = r_jws_get_payload(jws, &size);
    payload.assign(reinterpret_cast<const char*>(bytes), size);
  }
  r_jws_free(jws);
  r_jwk_free(jwk);
  return payload;
}

absl::Status CheckTimes(const Json& claims, absl::Time now, Caller& caller) {
  const json_t* iat = json_object_get(claims.get(), "iat");
  const json_t* exp = json_object_get(claims.get(), "exp");
  if (!json_is_integer(iat) || !json_is_integer(exp)) return Invalid();
  const absl::Time issued = absl::FromUnixSeconds(json_integer_value(iat));
  caller.expires = absl::FromUnixSeconds(json_integer_value(exp));
  if (caller.expires <= issued || caller.expires - issued > kLifeMax || issued > now + limits::kClockAheadMax) return Invalid();
  if (caller.expires <= now) return Refuse(Reason::REASON_TOKEN_EXPIRED);
  return absl::OkStatus();
}

absl::StatusOr<Caller> CheckClaims(absl::string_view payload, absl::string_view kid, const std::vector<v1::Role>& roles, absl::Time now) {
  const Json claims = ParseObject(payload);
  if (claims == nullptr || StringOf(claims, "iss") != kid) return Invalid();
  if (StringOf(claims, "aud") != kAudience) return Refuse(Reason::REASON_TOKEN_WRONG_AUDIENCE);
  v1::Role role = v1::ROLE_UNSPECIFIED;
  if (!v1::Role_Parse(absl::StrCat("ROLE_", StringOf(claims, "role")), &role) ||
      std::find(roles.begin(), roles.end(), role) == roles.end()) {
    return Invalid();
  }
  std::optional<Caller> caller = ParseCaller(role, StringOf(claims, "sub"));
  // Who signs with a key of their own speaks for themselves alone.
  const bool own_key = role == v1::ROLE_DEVICE || absl::StartsWith(kid, kMerchantPrefix);
  if (!caller || (own_key && caller->subject != kid)) return Invalid();
  if (absl::Status status = CheckTimes(claims, now, *caller); !status.ok()) return status;
  return *std::move(caller);
}

}  // namespace

TokenVerifier::TokenVerifier(absl::flat_hash_map<std::string, Issuer> issuers) : issuers_(std::move(issuers)) {
  // The library's tables are filled once a process.
  static const bool ready = r_global_init() == RHN_OK;
  FENFEN_CHECK(ready);
}

absl::StatusOr<Caller> TokenVerifier::Verify(absl::string_view token, absl::Time now, DeviceKey device_key) const {
  if (token.size() > kTokenBytesMax) return Invalid();
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  if (parts.size() != 3) return Invalid();
  const absl::StatusOr<std::string> kid = CheckHeader(parts[0]);
  if (!kid.ok()) return kid.status();
  std::string signature;
  if (parts[2].empty()) return Refuse(Reason::REASON_TOKEN_UNSIGNED);
  if (!DecodePart(parts[2], signature) || signature.size() != kSignatureBytes) return Invalid();

  Issuer issuer;
  if (const auto found = issuers_.find(*kid); found != issuers_.end()) {
    issuer = found->second;
  } else if (const bool at_till = absl::StartsWith(*kid, kMerchantPrefix); at_till || absl::StartsWith(*kid, kDevicePrefix)) {
    issuer = {device_key(*kid), {at_till ? v1::ROLE_MERCHANT : v1::ROLE_DEVICE}};
    if (issuer.public_key.empty()) return Refuse(Reason::REASON_DEVICE_UNKNOWN);
  } else {
    return Invalid();
  }
  const std::string payload = VerifiedPayload(token, issuer.public_key);
  if (payload.empty()) return Invalid();
  absl::StatusOr<Caller> caller = CheckClaims(payload, *kid, issuer.roles, now);
  if (caller.ok() && issuers_.find(*kid) == issuers_.end()) caller->key = issuer.public_key;
  return caller;
}

}  // namespace fenfen::server
