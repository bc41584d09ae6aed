// Tokens: JWTs signed with Ed25519 (RFC 7519, RFC 8037), the only algorithm there is. Who checks them is the server.
//
//   auto signer = TokenSigner::FromPemFile("bridge.key.pem", "bridge");
//   std::string token = signer->Mint("households/1/members/1", "RESIDENT", absl::Now(), absl::Hours(2));
//
// Thread-safe: TokenSigner is immutable; the source of MintedTokens locks.
#ifndef FENFEN_CLIENTS_CPP_TOKEN_H_
#define FENFEN_CLIENTS_CPP_TOKEN_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/cpp/key_file.h"
#include "clients/cpp/request_id.h"

namespace fenfen::client {

// The longest life of a token that the server accepts.
inline constexpr absl::Duration kTokenLifeMax = absl::Hours(24);

// Mints tokens for one issuer.
class TokenSigner {
 public:
  // From a PEM Ed25519 private key that only its owner can read. Errors as Ed25519Key::FromPemFile; InvalidArgument for an empty issuer.
  static absl::StatusOr<TokenSigner> FromPemFile(const std::string& path, absl::string_view issuer);
  static absl::StatusOr<TokenSigner> FromKey(const Ed25519Key& key, absl::string_view issuer);

  // A token for `subject` acting as `role` ("RESIDENT", "STAFF", …), good from `now` for `ttl`, which is cut to kTokenLifeMax.
  std::string Mint(absl::string_view subject, absl::string_view role, absl::Time now, absl::Duration ttl) const;

  const std::string& issuer() const { return issuer_; }

 private:
  TokenSigner(std::string pem, std::string issuer) : private_pem_(std::move(pem)), issuer_(std::move(issuer)) {}
  std::string private_pem_;
  std::string issuer_;
};

// Gives the token of the next call; `renew` asks for a new one because the last was refused.
using TokenSource = std::function<std::string(bool renew)>;

// A source that mints for one subject and keeps the token until a quarter of its life is left.
TokenSource MintedTokens(TokenSigner signer, std::string subject, std::string role, absl::Duration ttl, Clock clock);

}  // namespace fenfen::client

#endif  // FENFEN_CLIENTS_CPP_TOKEN_H_
