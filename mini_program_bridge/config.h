// The bridge's configuration, from TOML. Every key is known and checked; README.md lists them with their defaults.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_CONFIG_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mini_program_bridge/http_client.h"
#include "mini_program_bridge/http_server.h"

namespace fenfen::bridge {

struct Config {
  std::string listen = "127.0.0.1:0";
  std::string metrics_listen;             // empty: off
  std::string ready_file;                 // empty: none
  std::string server = "127.0.0.1:7000";  // where there is one; empty with `targets`
  std::vector<std::string> targets;       // never empty: `server` alone, or several over one store
  bool affinity = true;                   // calls for one household prefer one server
  std::string server_ca;                  // empty: plaintext
  std::string static_dir;                 // empty: no pages
  std::string subject_key = "subject.key";
  bool production = false;
  int threads = 2;
  absl::Duration deadline = absl::Seconds(10);

  std::string session_issuer = "bridge";
  std::string session_key = "bridge.key.pem";
  absl::Duration session_ttl = absl::Hours(2);

  HttpOrigin wechat_api;
  std::string wechat_ca;  // empty: the system's authorities
  std::string wechat_app_id;
  std::string wechat_secret_file;
  bool wechat_sandbox = false;
  absl::Duration wechat_deadline = absl::Seconds(5);

  std::string log_level = "info";
  std::string log_file;  // empty: stderr

  HttpLimits limits;
  // A caller's requests a second, and at once; 0 turns the limit off.
  double rate_per_second = 50;
  double rate_burst = 100;
  // Take the last address of X-Forwarded-For for the client's: only behind a proxy that sets it.
  bool trust_forwarded_for = false;
  // What public reads may hold in memory.
  std::size_t cache_bytes = 16 << 20;
};

// Reads a file; relative paths in it are relative to its folder. Errors: NotFound; InvalidArgument naming the key and what is wrong,
// also for what production forbids: the sandbox, a WeChat host on loopback or without TLS, a server elsewhere without TLS.
absl::StatusOr<Config> LoadConfig(const std::string& path);

// The same, from text, with paths relative to `folder`.
absl::StatusOr<Config> ParseConfig(const std::string& text, const std::string& folder);

// A file of 64 hexadecimal digits as 32 bytes. With `strict`, or for a key that only we read, others must not be able to read it.
absl::StatusOr<std::string> ReadHexKey(const std::string& path, bool strict);

// A secret's text, without the line's end.
absl::StatusOr<std::string> ReadSecret(const std::string& path, bool strict);

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_CONFIG_H_
