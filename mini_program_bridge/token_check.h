// Checks tokens that this bridge has minted itself. It decides who may draw a QR image and whose bucket a request is counted in; every
// call that goes on to the server is judged there, by the server's own rules.
//
// Pinned: EdDSA, typ at+jwt, kid = iss = our issuer, aud fenfen, exp in the future, exp − iat ≤ 24 h. Thread-safe.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_TOKEN_CHECK_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_TOKEN_CHECK_H_

#include <mutex>
#include <string>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fenfen/v1/options.pb.h"
#include "mini_program_bridge/refusal.h"

namespace fenfen::bridge {

// Whom a token speaks for.
struct Caller {
  std::string subject;
  v1::Role role = v1::ROLE_UNSPECIFIED;
  absl::Time expires;
};

class TokenCheck {
 public:
  // `public_key`: 32 bytes of Ed25519.
  TokenCheck(std::string issuer, std::string public_key) : issuer_(std::move(issuer)), public_key_(std::move(public_key)) {}

  // Reads an Authorization header. Refusals: TOKEN_MISSING, TOKEN_UNSIGNED, TOKEN_INVALID, TOKEN_WRONG_AUDIENCE, TOKEN_EXPIRED.
  std::variant<Caller, Refusal> Check(absl::string_view authorization, absl::Time now);

 private:
  std::variant<Caller, Refusal> Verify(absl::string_view token, absl::Time now) const;

  const std::string issuer_;
  const std::string public_key_;
  std::mutex mutex_;
  absl::flat_hash_map<std::string, Caller> known_;  // guarded by mutex_; tokens whose signature held, until they expire
};

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_TOKEN_CHECK_H_
