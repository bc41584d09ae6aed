#include "clients/cpp/key_file.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fenfen::client {

namespace {

constexpr size_t kKeyFileBytesMax = 1 << 20;

using KeyPtr = std::shared_ptr<EVP_PKEY>;

KeyPtr Own(EVP_PKEY* key) { return KeyPtr(key, EVP_PKEY_free); }

std::string TakeText(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

}  // namespace

absl::StatusOr<Ed25519Key> Ed25519Key::Generate() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  if (key == nullptr) return absl::InternalError("OpenSSL cannot make an Ed25519 key");
  return Ed25519Key(Own(key));
}

absl::StatusOr<Ed25519Key> Ed25519Key::FromPem(absl::string_view pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  // No prompt for a passphrase: a program without a terminal would hang on it.
  pem_password_cb* const no_passphrase = [](char*, int, int, void*) { return -1; };
  KeyPtr key = Own(PEM_read_bio_PrivateKey(bio, nullptr, no_passphrase, nullptr));
  BIO_free(bio);
  if (key == nullptr || EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519) {
    return absl::InvalidArgumentError("not an Ed25519 private key in PEM (PKCS #8)");
  }
  return Ed25519Key(std::move(key));
}

absl::StatusOr<Ed25519Key> Ed25519Key::FromPemFile(const std::string& path) {
  absl::StatusOr<std::string> pem = ReadKeyFile(path, /*secret=*/true);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<Ed25519Key> key = FromPem(*pem);
  if (!key.ok()) return absl::Status(key.status().code(), absl::StrCat(path, ": ", key.status().message()));
  return key;
}

std::string Ed25519Key::PrivatePem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return TakeText(bio);
}

std::string Ed25519Key::PublicPem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(bio, key_.get());
  return TakeText(bio);
}

std::string Ed25519Key::PublicBytes() const {
  std::string bytes(32, '\0');
  size_t size = bytes.size();
  EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size);
  return bytes;
}

std::string Ed25519Key::Sign(absl::string_view message) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::string signature(64, '\0');
  size_t size = signature.size();
  const bool signed_it = EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_.get()) == 1 &&
                         EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                                        reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  EVP_MD_CTX_free(context);
  // Signing with a key that was loaded fails only when memory is gone.
  if (!signed_it) std::abort();
  return signature;
}

bool VerifyEd25519(absl::string_view public_key, absl::string_view message, absl::string_view signature) {
  if (public_key.size() != 32 || signature.size() != 64) return false;
  KeyPtr key = Own(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(public_key.data()), 32));
  if (key == nullptr) return false;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool holds = EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key.get()) == 1 &&
                     EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                                      reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  EVP_MD_CTX_free(context);
  return holds;
}

absl::StatusOr<std::string> ReadKeyFile(const std::string& path, bool secret) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, path);
  absl::Cleanup close_fd = [fd] { close(fd); };
  struct stat info;
  if (fstat(fd, &info) != 0) return absl::ErrnoToStatus(errno, path);
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, ": not a regular file"));
  if (secret && (info.st_mode & 077) != 0) {
    return absl::PermissionDeniedError(
        absl::StrFormat("%s: others can read this private key (mode %04o); run chmod 600 on it", path, info.st_mode & 07777));
  }
  if (info.st_size > static_cast<off_t>(kKeyFileBytesMax)) return absl::InvalidArgumentError(absl::StrCat(path, ": larger than 1 MiB"));
  std::string content(static_cast<size_t>(info.st_size), '\0');
  size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got = read(fd, content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, path);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  content.resize(filled);
  return content;
}

absl::Status WriteNewFile(const std::string& path, absl::string_view content, bool secret) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, secret ? 0600 : 0644);
  if (fd < 0) return absl::ErrnoToStatus(errno, path);
  while (!content.empty()) {
    const ssize_t put = write(fd, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) break;
    content.remove_prefix(static_cast<size_t>(put));
  }
  const bool kept = content.empty() && fsync(fd) == 0;
  const absl::Status error = absl::ErrnoToStatus(errno, path);
  close(fd);
  if (kept) return absl::OkStatus();
  unlink(path.c_str());
  return error;
}

}  // namespace fenfen::client
