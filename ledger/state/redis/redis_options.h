// Where a Redis is and how it is spoken to. Plain values; everything that waits or queues has its limit here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace fenfen {

// A TCP address, or a unix socket where `unix_path` is not empty.
struct RedisEndpoint {
  std::string host;
  uint16_t port = 6379;
  std::string unix_path;

  friend bool operator==(const RedisEndpoint&, const RedisEndpoint&) = default;
};
// "127.0.0.1:6379", "unix:/run/redis.sock".
std::string FormatEndpoint(const RedisEndpoint& endpoint);

// Paths of PEM files. The server's certificate must be signed by `ca_file` and be for `server_name`, a DNS name or an IP address.
struct RedisTls {
  std::string ca_file;
  std::string certificate_file;  // ours, if the server asks for one; with `key_file`
  std::string key_file;
  std::string server_name;  // empty: the endpoint's host
};

struct RedisOptions {
  RedisEndpoint endpoint;
  // Where there are some, `endpoint` is not used: they are asked, in turn, where the master called `master_name` is.
  std::vector<RedisEndpoint> sentinels;
  std::string master_name;
  std::string sentinel_user;      // of the sentinels' own ACL; empty for "default"
  std::string sentinel_password;  // empty: they ask for none
  // A Redis Cluster: some of its nodes, which tell of the others. Where there are some, `endpoint` and `sentinels` are not used. Empty: one
  // Redis.
  std::vector<RedisEndpoint> cluster;

  std::optional<RedisTls> tls;
  std::string user;  // of the ACL; empty for "default"
  std::string password;

  absl::Duration connect_timeout = absl::Seconds(2);  // connection, TLS and sign-in together
  absl::Duration command_timeout = absl::Seconds(2);  // from handing a command over to its reply
  // The wait before the next attempt doubles from the first to the last; a random half of it is left out, so that servers do not come
  // together.
  absl::Duration backoff_min = absl::Milliseconds(20);
  absl::Duration backoff_max = absl::Seconds(2);

  size_t in_flight_max = 4096;               // commands
  size_t in_flight_bytes_max = 64u << 20;    // of commands; a longer one goes alone
  size_t reply_bytes_max = size_t{1} << 30;  // of one reply
};

}  // namespace fenfen
