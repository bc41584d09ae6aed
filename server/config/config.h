// fenfend's configuration: a TOML file. Every key is listed in config.cc; one that is not there is an error that names it, so a misspelt
// key never passes for a default. Relative paths are relative to the file's folder.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fenfen/v1/options.pb.h"
#include "server/config/stores_config.h"

namespace fenfen::server {

struct TlsConfig {
  std::string certificate;  // PEM file; empty = no TLS
  std::string key;          // PEM file, readable by its owner alone
  std::string client_ca;    // PEM file; set = clients must show a certificate that it signed
};

// Who may sign tokens, and for which roles.
struct IssuerConfig {
  std::string name;        // the tokens' `iss` and `kid`
  std::string public_key;  // PEM file, Ed25519
  std::vector<v1::Role> roles;
};

struct LogConfig {
  std::string level = "info";  // debug, info, warn or error
  std::string file;            // empty = standard error
};

struct JournalConfig {
  std::string store = "files";        // or "postgres" ([postgres])
  int64_t uncompressed_segments = 2;  // the newest so many full ones, 64 MiB each; the older are compressed; 0 = none is
  int64_t retention_days = 0;  // how old all in a compressed segment is before it goes to archive_dir; 0 = none does; else 400 or more
  std::string archive_dir;     // empty = data_dir/archive; may lie in another file system
};

// Snapshots of the ledger's state, which save a start from replaying the whole journal.
struct SnapshotConfig {
  absl::Duration interval = absl::Minutes(10);  // how often one is written; 0 = none is
  int64_t transactions_min = 50'000;            // and only after so many transactions
};

// How much the server works on at a time; one more is refused with OVERLOADED (server/call/call_limit.h).
struct LimitsConfig {
  int64_t changes_max = 4096;  // unary calls that change something
  int64_t reads_max = 4096;    // unary calls that do not
  int64_t batches_max = 256;   // devices' batches
};

// What the server does by itself (server/jobs).
struct TimersConfig {
  bool enabled = true;                            // false: it runs none by itself, but an operator may
  absl::Duration lease = absl::Minutes(1);        // how long a server that is gone keeps a job from the others
  std::map<std::string, absl::Duration> periods;  // by the job's name, in place of its own
};

struct Config {
  std::string data_dir = "data";
  std::string listen = "127.0.0.1:0";
  std::string metrics_listen = "127.0.0.1:0";  // empty = off
  std::string ready_file = "fenfend.ready";    // written when serving, removed at the end; empty = none
  bool production = false;
  absl::TimeZone time_zone;
  TlsConfig tls;
  std::string codes_key = "codes.key";
  std::string lookups_key = "lookups.key";
  std::vector<IssuerConfig> issuers;
  JournalConfig journal;
  StoresConfig stores;
  SnapshotConfig snapshot;
  LimitsConfig limits;
  TimersConfig timers;
  LogConfig log;
};

// Reads a configuration from its text; `folder` is what relative paths are relative to. INVALID_ARGUMENT naming the key at fault.
absl::StatusOr<Config> ParseConfig(absl::string_view text, const std::string& folder);

// The same from a file. NOT_FOUND where it cannot be read.
absl::StatusOr<Config> LoadConfig(const std::string& path);

// True if an address "HOST:PORT" can be reached from this machine only.
bool IsLoopback(absl::string_view address);

}  // namespace fenfen::server
