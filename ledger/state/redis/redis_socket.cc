#include "ledger/state/redis/redis_socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace fenfen {
namespace {

// The last OpenSSL error of this thread, in words.
std::string TlsDetail() {
  char text[256] = "unknown";
  if (const unsigned long error = ERR_get_error(); error != 0) ERR_error_string_n(error, text, sizeof text);
  ERR_clear_error();
  return text;
}

absl::Status BadFile(absl::string_view what, const std::string& path) {
  return absl::InvalidArgumentError(absl::StrCat("TLS to Redis: ", what, " ", path, " cannot be used: ", TlsDetail()));
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

absl::StatusOr<Address> AddressOf(const RedisEndpoint& endpoint) {
  Address address;
  if (!endpoint.unix_path.empty()) {
    auto* local = reinterpret_cast<sockaddr_un*>(&address.storage);
    if (endpoint.unix_path.size() >= sizeof local->sun_path) {
      return absl::InvalidArgumentError(absl::StrCat(FormatEndpoint(endpoint), ": the path of a unix socket is too long"));
    }
    local->sun_family = AF_UNIX;
    std::copy(endpoint.unix_path.begin(), endpoint.unix_path.end(), local->sun_path);
    address.size = sizeof(sockaddr_un);
    return address;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(endpoint.host.c_str(), absl::StrCat(endpoint.port).c_str(), &hints, &found); error != 0) {
    return absl::UnavailableError(absl::StrCat(FormatEndpoint(endpoint), ": ", gai_strerror(error)));
  }
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

}  // namespace

std::string FormatEndpoint(const RedisEndpoint& endpoint) {
  return endpoint.unix_path.empty() ? absl::StrCat(endpoint.host, ":", endpoint.port) : absl::StrCat("unix:", endpoint.unix_path);
}

absl::StatusOr<std::unique_ptr<RedisSocket>> RedisSocket::Open(const RedisEndpoint& endpoint, const RedisTls* tls) {
  const absl::StatusOr<Address> address = AddressOf(endpoint);
  if (!address.ok()) return address.status();
  const int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::UnavailableError(absl::StrCat("no socket: ", std::strerror(errno)));
  std::unique_ptr<RedisSocket> out(new RedisSocket(fd, endpoint));
  if (endpoint.unix_path.empty()) {
    const int on = 1;
    // Replies are waited for, so nothing may wait to be sent; and a peer that has gone must be found out while nothing is sent.
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  if (tls != nullptr) {
    if (absl::Status status = out->BeginTls(*tls); !status.ok()) return status;
  }
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address->storage), address->size) != 0 && errno != EINPROGRESS) {
    return out->Lost(std::strerror(errno));
  }
  return out;
}

RedisSocket::~RedisSocket() { close(fd_); }

absl::Status RedisSocket::BeginTls(const RedisTls& tls) {
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (context_ == nullptr) return absl::InternalError(absl::StrCat("TLS to Redis: ", TlsDetail()));
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_load_verify_locations(context_.get(), tls.ca_file.c_str(), nullptr) != 1) return BadFile("the CA file", tls.ca_file);
  if (!tls.certificate_file.empty()) {
    if (SSL_CTX_use_certificate_chain_file(context_.get(), tls.certificate_file.c_str()) != 1) {
      return BadFile("the certificate", tls.certificate_file);
    }
    if (SSL_CTX_use_PrivateKey_file(context_.get(), tls.key_file.c_str(), SSL_FILETYPE_PEM) != 1) return BadFile("the key", tls.key_file);
  }
  ssl_.reset(SSL_new(context_.get()));
  const std::string& name = tls.server_name.empty() ? endpoint_.host : tls.server_name;
  in6_addr ignored;
  const bool is_ip = inet_pton(AF_INET, name.c_str(), &ignored) == 1 || inet_pton(AF_INET6, name.c_str(), &ignored) == 1;
  const bool named = is_ip ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), name.c_str()) == 1
                           : SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) == 1 && SSL_set1_host(ssl_.get(), name.c_str()) == 1;
  if (name.empty() || !named) return absl::InvalidArgumentError("TLS to Redis: the server's name is missing or not a name");
  SSL_set_fd(ssl_.get(), fd_);
  SSL_set_connect_state(ssl_.get());
  return absl::OkStatus();
}

absl::StatusOr<bool> RedisSocket::Connect() {
  if (!connected_) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Lost(std::strerror(error));
    sockaddr_storage peer;
    socklen_t peer_size = sizeof peer;
    if (getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return false;
    connected_ = true;
    wants_write_ = false;
  }
  if (ssl_ == nullptr) return true;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    wants_write_ = false;
    return true;
  }
  if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK) {
    ERR_clear_error();
    return absl::UnauthenticatedError(
        absl::StrCat("TLS to Redis at ", FormatEndpoint(endpoint_), ": its certificate: ", X509_verify_cert_error_string(verdict)));
  }
  const absl::StatusOr<size_t> progress = TlsResult(result);
  if (!progress.ok()) return progress.status();
  return false;
}

absl::StatusOr<size_t> RedisSocket::TlsResult(int result) {
  const int error = errno;
  wants_write_ = false;
  if (result > 0) return static_cast<size_t>(result);
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return 0;
    case SSL_ERROR_WANT_WRITE:
      wants_write_ = true;
      return 0;
    case SSL_ERROR_ZERO_RETURN:
      return Lost("closed by Redis");
    case SSL_ERROR_SYSCALL:
      return Lost(error == 0 ? "closed by Redis" : std::strerror(error));
    default:
      return Lost(TlsDetail());
  }
}

absl::StatusOr<size_t> RedisSocket::Read(char* buffer, size_t size) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    return TlsResult(SSL_read(ssl_.get(), buffer, static_cast<int>(size)));
  }
  const ssize_t got = recv(fd_, buffer, size, 0);
  if (got > 0) return static_cast<size_t>(got);
  if (got == 0) return Lost("closed by Redis");
  if (errno == EAGAIN || errno == EINTR) return 0;
  return Lost(std::strerror(errno));
}

absl::StatusOr<size_t> RedisSocket::Write(absl::string_view bytes) {
  constexpr size_t kPiece = 1u << 20;
  const size_t size = std::min(bytes.size(), kPiece);
  if (ssl_ != nullptr) {
    ERR_clear_error();
    return TlsResult(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(size)));
  }
  const ssize_t put = send(fd_, bytes.data(), size, MSG_NOSIGNAL);
  wants_write_ = put < 0 && errno == EAGAIN;
  if (put >= 0) return static_cast<size_t>(put);
  if (errno == EAGAIN || errno == EINTR) return 0;
  return Lost(std::strerror(errno));
}

absl::Status RedisSocket::Lost(absl::string_view what) const {
  return absl::UnavailableError(absl::StrCat(FormatEndpoint(endpoint_), ": ", what));
}

}  // namespace fenfen
