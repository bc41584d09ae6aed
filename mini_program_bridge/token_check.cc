#include "mini_program_bridge/token_check.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/cpp/key_file.h"
#include "clients/cpp/token.h"
#include "mini_program_bridge/json_body.h"

namespace fenfen::bridge {
namespace {

constexpr std::size_t kTokenBytesMax = 4096;
constexpr std::size_t kKnownMax = 16384;

// One of the token's parts, as a JSON object; null where it is not one.
boost::json::value Decode(absl::string_view part) {
  std::string text;
  boost::json::value value;
  if (!absl::WebSafeBase64Unescape(part, &text) || ParseJsonBody(text, &value).has_value() || !value.is_object()) return nullptr;
  return value;
}

std::string Text(const boost::json::value& object, const char* name) {
  const boost::json::value* member = object.as_object().if_contains(name);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : "";
}

std::int64_t Number(const boost::json::value& object, const char* name) {
  const boost::json::value* member = object.as_object().if_contains(name);
  return member != nullptr && member->is_int64() ? member->get_int64() : 0;
}

}  // namespace

std::variant<Caller, Refusal> TokenCheck::Check(absl::string_view authorization, absl::Time now) {
  if (authorization.empty()) return Refuse(v1::REASON_TOKEN_MISSING);
  if (!absl::StartsWithIgnoreCase(authorization, "Bearer ") || authorization.size() > kTokenBytesMax)
    return Refuse(v1::REASON_TOKEN_INVALID);
  const absl::string_view token = authorization.substr(7);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto known = known_.find(token);
    if (known != known_.end() && known->second.expires > now) return known->second;
  }
  std::variant<Caller, Refusal> verdict = Verify(token, now);
  if (const Caller* caller = std::get_if<Caller>(&verdict)) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (known_.size() >= kKnownMax) known_.clear();
    known_[std::string(token)] = *caller;
  }
  return verdict;
}

std::variant<Caller, Refusal> TokenCheck::Verify(absl::string_view token, absl::Time now) const {
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  if (parts.size() != 3) return Refuse(v1::REASON_TOKEN_INVALID);
  const boost::json::value header = Decode(parts[0]);
  if (!header.is_object()) return Refuse(v1::REASON_TOKEN_INVALID);
  if (Text(header, "alg") != "EdDSA" || parts[2].empty()) return Refuse(v1::REASON_TOKEN_UNSIGNED);
  if (Text(header, "typ") != "at+jwt" || Text(header, "kid") != issuer_) return Refuse(v1::REASON_TOKEN_INVALID);
  std::string signature;
  const absl::string_view signed_part = token.substr(0, parts[0].size() + 1 + parts[1].size());
  if (!absl::WebSafeBase64Unescape(parts[2], &signature) || !client::VerifyEd25519(public_key_, signed_part, signature)) {
    return Refuse(v1::REASON_TOKEN_INVALID);
  }
  const boost::json::value claims = Decode(parts[1]);
  if (!claims.is_object() || Text(claims, "iss") != issuer_) return Refuse(v1::REASON_TOKEN_INVALID);
  if (Text(claims, "aud") != "fenfen") return Refuse(v1::REASON_TOKEN_WRONG_AUDIENCE);
  const std::int64_t issued = Number(claims, "iat"), expires = Number(claims, "exp");
  if (issued <= 0 || expires <= issued || expires - issued > absl::ToInt64Seconds(client::kTokenLifeMax))
    return Refuse(v1::REASON_TOKEN_INVALID);
  Caller caller = {Text(claims, "sub"), v1::ROLE_UNSPECIFIED, absl::FromUnixSeconds(expires)};
  if (caller.expires <= now) return Refuse(v1::REASON_TOKEN_EXPIRED);
  if (caller.subject.empty() || !v1::Role_Parse(absl::StrCat("ROLE_", Text(claims, "role")), &caller.role))
    return Refuse(v1::REASON_TOKEN_INVALID);
  return caller;
}

}  // namespace fenfen::bridge
