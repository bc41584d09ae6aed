// Reading the files that hold keys. A secret that others on the machine can read is no secret: in production such a file is refused.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace fenfen::server {

// A file's text, at most 1 MiB. NOT_FOUND where it cannot be read.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

// FAILED_PRECONDITION where anyone but the owner can read the file.
absl::Status CheckOwnerOnly(const std::string& path);

// A 32-byte secret from a file of 64 hexadecimal digits. With `owner_only`, CheckOwnerOnly must hold. INVALID_ARGUMENT for another form.
absl::StatusOr<std::string> ReadSecret(const std::string& path, bool owner_only);

// The 32 bytes of an Ed25519 public key from a PEM file. INVALID_ARGUMENT for any other kind of key.
absl::StatusOr<std::string> ReadPublicKey(const std::string& path);

}  // namespace fenfen::server
