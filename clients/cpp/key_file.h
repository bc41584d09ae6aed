// Key files. A private key is only ever written with mode 0600 and refused when others can read it; a file that exists is never replaced,
// because a lost key cannot be made again.
//
// Thread-safe: no state.
#ifndef FENFEN_CLIENTS_CPP_KEY_FILE_H_
#define FENFEN_CLIENTS_CPP_KEY_FILE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct evp_pkey_st;

namespace fenfen::client {

// An Ed25519 key pair.
class Ed25519Key {
 public:
  // A new pair from the system's randomness.
  static absl::StatusOr<Ed25519Key> Generate();
  // From a PEM private key (PKCS #8). InvalidArgument if it is not an Ed25519 private key.
  static absl::StatusOr<Ed25519Key> FromPem(absl::string_view pem);
  // From a file that only its owner can read. NotFound, PermissionDenied (mode wider than 0600), InvalidArgument.
  static absl::StatusOr<Ed25519Key> FromPemFile(const std::string& path);

  // PKCS #8 PEM of the private key.
  std::string PrivatePem() const;
  // SubjectPublicKeyInfo PEM of the public key.
  std::string PublicPem() const;
  // The public key's 32 bytes.
  std::string PublicBytes() const;
  // The signature over a message, 64 bytes.
  std::string Sign(absl::string_view message) const;

 private:
  explicit Ed25519Key(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

// Whether a signature of 64 bytes holds over a message under a public key of 32 bytes.
bool VerifyEd25519(absl::string_view public_key, absl::string_view message, absl::string_view signature);

// A file's content, at most 1 MiB. With `secret`, a file that others can read is refused.
absl::StatusOr<std::string> ReadKeyFile(const std::string& path, bool secret);

// Writes a file that must not exist yet, mode 0600 if `secret` and 0644 otherwise, synced to disk. AlreadyExists if it does.
absl::Status WriteNewFile(const std::string& path, absl::string_view content, bool secret);

}  // namespace fenfen::client

#endif  // FENFEN_CLIENTS_CPP_KEY_FILE_H_
