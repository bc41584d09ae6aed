// RedisSocket: one non-blocking connection to an endpoint, TCP or unix, with TLS over it where asked for. It knows nothing of Redis.
//
// Not thread-safe. No call blocks but Open, which may have to look a host name up.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/state/redis/redis_options.h"

namespace fenfen {

class RedisSocket {
 public:
  // Begins to connect. INVALID_ARGUMENT, naming the file, where a TLS file cannot be used; UNAVAILABLE where nothing can be begun.
  static absl::StatusOr<std::unique_ptr<RedisSocket>> Open(const RedisEndpoint& endpoint, const RedisTls* tls);
  ~RedisSocket();
  RedisSocket(const RedisSocket&) = delete;
  RedisSocket& operator=(const RedisSocket&) = delete;

  int fd() const { return fd_; }
  // Goes on with connecting, once the socket is ready; true when connected. UNAVAILABLE or, where the other's certificate does not hold,
  // UNAUTHENTICATED.
  absl::StatusOr<bool> Connect();
  // How many bytes were read or written; 0 where that would block. UNAVAILABLE where the connection is lost or closed.
  absl::StatusOr<size_t> Read(char* buffer, size_t size);
  absl::StatusOr<size_t> Write(absl::string_view bytes);
  // True where the last call waits for the socket to become writable (TLS may want that for a read, too).
  bool wants_write() const { return wants_write_; }

 private:
  RedisSocket(int fd, RedisEndpoint endpoint) : fd_(fd), endpoint_(std::move(endpoint)) {}
  absl::Status BeginTls(const RedisTls& tls);
  absl::StatusOr<size_t> TlsResult(int result);
  absl::Status Lost(absl::string_view what) const;

  const int fd_;
  const RedisEndpoint endpoint_;
  bool connected_ = false;  // the socket itself
  bool wants_write_ = true;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
};

}  // namespace fenfen
